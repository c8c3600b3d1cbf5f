/// The files of a tar archive, from front to back: POSIX ustar and pax, and GNU's long names; gzip is undone.
struct TarReader {
    /// A file in the archive.
    struct Entry {
        let name: String
        let content: Content
    }

    enum Content {
        case bytes([UInt8])
        /// Where it lies in an archive that is not compressed.
        case part(FilePart)
    }

    private let path: String
    private let stream: ByteStream
    private let maximumEntryBytes: Int
    private var isDone = false

    /// Pax headers and long names beyond this are refused.
    private static let longestHeader = 1 << 20

    init(path: String, maximumEntryBytes: Int) throws(DatasetError) {
        self.path = path
        stream = try ByteStream(path: path)
        self.maximumEntryBytes = maximumEntryBytes
    }

    /// The next file that `wanted` names; nil at the end.
    ///
    /// - Parameter isLazy: whether a file's content may be given as its place.
    /// - Throws: ``DatasetError`` with a place where only an entry is bad, so that reading can go on; without one where
    ///   the archive cannot be read on.
    mutating func next(
        wanted: (String) -> Bool, isLazy: (String) -> Bool
    ) throws(DatasetError) -> Entry? {
        do throws(DatasetError) { return try entry(wanted, isLazy) } catch {
            if error.place.isEmpty { isDone = true }
            throw error
        }
    }

    private mutating func entry(
        _ wanted: (String) -> Bool, _ isLazy: (String) -> Bool
    ) throws(DatasetError) -> Entry? {
        // What a header said that stands before the entry's own.
        var (pendingName, pendingSize): (String?, Int?)
        var isFirst = stream.offset == 0
        while !isDone {
            let start = stream.offset
            let block = try stream.take(TarHeader.blockSize)
            if block.isEmpty || (block.count == TarHeader.blockSize && block.allSatisfy { $0 == 0 }) {
                guard !(block.isEmpty && isFirst) else { throw malformed("is empty") }
                // One block of zeros ends the archive for most readers; what follows it does not count.
                isDone = true
                return nil
            }
            guard block.count == TarHeader.blockSize else { throw truncated(in: pendingName ?? "") }
            guard let header = TarHeader(block) else {
                guard !isFirst else { throw malformed("is not a tar archive") }
                try resynchronise()
                throw DatasetError(
                    .malformed, path: stream.name, place: "byte \(start)", "no tar header stands here; entries are lost"
                )
            }
            isFirst = false
            switch header.kind {
            case .pax, .longName:
                guard header.size <= Self.longestHeader else {
                    try pass(header.size.padded, of: header.name)
                    throw DatasetError(
                        .tooLarge, path: stream.name, place: "byte \(start)", "an entry's name is too long")
                }
                let bytes = try content(header.size, of: header.name)
                if header.kind == .longName {
                    pendingName = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                } else {
                    guard let records = PaxRecords(bytes) else {
                        throw DatasetError(
                            .malformed, path: stream.name, place: "byte \(start)", "a pax header is damaged")
                    }
                    pendingName = records.path ?? pendingName
                    pendingSize = records.size ?? pendingSize
                }
            case .other:
                try pass((pendingSize ?? header.size).padded, of: header.name)
                (pendingName, pendingSize) = (nil, nil)
            case .file:
                let name = pendingName ?? header.name
                let size = pendingSize ?? header.size
                guard wanted(name) else {
                    try pass(size.padded, of: name)
                    (pendingName, pendingSize) = (nil, nil)
                    continue
                }
                guard size <= maximumEntryBytes else {
                    try pass(size.padded, of: name)
                    throw DatasetError(
                        .tooLarge, path: stream.name, place: name,
                        "\(size) bytes are more than the limit of \(maximumEntryBytes)")
                }
                if size > 0, stream.isSeekable, isLazy(name) {
                    let part = FilePart(path: path, offset: stream.offset, count: size)
                    try pass(size.padded, of: name)
                    return Entry(name: name, content: .part(part))
                }
                return Entry(name: name, content: .bytes(try content(size, of: name)))
            }
        }
        return nil
    }

    private func content(_ size: Int, of name: String) throws(DatasetError) -> [UInt8] {
        let bytes = try stream.take(size)
        guard bytes.count == size else { throw truncated(in: name) }
        try pass(size.padded - size, of: name)
        return bytes
    }

    private func pass(_ count: Int, of name: String) throws(DatasetError) {
        guard try stream.skip(count) == count else { throw truncated(in: name) }
    }

    /// Goes on to the next block that is a header, or to the end.
    private mutating func resynchronise() throws(DatasetError) {
        while true {
            let some = try stream.available()
            // Blocks lie at multiples of their size from the archive's start.
            if some.count < TarHeader.blockSize {
                let block = try stream.take(TarHeader.blockSize)
                guard block.count == TarHeader.blockSize else {
                    isDone = true
                    return
                }
                continue
            }
            if TarHeader(some.prefix(TarHeader.blockSize)) != nil { return }
            stream.consume(TarHeader.blockSize)
        }
    }

    private func malformed(_ reason: String) -> DatasetError { DatasetError(.malformed, path: stream.name, reason) }

    private func truncated(in name: String) -> DatasetError {
        malformed("ends within \(name.isEmpty ? "a header" : name); it may be cut short")
    }
}

extension Int {
    fileprivate var padded: Int { (self + TarHeader.blockSize - 1) / TarHeader.blockSize * TarHeader.blockSize }
}
