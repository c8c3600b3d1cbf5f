internal import DiptychBasics

/// A small JSON document as a tree: what the parts of a tokeniser's files that are settings are read into.
enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var number: Double? { if case .number(let value) = self { value } else { nil } }
    var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    var object: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }
    var isNull: Bool { self == .null }

    /// A short form for error messages.
    var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value.debugDescription
        case .array(let values): "an array of \(values.count)"
        case .object(let members): members["type"]?.string ?? "an object"
        }
    }
}

extension JSONReader {
    /// Reads any value as a tree.
    mutating func value() throws(JSONFault) -> JSONValue {
        switch peek() {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try object { (reader, key) throws(JSONFault) in
                let name = String(decoding: key, as: UTF8.self)
                guard members.updateValue(try reader.value(), forKey: name) == nil else {
                    throw reader.failure("stands twice", key: name)
                }
            }
            return .object(members)
        case UInt8(ascii: "["):
            var values: [JSONValue] = []
            try array { (reader) throws(JSONFault) in values.append(try reader.value()) }
            return .array(values)
        case UInt8(ascii: "\""):
            var text: [UInt8] = []
            try string(into: &text)
            return .string(String(decoding: text, as: UTF8.self))
        default:
            if literal("true") { return .bool(true) }
            if literal("false") { return .bool(false) }
            if literal("null") { return .null }
            return .number(try number())
        }
    }
}

extension JSONValue {
    /// The whole of a small document, which must be an object.
    static func settings(_ source: FileBytes) throws(TokenizerError) -> JSONValue {
        let value = try source.readJSON { (reader) throws(JSONFault) in
            let value = try reader.value()
            try reader.end()
            return value
        }
        guard value.object != nil else {
            throw TokenizerError(.malformed, file: source.name, reason: "should be an object")
        }
        return value
    }
}
