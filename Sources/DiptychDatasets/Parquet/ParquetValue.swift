/// One cell of a Parquet table.
public enum ParquetValue: Sendable, Equatable {
    /// No value.
    case null
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case int(Int64)
    /// A 32-bit float.
    case float(Float)
    /// A 64-bit float.
    case double(Double)
    /// A text. What is not UTF-8 in it is replaced by U+FFFD.
    case string(String)
    /// Bytes.
    case bytes([UInt8])
    /// A list of 32-bit floats, such as an embedding; a missing one is not a number.
    case floats([Float])
    /// Any other list. A map whose keys are not texts, or not all different, is a list of lists of key and value.
    case list([ParquetValue])
    /// A structure in a list or map, or a map with texts as keys.
    case object([Member])

    /// A member of an object.
    public struct Member: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// Its value.
        public let value: ParquetValue

        /// Joins a name and a value.
        public init(_ name: String, _ value: ParquetValue) {
            self.name = name
            self.value = value
        }
    }

    /// The value as JSON; nil for bytes, which JSON does not have. Numbers that are not finite are null.
    public var json: JSONValue? {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .float(let value): Self.json(value)
        case .double(let value): value.isFinite ? .double(value) : .null
        case .string(let value): .string(value)
        case .bytes: nil
        case .floats(let values): .array(values.map(Self.json))
        case .list(let values): .array(values.compactMap(\.json))
        case .object(let members):
            .object(members.compactMap { member in member.value.json.map { JSONValue.Member(member.name, $0) } })
        }
    }

    /// By the shortest text that reads back as the same float: 0.1, not 0.10000000149011612.
    private static func json(_ value: Float) -> JSONValue {
        value.isFinite ? Double(value.description).map(JSONValue.double) ?? .null : .null
    }

    /// The number of its values that are not finite, without missing ones in lists of floats.
    var notFiniteCount: Int {
        switch self {
        case .float(let value): value.isFinite ? 0 : 1
        case .double(let value): value.isFinite ? 0 : 1
        case .list(let values): values.reduce(0) { $0 + $1.notFiniteCount }
        case .object(let members): members.reduce(0) { $0 + $1.value.notFiniteCount }
        default: 0
        }
    }

    /// The number of values in it.
    var valueCount: Int {
        switch self {
        case .floats(let values): values.count
        case .list(let values): values.reduce(1) { $0 + $1.valueCount }
        case .object(let members): members.reduce(1) { $0 + $1.value.valueCount }
        default: 1
        }
    }
}
