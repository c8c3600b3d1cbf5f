/// The pages of one column of one row group, one at a time.
struct PageReader {
    /// A page of values.
    struct Page {
        let valueCount: Int
        let encoding: Int
        /// How levels are written in a page of the first version.
        let repetitionEncoding: Int
        let definitionEncoding: Int
        /// The content, with the levels before the values.
        let bytes: [UInt8]
        /// Of the second version: the bytes of the repetition and the definition levels.
        let levelBytes: (repetition: Int, definition: Int)?
    }

    /// Pages beyond this are refused. Writers aim at a mebibyte, and may hold a thousand values whatever their size.
    static let maximumPageBytes = 512 << 20
    /// Writers give dictionaries up beyond a mebibyte.
    private static let maximumDictionaryCount = 1 << 22
    /// A page's header may hold the smallest and the largest value.
    private static let maximumHeaderBytes = 16 << 20

    private let file: InputFile
    private let chunk: ParquetMetadata.Chunk
    private let leaf: ParquetLeaf
    private let codec: ParquetCompression
    private var offset: Int
    private let end: Int
    /// The bytes by which the last page may go beyond the end: parquet-mr before 1.2.9 did not count a dictionary's header.
    private let uncounted: Int
    private(set) var dictionary: [ParquetValue]?

    init(file: InputFile, chunk: ParquetMetadata.Chunk, leaf: ParquetLeaf) throws(ParquetFault) {
        guard !chunk.isElsewhere else { throw ParquetFault("has its values in another file", kind: .unsupported) }
        self.file = file
        self.chunk = chunk
        self.leaf = leaf
        codec = try ParquetCompression(number: chunk.codec)
        // Some old writers give 0 for no dictionary.
        let first = chunk.dictionaryOffset.flatMap { $0 > 0 ? min($0, chunk.dataOffset) : nil } ?? chunk.dataOffset
        guard first >= 4, chunk.compressedSize >= 0, first <= file.size, chunk.compressedSize <= file.size - first
        else {
            throw ParquetFault("points past the end of the file")
        }
        offset = first
        end = first + chunk.compressedSize
        uncounted = min(100, file.size - end)
    }

    /// The next page of values; nil behind the last one.
    mutating func next() throws(ParquetFault) -> Page? {
        while offset < end {
            let header = try header()
            let body = try body(header)
            guard let type = ParquetFormat.PageType(rawValue: header.type), type != .index else { continue }
            guard header.valueCount >= 0 else { throw ParquetFault("has a page without a number of values") }
            switch type {
            case .index: continue
            case .dictionary: try takeDictionary(header, body)
            case .data:
                return Page(
                    valueCount: header.valueCount, encoding: header.encoding,
                    repetitionEncoding: header.repetitionEncoding, definitionEncoding: header.definitionEncoding,
                    bytes: try codec.decompress(body[...], count: header.uncompressedSize), levelBytes: nil)
            case .data2:
                let (repetition, definition) = (header.repetitionBytes, header.definitionBytes)
                guard repetition >= 0, definition >= 0, repetition <= body.count,
                    definition <= body.count - repetition, repetition + definition <= header.uncompressedSize
                else { throw ParquetFault("has a page whose levels are longer than the page") }
                let levels = repetition + definition
                let count = header.uncompressedSize - levels
                let values =
                    header.isCompressed
                    ? try codec.decompress(body[levels...], count: count)
                    : try ParquetCompression.none.decompress(body[levels...], count: count)
                return Page(
                    valueCount: header.valueCount, encoding: header.encoding,
                    repetitionEncoding: ParquetFormat.Encoding.rle.rawValue,
                    definitionEncoding: ParquetFormat.Encoding.rle.rawValue, bytes: Array(body[..<levels]) + values,
                    levelBytes: (repetition, definition))
            }
        }
        return nil
    }

    /// Passes over pages of values that hold no more than `most` together, without unpacking them.
    ///
    /// - Returns: the number of their values.
    mutating func skip(atMost most: Int) throws(ParquetFault) -> Int {
        var passed = 0
        while offset < end {
            let before = offset
            let header = try header()
            let type = ParquetFormat.PageType(rawValue: header.type)
            switch type {
            case .dictionary:
                // Pages behind it need it.
                guard header.valueCount >= 0 else { throw ParquetFault("has a page without a number of values") }
                try takeDictionary(header, try body(header))
                continue
            case .data, .data2:
                guard header.valueCount >= 0 else { throw ParquetFault("has a page without a number of values") }
                guard header.valueCount <= most - passed else {
                    offset = before
                    return passed
                }
                passed += header.valueCount
            default: break
            }
            offset += header.compressedSize
        }
        return passed
    }

    /// The bytes of the page whose header was read.
    private mutating func body(_ header: ParquetPageHeader) throws(ParquetFault) -> [UInt8] {
        // Before memory is taken for either. What cannot be made smaller grows a little by compression.
        guard (0...Self.maximumPageBytes).contains(header.uncompressedSize),
            header.compressedSize <= Self.maximumPageBytes + Self.maximumPageBytes / 64
        else {
            let size = max(header.uncompressedSize, header.compressedSize)
            throw ParquetFault("has a page of \(size) bytes", kind: .tooLarge)
        }
        defer { offset += header.compressedSize }
        return try read(at: offset, header.compressedSize)
    }

    private mutating func takeDictionary(_ header: ParquetPageHeader, _ body: [UInt8]) throws(ParquetFault) {
        guard header.encoding == ParquetFormat.Encoding.plain.rawValue || header.encoding == 2 else {
            throw unsupported(header.encoding)
        }
        guard header.valueCount <= Self.maximumDictionaryCount else {
            throw ParquetFault("has a dictionary of \(header.valueCount) values", kind: .tooLarge)
        }
        let bytes = try codec.decompress(body[...], count: header.uncompressedSize)
        var values = PlainDecoder(bytes, from: 0, leaf: leaf)
        var dictionary: [ParquetValue] = []
        for _ in 0..<header.valueCount { dictionary.append(try values.next()) }
        self.dictionary = dictionary
    }

    private mutating func header() throws(ParquetFault) -> ParquetPageHeader {
        var window = 512
        while true {
            let count = min(window, end - offset)
            var reader = ThriftReader(try read(at: offset, count))
            do throws(ParquetFault) {
                let header = try ParquetPageHeader(&reader)
                offset += reader.position
                guard header.compressedSize >= 0, header.compressedSize <= end + uncounted - offset else {
                    throw ParquetFault("has a page that is longer than the column; the file may be cut short")
                }
                return header
            } catch {
                // A header has no length of its own: more bytes are tried where these were too few.
                guard reader.isShort, count == window, window < Self.maximumHeaderBytes else { throw error }
                window *= 8
            }
        }
    }

    private func read(at offset: Int, _ count: Int) throws(ParquetFault) -> [UInt8] {
        do throws(DatasetError) { return try file.read(at: offset, count: count) } catch {
            throw ParquetFault(error.reason, kind: error.kind)
        }
    }

    /// The fault of an encoding that is not read.
    func unsupported(_ encoding: Int) -> ParquetFault {
        let names = [
            3: "RLE", 4: "BIT_PACKED", 5: "DELTA_BINARY_PACKED", 6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY",
            9: "BYTE_STREAM_SPLIT",
        ]
        return ParquetFault(
            "is encoded as \(names[encoding] ?? "number \(encoding)"), which is not read for its type; write it with "
                + "plain or dictionary encoding", kind: .unsupported)
    }
}
