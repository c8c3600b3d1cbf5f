/// The cells of one column of one row group, one at a time, holding one page.
struct ColumnCursor {
    /// Lists beyond this are refused.
    static let longestList = 1 << 20

    private enum Values {
        case plain(PlainDecoder)
        case dictionary(HybridDecoder)
        case truth(HybridDecoder)
    }

    private let column: ParquetColumn
    private var pages: PageReader
    private var left = 0
    private var repetitions: HybridDecoder?
    private var definitions: HybridDecoder?
    private var values: Values?
    /// Levels that were read and belong to the next cell.
    private var ahead: (repetition: Int, definition: Int)?

    init(file: InputFile, chunk: ParquetMetadata.Chunk, column: ParquetColumn) throws(ParquetFault) {
        self.column = column
        pages = try PageReader(file: file, chunk: chunk, column: column)
    }

    /// The next row's cell.
    mutating func next() throws(ParquetFault) -> ParquetValue {
        guard let (repetition, definition) = try levels() else { throw ParquetFault("has fewer values than rows") }
        guard column.isList else {
            return definition == column.maximumDefinition ? try value() : .null
        }
        guard repetition == 0 else { throw ParquetFault("has a list that begins in its middle") }
        // Levels below the element's own say whether the list is missing or empty.
        if definition < column.elementDefinition {
            return definition == column.elementDefinition - 1 ? empty : .null
        }
        var floats: [Float] = []
        var others: [ParquetValue] = []
        var level = definition
        while true {
            let value = level == column.maximumDefinition ? try value() : .null
            switch value {
            case .float(let number): floats.append(number)
            case .double(let number): floats.append(Float(number))
            case .null where column.kind == .float || column.kind == .double: floats.append(.nan)
            default: others.append(value)
            }
            guard floats.count + others.count <= Self.longestList else {
                throw ParquetFault("has a list of more than \(Self.longestList) values", kind: .tooLarge)
            }
            guard let next = try levels() else { break }
            guard next.repetition > 0 else {
                ahead = next
                break
            }
            guard next.definition >= column.elementDefinition else { throw ParquetFault("has a damaged list") }
            level = next.definition
        }
        return column.kind == .float || column.kind == .double ? .floats(floats) : .list(others)
    }

    private var empty: ParquetValue { column.kind == .float || column.kind == .double ? .floats([]) : .list([]) }

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
        guard repetition <= column.maximumRepetition, definition <= column.maximumDefinition else {
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
        case nil: throw ParquetFault("has a value outside a page")
        }
    }

    private mutating func start(_ page: PageReader.Page) throws(ParquetFault) {
        var position = 0
        (repetitions, definitions, values) = (nil, nil, nil)
        func decoder(_ maximum: Int, _ size: Int?) throws(ParquetFault) -> HybridDecoder? {
            guard maximum > 0 else {
                position += size ?? 0
                return nil
            }
            guard page.levelEncoding == ParquetFormat.Encoding.rle.rawValue else {
                throw pages.unsupported(page.levelEncoding)
            }
            var count = size ?? 0
            if size == nil {
                guard page.bytes.count - position >= 4 else { throw ParquetFault("a page ends too early") }
                count = page.bytes[position..<position + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
                position += 4
            }
            guard count <= page.bytes.count - position else { throw ParquetFault("a page ends too early") }
            defer { position += count }
            let width = Int.bitWidth - maximum.leadingZeroBitCount
            return try HybridDecoder(page.bytes, position..<position + count, width: width)
        }
        repetitions = try decoder(column.maximumRepetition, page.levelBytes?.repetition)
        definitions = try decoder(column.maximumDefinition, page.levelBytes?.definition)
        left = page.valueCount
        switch ParquetFormat.Encoding(rawValue: page.encoding) {
        case .plain?: values = .plain(PlainDecoder(page.bytes, from: position, column: column))
        case .plainDictionary?, .rleDictionary?:
            // A page of nothing but nulls may be empty.
            guard position < page.bytes.count else { return }
            let width = Int(page.bytes[position])
            values = .dictionary(try HybridDecoder(page.bytes, position + 1..<page.bytes.count, width: width))
        case .rle? where column.type == .boolean:
            // A length of four bytes stands first.
            guard page.bytes.count - position >= 4 else { return }
            values = .truth(try HybridDecoder(page.bytes, position + 4..<page.bytes.count, width: 1))
        default: throw pages.unsupported(page.encoding)
        }
    }
}
