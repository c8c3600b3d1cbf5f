/// A JSON value (RFC 8259) that keeps the order of an object's members and tells whole numbers from others.
public indirect enum JSONValue: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number that fits 64 bits.
    case int(Int64)
    /// Any other number.
    case double(Double)
    /// A text, and the digits of a whole number that 64 bits do not hold.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// Members in their order; of those with one name, the last counts.
    case object([Member])

    /// A member of an object.
    public struct Member: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// Its value.
        public let value: JSONValue

        /// Joins a name and a value.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// A whole number by its digits: as a text where 64 bits do not hold it, so that none of them is lost.
    package init(digits: String) { self = Int64(digits).map(JSONValue.int) ?? .string(digits) }

    /// The member called `name`, if this is an object that has one.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// The text, if this is one.
    public var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The value as JSON on one line. Numbers that JSON does not have become `null`.
    public var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        case .double(let value): JSONText.append(value, to: &text)
        case .string(let value): JSONText.append(value, to: &text)
        case .array(let values): JSONText.append(values, "[", "]", to: &text) { $0.write(to: &$1) }
        case .object(let members):
            JSONText.append(members, "{", "}", to: &text) { member, text in
                JSONText.append(member.name, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
