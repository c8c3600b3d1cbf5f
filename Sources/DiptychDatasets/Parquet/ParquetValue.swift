/// One cell of a Parquet table.
public enum ParquetValue: Sendable, Equatable {
    /// No value.
    case null
    /// A truth value.
    case bool(Bool)
    /// A whole number. Dates and times are the numbers that they are stored as.
    case int(Int64)
    /// A 32-bit float.
    case float(Float)
    /// A 64-bit float.
    case double(Double)
    /// A text. What is not UTF-8 in it is replaced by U+FFFD.
    case string(String)
    /// Bytes.
    case bytes([UInt8])
    /// A list of floats, such as an embedding; a missing one is not a number.
    case floats([Float])
    /// Any other list.
    case list([ParquetValue])

    /// The value as JSON; nil for bytes and lists of floats, which are no attributes of a picture.
    public var json: JSONValue? {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        // By the shortest text that reads back as the same float: 0.1, not 0.10000000149011612.
        case .float(let value): value.isFinite ? Double(value.description).map(JSONValue.double) : .null
        case .double(let value): value.isFinite ? .double(value) : .null
        case .string(let value): .string(value)
        case .bytes, .floats: nil
        case .list(let values): .array(values.compactMap(\.json))
        }
    }
}
