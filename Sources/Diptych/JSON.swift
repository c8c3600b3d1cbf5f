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
        // JSON has no infinities.
        case .float(let value): text += value.isFinite ? value.description : "null"
        case .double(let value): text += value.isFinite ? value.description : "null"
        case .string(let value): Self.write(value, to: &text)
        case .array(let values): Self.list(values, "[", "]", to: &text) { $0.write(to: &$1) }
        case .floats(let values):
            Self.list(values, "[", "]", to: &text) { $1 += $0.isFinite ? $0.description : "null" }
        case .object(let members):
            Self.list(members, "{", "}", to: &text) { member, text in
                Self.write(member.0, to: &text)
                text += ":"
                member.1.write(to: &text)
            }
        }
    }

    private static func list<T>(
        _ values: [T], _ open: String, _ close: String, to text: inout String, _ body: (T, inout String) -> Void
    ) {
        text += open
        for (index, value) in values.enumerated() {
            if index > 0 { text += "," }
            body(value, &text)
        }
        text += close
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
}
