/// A JSON value that somebody said about an item.
public enum AttributeValue: Sendable, Hashable {
    /// `null`; the same as nothing said, for filters.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number.
    case integer(Int64)
    /// Any other number; finite.
    case number(Double)
    /// A text.
    case text(String)
    /// A list; a filter accepts an item when it accepts any of the values.
    case list([AttributeValue])
    /// Members by name; a filter names them with a dot: `place.city`.
    case object([String: AttributeValue])

    /// The plain values inside, each with its dotted name.
    ///
    /// - Parameter name: the name of this value.
    package func leaves(named name: String) -> [(name: String, value: AttributeValue)] {
        switch self {
        case .null: []
        case .bool, .integer, .number, .text: [(name, self)]
        case .list(let values): values.flatMap { $0.leaves(named: name) }
        case .object(let members):
            members.sorted { $0.key < $1.key }.flatMap { $0.value.leaves(named: "\(name).\($0.key)") }
        }
    }

    /// The value as it comes back from a store: JSON writes a number without a fraction like a whole one.
    var canonical: AttributeValue {
        switch self {
        case .number(let value): Int64(exactly: value).map(AttributeValue.integer) ?? self
        case .list(let values): .list(values.map(\.canonical))
        case .object(let members): .object(members.mapValues(\.canonical))
        default: self
        }
    }

    /// How deep lists and objects stand in each other; 0 for a plain value.
    var depth: Int {
        switch self {
        case .list(let values): 1 + (values.map(\.depth).max() ?? 0)
        case .object(let members): 1 + (members.values.map(\.depth).max() ?? 0)
        default: 0
        }
    }
}

extension AttributeValue: Codable {
    /// Reads any JSON value.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([AttributeValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: AttributeValue].self))
        }
    }

    /// Writes the JSON value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }
}

extension AttributeValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A list.
    public init(arrayLiteral elements: AttributeValue...) { self = .list(elements) }
    /// Members by name; of equal names the last counts.
    public init(dictionaryLiteral elements: (String, AttributeValue)...) {
        self = .object(Dictionary(elements) { $1 })
    }
}
