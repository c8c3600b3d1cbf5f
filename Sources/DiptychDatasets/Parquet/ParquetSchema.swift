/// What a column's values are once they are read.
public enum ParquetValueKind: Sendable, Equatable {
    /// Truth values.
    case bool
    /// Whole numbers of 32 or 64 bits; those without a sign that do not fit are given as ``ParquetValue/double(_:)``.
    case int
    /// 32-bit floats, and 16-bit ones.
    case float
    /// 64-bit floats.
    case double
    /// Texts in UTF-8.
    case string
    /// Bytes.
    case bytes
}

/// A column of a Parquet file that can be read.
public struct ParquetColumn: Sendable, Equatable {
    /// Its name; those inside a structure have a dotted one, as in `image.bytes`.
    public let name: String
    /// What its values are, or the elements of its lists.
    public let kind: ParquetValueKind
    /// Whether each row holds a list.
    public let isList: Bool

    let path: [String]
    let type: ParquetFormat.PhysicalType
    let typeLength: Int
    let isUnsigned: Bool
    let isHalf: Bool
    let maximumDefinition: Int
    let maximumRepetition: Int
    /// The definition level from which a list has an element.
    let elementDefinition: Int
}

/// The columns of a file: the leaves of its schema tree.
struct ParquetSchema {
    private(set) var columns: [ParquetColumn] = []
    /// Columns that are not read, with the reason.
    private(set) var unsupported: [(name: String, reason: String)] = []

    /// Schemas beyond these are refused.
    static let maximumDepth = 16
    static let maximumElements = 20_000

    private let elements: [ParquetMetadata.Element]
    private var position = 1

    init(_ elements: [ParquetMetadata.Element]) throws(ParquetFault) {
        self.elements = elements
        for _ in 0..<max(0, elements[0].childCount) {
            try visit(path: [], definition: 0, repetition: 0, element: 0, levels: [])
        }
        guard position == elements.count else { throw ParquetFault("has a schema that does not add up") }
    }

    private mutating func visit(
        path: [String], definition: Int, repetition: Int, element elementDefinition: Int,
        levels: [ParquetMetadata.Element]
    ) throws(ParquetFault) {
        guard position < elements.count else { throw ParquetFault("has a schema that does not add up") }
        guard path.count < Self.maximumDepth else { throw ParquetFault("has a schema that is nested too deep") }
        let node = elements[position]
        position += 1
        let path = path + [node.name]
        let definition = definition + (node.repetition == .required ? 0 : 1)
        let repetition = repetition + (node.repetition == .repeated ? 1 : 0)
        let elementDefinition = node.repetition == .repeated ? definition : elementDefinition
        guard let type = node.type else {
            for _ in 0..<max(0, node.childCount) {
                try visit(
                    path: path, definition: definition, repetition: repetition, element: elementDefinition,
                    levels: levels + [node])
            }
            return
        }
        // A list's own levels are no part of its name: emb.list.element is emb.
        var name: [String] = []
        for (part, element) in zip(path, levels + [node]) {
            name.append(part)
            if element.logicalType == 3 || element.convertedType == 3 || element.repetition == .repeated { break }
        }
        let joined = name.joined(separator: ".")
        let isHalf = node.logicalType == 15
        let kind: ParquetValueKind? =
            switch type {
            case .boolean: .bool
            case .int32, .int64: Self.isDecimal(node) ? nil : .int
            case .int96: nil
            case .float: .float
            case .double: .double
            case .byteArray: Self.isDecimal(node) ? nil : Self.isText(node) ? .string : .bytes
            case .fixedBytes:
                isHalf && node.typeLength == 2 ? .float : Self.isDecimal(node) || node.typeLength <= 0 ? nil : .bytes
            }
        guard repetition <= 1 else {
            unsupported.append((joined, "lists of lists and maps are not read"))
            return
        }
        guard let kind else {
            unsupported.append((joined, "decimal numbers and 96-bit times are not read"))
            return
        }
        guard !(levels + [node]).contains(where: { $0.logicalType == 2 || $0.convertedType == 1 }) else {
            unsupported.append((joined, "maps are not read"))
            return
        }
        columns.append(
            ParquetColumn(
                name: joined, kind: kind, isList: repetition == 1, path: path, type: type, typeLength: node.typeLength,
                isUnsigned: node.isUnsigned, isHalf: isHalf, maximumDefinition: definition,
                maximumRepetition: repetition, elementDefinition: elementDefinition))
    }

    private static func isDecimal(_ node: ParquetMetadata.Element) -> Bool {
        node.logicalType == 5 || node.convertedType == 5
    }

    /// UTF8, ENUM, JSON.
    private static func isText(_ node: ParquetMetadata.Element) -> Bool {
        [1, 4, 12].contains(node.logicalType) || [0, 4, 19].contains(node.convertedType)
    }
}
