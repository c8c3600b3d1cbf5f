/// The type of a column's values.
public indirect enum DatasetType: Sendable, Hashable, CustomStringConvertible {
    /// Nothing: no row has a value.
    case null
    /// Truth values.
    case boolean
    /// Whole numbers of 64 bits.
    case integer
    /// 32-bit floats.
    case float
    /// 64-bit floats.
    case double
    /// Numbers by their digits.
    case decimal
    /// Texts.
    case text
    /// Bytes.
    case bytes
    /// Days.
    case date
    /// Moments.
    case timestamp
    /// Lists of values of one type.
    case list(DatasetType)
    /// Named values.
    case structure([DatasetColumn])
    /// Images: a path, a URL or bytes.
    case image
    /// 32-bit floats of one number a row, such as embeddings.
    case vector
    /// Values of several types.
    case any

    /// As people write it, such as `list of text`.
    public var description: String {
        switch self {
        case .null: "null"
        case .boolean: "boolean"
        case .integer: "integer"
        case .float: "float"
        case .double: "double"
        case .decimal: "decimal"
        case .text: "text"
        case .bytes: "bytes"
        case .date: "date"
        case .timestamp: "timestamp"
        case .list(let element): "list of \(element)"
        case .structure(let fields): "structure of " + fields.map(\.name).joined(separator: ", ")
        case .image: "image"
        case .vector: "vector"
        case .any: "any"
        }
    }

    /// The type of one value.
    public init(of value: DatasetValue) {
        switch value {
        case .null: self = .null
        case .boolean: self = .boolean
        case .integer: self = .integer
        case .float: self = .float
        case .double: self = .double
        case .decimal: self = .decimal
        case .text: self = .text
        case .bytes: self = .bytes
        case .date: self = .date
        case .timestamp: self = .timestamp
        case .floats: self = .list(.float)
        case .vector: self = .vector
        case .list(let values): self = .list(values.reduce(.null) { $0.merged(with: DatasetType(of: $1)) })
        case .structure(let members):
            self = .structure(members.reduce(into: []) { $0.merge($1.name, DatasetType(of: $1.value)) })
        case .image: self = .image
        }
    }

    /// The narrowest type that holds the values of both.
    public func merged(with other: DatasetType) -> DatasetType {
        switch (self, other) {
        case (.null, let type), (let type, .null): type
        case _ where self == other: self
        case (.integer, .double), (.double, .integer): .double
        case (.list(let a), .list(let b)): .list(a.merged(with: b))
        case (.structure(let a), .structure(let b)):
            .structure(b.reduce(into: a) { $0.merge($1.name, $1.type) })
        default: .any
        }
    }
}

/// A column: a name, and what its values are. Each may be null.
public struct DatasetColumn: Sendable, Hashable {
    /// Its name. Names of a dataset differ.
    public let name: String
    /// What its values are.
    public let type: DatasetType

    /// Describes a column.
    public init(_ name: String, _ type: DatasetType) {
        self.name = name
        self.type = type
    }
}

extension [DatasetColumn] {
    /// Adds what is known of a column: at the end where it is new.
    mutating func merge(_ name: String, _ type: DatasetType) {
        if let index = firstIndex(where: { $0.name == name }) {
            self[index] = DatasetColumn(name, self[index].type.merged(with: type))
        } else {
            append(DatasetColumn(name, type))
        }
    }
}

/// Learns the columns of rows that come as named values, such as JSON objects.
struct ColumnScan {
    private(set) var columns: [DatasetColumn] = []
    private var places: [String: Int] = [:]

    /// Rows of more columns than these are no table.
    static let limit = 10_000

    /// - Returns: false where there would be too many columns.
    mutating func add(_ name: String, _ type: DatasetType) -> Bool {
        if let index = places[name] {
            let known = columns[index].type
            if known != type { columns[index] = DatasetColumn(name, known.merged(with: type)) }
            return true
        }
        guard columns.count < Self.limit else { return false }
        places[name] = columns.count
        columns.append(DatasetColumn(name, type))
        return true
    }
}

/// One row of a dataset.
public struct DatasetRecord: Sendable, Equatable {
    /// The dataset's columns.
    public let columns: [DatasetColumn]
    /// A value for each.
    public let values: [DatasetValue]

    /// Joins columns and as many values.
    public init(columns: [DatasetColumn], values: [DatasetValue]) {
        precondition(columns.count == values.count, "\(values.count) values for \(columns.count) columns")
        self.columns = columns
        self.values = values
    }

    /// The value of the column called `name`; nil where there is no such column.
    public subscript(name: String) -> DatasetValue? {
        columns.firstIndex { $0.name == name }.map { values[$0] }
    }

    /// The same row with other columns: null where it lacks one.
    func arranged(as other: [DatasetColumn]) -> DatasetRecord {
        guard columns != other else { return self }
        return DatasetRecord(
            columns: other, values: other.map { (self[$0.name] ?? .null).converted(to: $0.type) })
    }
}
