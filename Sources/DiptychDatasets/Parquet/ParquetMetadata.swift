/// The numbers that stand for names in Parquet's metadata (parquet.thrift of the Apache Parquet format).
enum ParquetFormat {
    enum PhysicalType: Int {
        case boolean, int32, int64, int96, float, double, byteArray, fixedBytes
    }

    enum Repetition: Int { case required, optional, repeated }

    /// The members of the union LogicalType that matter.
    enum LogicalType: Int {
        case string = 1
        case map = 2
        case list = 3
        case enumeration = 4
        case decimal = 5
        case date = 6
        case time = 7
        case timestamp = 8
        case integer = 10
        case unknown = 11
        case json = 12
        case bson = 13
        case uuid = 14
        case half = 15
    }

    enum Encoding: Int {
        case plain = 0
        case plainDictionary = 2
        case rle = 3
        case bitPacked = 4
        case deltaBinaryPacked = 5
        case deltaLengthByteArray = 6
        case deltaByteArray = 7
        case rleDictionary = 8
        case byteStreamSplit = 9
    }

    enum PageType: Int { case data, index, dictionary, data2 }

    static let magic = Array("PAR1".utf8)
}

/// What a Parquet file says of itself at its end.
struct ParquetMetadata: Sendable {
    struct Element: Sendable {
        var name = ""
        var type: ParquetFormat.PhysicalType?
        var typeLength = 0
        var repetition = ParquetFormat.Repetition.required
        var childCount = 0
        var convertedType: Int?
        var logicalType: Int?
        /// Of a logical integer type.
        var isUnsigned = false
        // Of a decimal type.
        var scale = 0
        var precision = 0
        // Of a time.
        var unit: ParquetTimeUnit?
        var isUTC = false
    }

    struct Chunk: Sendable {
        var path: [String] = []
        var codec = 0
        var valueCount = 0
        var compressedSize = 0
        var dataOffset = 0
        var dictionaryOffset: Int?
        var isElsewhere = false
    }

    struct RowGroup: Sendable {
        /// By the paths of their leaves.
        var chunks: [[String]: Chunk] = [:]
        var rowCount = 0
    }

    /// Files of more columns in more row groups are refused.
    private static let maximumChunks = 1_000_000

    private(set) var elements: [Element] = []
    private(set) var rowGroups: [RowGroup] = []
    private(set) var rowCount = 0

    init(_ bytes: [UInt8]) throws(ParquetFault) {
        var reader = ThriftReader(bytes)
        var (elements, rowGroups, rowCount): ([Element], [RowGroup], Int) = ([], [], 0)
        var chunkCount = 0
        try reader.structure { (reader, id, type) throws(ParquetFault) in
            switch (id, type) {
            case (2, .list):
                elements = try reader.list(of: .structure, limit: ParquetSchema.maximumElements) {
                    (r) throws(ParquetFault) in try Self.element(&r)
                }
            case (3, .int64): rowCount = try reader.integer()
            case (4, .list):
                rowGroups = try reader.list(of: .structure, limit: Self.maximumChunks) { (r) throws(ParquetFault) in
                    let group = try Self.rowGroup(&r)
                    chunkCount += group.chunks.count
                    guard chunkCount <= Self.maximumChunks else {
                        throw ParquetFault("has too many row groups", kind: .tooLarge)
                    }
                    return group
                }
            default: return false
            }
            return true
        }
        guard !elements.isEmpty else { throw ParquetFault("has no schema") }
        guard rowCount >= 0 else { throw ParquetFault("has a negative number of rows") }
        (self.elements, self.rowGroups, self.rowCount) = (elements, rowGroups, rowCount)
    }

    private static func element(_ reader: inout ThriftReader) throws(ParquetFault) -> Element {
        var element = Element()
        try reader.structure { (reader, id, type) throws(ParquetFault) in
            switch (id, type) {
            case (1, .int32):
                let number = try reader.integer()
                guard let known = ParquetFormat.PhysicalType(rawValue: number) else {
                    throw ParquetFault("has a column of the unknown type \(number)")
                }
                element.type = known
            case (2, .int32): element.typeLength = try reader.integer()
            case (3, .int32):
                guard let known = ParquetFormat.Repetition(rawValue: try reader.integer()) else {
                    throw ParquetFault("has a column of an unknown repetition")
                }
                element.repetition = known
            case (4, .binary): element.name = try reader.string()
            case (5, .int32): element.childCount = try reader.integer()
            case (6, .int32): element.convertedType = try reader.integer()
            case (7, .int32): element.scale = try reader.integer()
            case (8, .int32): element.precision = try reader.integer()
            case (10, .structure): try logicalType(of: &element, &reader)
            default: return false
            }
            return true
        }
        // UINT_8 to UINT_64 of files from before logical types.
        if let converted = element.convertedType, (11...14).contains(converted) { element.isUnsigned = true }
        return element
    }

    private static func logicalType(
        of element: inout Element, _ reader: inout ThriftReader
    ) throws(ParquetFault) {
        try reader.structure { (reader, kind, type) throws(ParquetFault) in
            element.logicalType = kind
            guard type == .structure else { return false }
            try reader.structure { (reader, id, type) throws(ParquetFault) in
                switch (ParquetFormat.LogicalType(rawValue: kind), id, type) {
                // isSigned: a truth value is its type.
                case (.integer, 2, .no): element.isUnsigned = true
                case (.decimal, 1, .int32):
                    element.scale = try reader.integer()
                    return true
                case (.decimal, 2, .int32):
                    element.precision = try reader.integer()
                    return true
                case (.time, 1, .yes), (.timestamp, 1, .yes): element.isUTC = true
                case (.time, 2, .structure), (.timestamp, 2, .structure):
                    try reader.structure { (_, id, _) throws(ParquetFault) in
                        element.unit = ParquetTimeUnit(rawValue: id)
                        return false
                    }
                    return true
                default: break
                }
                return false
            }
            return true
        }
    }

    private static func rowGroup(_ reader: inout ThriftReader) throws(ParquetFault) -> RowGroup {
        var group = RowGroup()
        try reader.structure { (reader, id, type) throws(ParquetFault) in
            switch (id, type) {
            case (1, .list):
                let chunks = try reader.list(of: .structure, limit: ParquetSchema.maximumElements) {
                    (r) throws(ParquetFault) in try chunk(&r)
                }
                group.chunks = Dictionary(chunks.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
            case (3, .int64): group.rowCount = try reader.integer()
            default: return false
            }
            return true
        }
        guard group.rowCount >= 0 else { throw ParquetFault("has a row group with a negative number of rows") }
        return group
    }

    private static func chunk(_ reader: inout ThriftReader) throws(ParquetFault) -> Chunk {
        var chunk = Chunk()
        try reader.structure { (reader, id, type) throws(ParquetFault) in
            switch (id, type) {
            case (1, .binary): chunk.isElsewhere = try !reader.binary().isEmpty
            case (3, .structure):
                try reader.structure { (reader, id, type) throws(ParquetFault) in
                    switch (id, type) {
                    case (3, .list):
                        chunk.path = try reader.list(of: .binary, limit: ParquetSchema.maximumDepth) {
                            (r) throws(ParquetFault) in try r.string()
                        }
                    case (4, .int32): chunk.codec = try reader.integer()
                    case (5, .int64): chunk.valueCount = try reader.integer()
                    case (7, .int64): chunk.compressedSize = try reader.integer()
                    case (9, .int64): chunk.dataOffset = try reader.integer()
                    case (11, .int64): chunk.dictionaryOffset = try reader.integer()
                    default: return false
                    }
                    return true
                }
            default: return false
            }
            return true
        }
        return chunk
    }
}

/// The header of a page.
struct ParquetPageHeader {
    var type = 0
    var uncompressedSize = -1
    var compressedSize = -1
    var valueCount = -1
    var encoding = -1
    // How levels are written in a page of the first version.
    var definitionEncoding = ParquetFormat.Encoding.rle.rawValue
    var repetitionEncoding = ParquetFormat.Encoding.rle.rawValue
    // Of a page of the second version.
    var definitionBytes = 0
    var repetitionBytes = 0
    var isCompressed = true

    init(_ reader: inout ThriftReader) throws(ParquetFault) {
        var header = self
        try reader.structure { (reader, id, type) throws(ParquetFault) in
            switch (id, type) {
            case (1, .int32): header.type = try reader.integer()
            case (2, .int32): header.uncompressedSize = try reader.integer()
            case (3, .int32): header.compressedSize = try reader.integer()
            case (5, .structure), (7, .structure):
                try reader.structure { (reader, id, type) throws(ParquetFault) in
                    switch (id, type) {
                    case (1, .int32): header.valueCount = try reader.integer()
                    case (2, .int32): header.encoding = try reader.integer()
                    case (3, .int32): header.definitionEncoding = try reader.integer()
                    case (4, .int32): header.repetitionEncoding = try reader.integer()
                    default: return false
                    }
                    return true
                }
            case (8, .structure):
                try reader.structure { (reader, id, type) throws(ParquetFault) in
                    switch (id, type) {
                    case (1, .int32): header.valueCount = try reader.integer()
                    case (4, .int32): header.encoding = try reader.integer()
                    case (5, .int32): header.definitionBytes = try reader.integer()
                    case (6, .int32): header.repetitionBytes = try reader.integer()
                    case (7, .no): header.isCompressed = false
                    default: return false
                    }
                    return true
                }
            default: return false
            }
            return true
        }
        self = header
    }
}
