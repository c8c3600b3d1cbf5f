internal import DiptychBasics

/// A JSON value whose keys keep their order and whose numbers keep their precision: the shortest text that reads back as
/// the same float. What the command line and the server answer with.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case float(Float)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])
    /// Many floats, without a value of this type for each.
    case floats([Float])

    /// The value on one line.
    package var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += String(value)
        case .float(let value): JSONText.append(value, to: &text)
        case .double(let value): JSONText.append(value, to: &text)
        case .string(let value): JSONText.append(value, to: &text)
        case .array(let values): JSONText.append(values, "[", "]", to: &text) { $0.write(to: &$1) }
        case .floats(let values): JSONText.append(values, "[", "]", to: &text) { JSONText.append($0, to: &$1) }
        case .object(let members):
            JSONText.append(members, "{", "}", to: &text) { member, text in
                JSONText.append(member.0, to: &text)
                text += ":"
                member.1.write(to: &text)
            }
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
}
