/// The cells of one leaf of one row group, one at a time, holding one page.
struct ColumnCursor {
    /// Lists beyond this are refused.
    static let longestList = 1 << 20

    private enum Values {
        case plain(PlainDecoder)
        case dictionary(HybridDecoder)
        case truth(HybridDecoder)
        case deltas(DeltaDecoder)
        case deltaLengths(DeltaLengthDecoder)
        case deltaBytes(DeltaBytesDecoder)
        case split(StreamSplitDecoder)
    }

    /// A value with its place in lists and structures.
    struct Entry {
        let repetition: Int
        let definition: Int
        let value: ParquetValue
    }

    private let leaf: ParquetLeaf
    private var pages: PageReader
    private var left = 0
    private var repetitions: LevelDecoder?
    private var definitions: LevelDecoder?
    private var values: Values?
    /// Levels that were read and belong to the next cell.
    private var ahead: (repetition: Int, definition: Int)?

    init(file: InputFile, chunk: ParquetMetadata.Chunk, leaf: ParquetLeaf) throws(ParquetFault) {
        self.leaf = leaf
        pages = try PageReader(file: file, chunk: chunk, leaf: leaf)
    }

    /// The next row's cell, of a leaf that is in one list at most.
    mutating func next() throws(ParquetFault) -> ParquetValue {
        guard leaf.maximumRepetition > 0 else {
            guard let (_, definition) = try levels() else { throw ParquetFault("has fewer values than rows") }
            return definition == leaf.maximumDefinition ? try value() : .null
        }
        let leaf = leaf
        let isFloats = leaf.meaning == .float || leaf.meaning == .half
        var floats: [Float] = []
        var others: [ParquetValue] = []
        var outcome: ParquetValue?
        try eachEntry(limit: Self.longestList) { (entry) throws(ParquetFault) in
            // Levels below the element's own say whether the list is missing or empty.
            if entry.definition < leaf.elementDefinition {
                let isEmpty = entry.definition == leaf.elementDefinition - 1
                guard outcome == nil, floats.isEmpty, others.isEmpty else { throw ParquetFault("has a damaged list") }
                outcome = isEmpty ? (isFloats ? .floats([]) : .list([])) : .null
                return
            }
            guard outcome == nil else { throw ParquetFault("has a damaged list") }
            guard isFloats else { return others.append(entry.value) }
            if case .float(let number) = entry.value { floats.append(number) } else { floats.append(.nan) }
        }
        return outcome ?? (isFloats ? .floats(floats) : .list(others))
    }

    /// Passes over rows, and over whole pages of them without unpacking those where each value is a row.
    mutating func skip(_ rows: Int) throws(ParquetFault) {
        var rest = rows
        guard leaf.maximumRepetition == 0 else {
            for _ in 0..<rest { try eachEntry(limit: .max) { (_) throws(ParquetFault) in } }
            return
        }
        while rest > 0 {
            if left == 0 {
                rest -= try pages.skip(atMost: rest)
                guard rest > 0 else { return }
                guard let page = try pages.next() else { throw ParquetFault("has fewer values than rows") }
                try start(page)
            }
            let some = min(rest, left)
            for _ in 0..<some {
                guard let (_, definition) = try levels() else { throw ParquetFault("has fewer values than rows") }
                if definition == leaf.maximumDefinition { _ = try value() }
            }
            rest -= some
        }
    }

    /// Goes through the next row's entries.
    private mutating func eachEntry(
        limit: Int, _ body: (Entry) throws(ParquetFault) -> Void
    ) throws(ParquetFault) {
        guard var (repetition, definition) = try levels() else { throw ParquetFault("has fewer values than rows") }
        guard repetition == 0 else { throw ParquetFault("has a list that begins in its middle") }
        var count = 0
        while true {
            let value = definition == leaf.maximumDefinition ? try value() : .null
            try body(Entry(repetition: repetition, definition: definition, value: value))
            count += 1
            guard count <= limit else {
                throw ParquetFault("has a list of more than \(Self.longestList) values", kind: .tooLarge)
            }
            guard let next = try levels() else { return }
            guard next.repetition > 0 else {
                ahead = next
                return
            }
            (repetition, definition) = next
        }
    }

    /// The next row's values with their places.
    ///
    /// - Parameter limit: more of them are refused.
    mutating func entries(limit: Int) throws(ParquetFault) -> [Entry] {
        var entries: [Entry] = []
        try eachEntry(limit: limit) { (entry) throws(ParquetFault) in entries.append(entry) }
        return entries
    }

    /// The next entry's levels; nil behind the last one.
    private mutating func levels() throws(ParquetFault) -> (repetition: Int, definition: Int)? {
        if let ahead {
            self.ahead = nil
            return ahead
        }
        while left == 0 {
            guard let page = try pages.next() else { return nil }
            try start(page)
        }
        left -= 1
        let repetition = try repetitions?.next() ?? 0
        let definition = try definitions?.next() ?? 0
        guard repetition <= leaf.maximumRepetition, definition <= leaf.maximumDefinition else {
            throw ParquetFault("has a level that its schema does not have")
        }
        return (repetition, definition)
    }

    private mutating func value() throws(ParquetFault) -> ParquetValue {
        switch values {
        case .plain(var decoder)?:
            // Out of the enumeration while it changes, so that its bytes are not copied.
            values = nil
            let value = try decoder.next()
            values = .plain(decoder)
            return value
        case .dictionary(var decoder)?:
            values = nil
            let index = try decoder.next()
            values = .dictionary(decoder)
            guard let dictionary = pages.dictionary, index < dictionary.count else {
                throw ParquetFault("points past the end of its dictionary")
            }
            return dictionary[index]
        case .truth(var decoder)?:
            values = nil
            let value = try decoder.next()
            values = .truth(decoder)
            return .bool(value == 1)
        case .deltas(var decoder)?:
            values = nil
            let value = try decoder.next()
            values = .deltas(decoder)
            return leaf.value(leaf.type == .int32 ? Int64(Int32(truncatingIfNeeded: value)) : value)
        case .deltaLengths(var decoder)?:
            values = nil
            let value = try decoder.next()
            values = .deltaLengths(decoder)
            return leaf.value(value)
        case .deltaBytes(var decoder)?:
            values = nil
            let value = try decoder.next()
            values = .deltaBytes(decoder)
            guard leaf.type != .fixedBytes || value.count == leaf.typeLength else {
                throw ParquetFault("has a value of another length than its type")
            }
            return leaf.value(value)
        case .split(var decoder)?:
            values = nil
            let value = try decoder.next()
            values = .split(decoder)
            var plain = PlainDecoder(value, from: 0, leaf: leaf)
            return try plain.next()
        case nil: throw ParquetFault("has a value outside a page")
        }
    }

    private mutating func start(_ page: PageReader.Page) throws(ParquetFault) {
        var position = 0
        (repetitions, definitions, values) = (nil, nil, nil)
        func decoder(_ maximum: Int, _ encoding: Int, _ size: Int?) throws(ParquetFault) -> LevelDecoder? {
            guard maximum > 0 else {
                // Nothing is written, whatever the header calls it.
                position += size ?? 0
                return nil
            }
            let width = Int.bitWidth - maximum.leadingZeroBitCount
            let rest = page.bytes.count - position
            switch ParquetFormat.Encoding(rawValue: encoding) {
            case .bitPacked?:
                guard page.valueCount <= rest * 8 / width else { throw ParquetFault("a page ends too early") }
                let count = (page.valueCount * width + 7) / 8
                defer { position += count }
                return .packed(PackedDecoder(page.bytes, from: position, width: width))
            case .rle?:
                var count = size ?? 0
                if size == nil {
                    guard rest >= 4 else { throw ParquetFault("a page ends too early") }
                    count = page.bytes[position..<position + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
                    position += 4
                }
                guard count <= page.bytes.count - position else { throw ParquetFault("a page ends too early") }
                defer { position += count }
                return .hybrid(try HybridDecoder(page.bytes, position..<position + count, width: width))
            default: throw pages.unsupported(encoding)
            }
        }
        repetitions = try decoder(leaf.maximumRepetition, page.repetitionEncoding, page.levelBytes?.repetition)
        definitions = try decoder(leaf.maximumDefinition, page.definitionEncoding, page.levelBytes?.definition)
        left = page.valueCount
        values = try Self.values(page, from: position, leaf) { pages.unsupported(page.encoding) }
    }

    /// What reads the values of a page; nil where there are none but nulls.
    private static func values(
        _ page: PageReader.Page, from position: Int, _ leaf: ParquetLeaf, unsupported: () -> ParquetFault
    ) throws(ParquetFault) -> Values? {
        let encoding = ParquetFormat.Encoding(rawValue: page.encoding)
        if encoding == .plain { return .plain(PlainDecoder(page.bytes, from: position, leaf: leaf)) }
        // A page of nothing but nulls may be empty.
        let isEmpty = position >= page.bytes.count
        switch (encoding, leaf.type) {
        case (.plainDictionary?, _), (.rleDictionary?, _):
            guard !isEmpty else { return nil }
            let width = Int(page.bytes[position])
            return .dictionary(try HybridDecoder(page.bytes, position + 1..<page.bytes.count, width: width))
        case (.rle?, .boolean):
            // A length of four bytes stands first.
            guard page.bytes.count - position >= 4 else { return nil }
            return .truth(try HybridDecoder(page.bytes, position + 4..<page.bytes.count, width: 1))
        case (.deltaBinaryPacked?, .int32), (.deltaBinaryPacked?, .int64):
            return isEmpty ? nil : .deltas(try DeltaDecoder(page.bytes, from: position))
        case (.deltaLengthByteArray?, .byteArray):
            return isEmpty ? nil : .deltaLengths(try DeltaLengthDecoder(page.bytes, from: position))
        case (.deltaByteArray?, .byteArray), (.deltaByteArray?, .fixedBytes):
            return isEmpty ? nil : .deltaBytes(try DeltaBytesDecoder(page.bytes, from: position))
        case (.byteStreamSplit?, let type):
            let width: Int? =
                switch type {
                case .int32, .float: 4
                case .int64, .double: 8
                case .fixedBytes: leaf.typeLength
                case .boolean, .int96, .byteArray: nil
                }
            guard let width else { throw unsupported() }
            return .split(try StreamSplitDecoder(page.bytes, from: position, width: width))
        default: throw unsupported()
        }
    }
}

/// Levels in either of their encodings.
enum LevelDecoder {
    case hybrid(HybridDecoder)
    case packed(PackedDecoder)

    mutating func next() throws(ParquetFault) -> Int {
        switch self {
        case .hybrid(var decoder):
            defer { self = .hybrid(decoder) }
            return try decoder.next()
        case .packed(var decoder):
            defer { self = .packed(decoder) }
            return decoder.next()
        }
    }
}

/// Levels as files of the format's first days have them: each with its highest bit first, one behind the other.
struct PackedDecoder {
    private let bytes: [UInt8]
    private let width: Int
    private var bit: Int

    init(_ bytes: [UInt8], from position: Int, width: Int) {
        self.bytes = bytes
        self.width = width
        bit = position * 8
    }

    /// The page's size was checked for all its levels.
    mutating func next() -> Int {
        var value = 0
        for _ in 0..<width {
            let byte = bit >> 3 < bytes.count ? bytes[bit >> 3] : 0
            value = value << 1 | Int(byte >> UInt8(7 - bit & 7) & 1)
            bit += 1
        }
        return value
    }
}
