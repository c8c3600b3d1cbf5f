/// A strict reader of one JSON document (RFC 8259) in memory.
///
/// Whole numbers of 64 bits are exact, and the digits of longer ones become a text, so that none is lost; other numbers are
/// the nearest 64-bit float, whose shortest text reads back as the same.
public struct JSONParser {
    /// What becomes of the three numbers that Python writes although JSON does not have them (NaN, Infinity, -Infinity),
    /// and of those beyond 64-bit floats.
    public enum NotFinite: Sendable {
        /// They are a fault.
        case refused
        /// They are null, and counted.
        case null
        /// They stay what they are.
        case kept
    }

    /// A document of more values is refused, each of which takes fifty bytes of memory for two of the text.
    public static let maximumCount = 1_000_000

    /// What is wrong, and at which byte.
    public typealias Fault = JSONFault

    private var count = 0
    private var notFinite = 0
    private let policy: NotFinite
    private var buffer: [UInt8] = []

    private init(_ policy: NotFinite) { self.policy = policy }

    /// Reads the document that `bytes` are. A byte order mark before it means nothing.
    ///
    /// - Throws: ``JSONFault``.
    public static func parse(
        _ bytes: some Sequence<UInt8>, notFinite: NotFinite = .null
    ) throws(Fault) -> JSONValue { try document(bytes, notFinite: notFinite).value }

    /// The same, with the number of numbers that are not finite.
    ///
    /// - Throws: ``JSONFault``.
    public static func document(
        _ bytes: some Sequence<UInt8>, notFinite: NotFinite = .null
    ) throws(Fault) -> (value: JSONValue, notFinite: Int) {
        let bytes = Array(bytes)
        // Half a surrogate pair is no character, and Python writes them.
        var reader = JSONReader(bytes, at: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0, replacesHalves: true)
        var parser = JSONParser(notFinite)
        let value = try parser.value(&reader)
        guard reader.peek() == nil else { throw reader.failure("something follows the end of the value") }
        return (value, parser.notFinite)
    }

    private mutating func value(_ reader: inout JSONReader) throws(Fault) -> JSONValue {
        count += 1
        if count > Self.maximumCount { throw reader.failure("has more than \(Self.maximumCount) values") }
        switch reader.peek() {
        case nil: throw reader.failure("the text ends where a value should stand")
        case UInt8(ascii: "{"):
            var members: [JSONValue.Member] = []
            try reader.object { (reader, key) throws(Fault) in
                guard let name = String(validating: key, as: UTF8.self) else {
                    throw reader.failure("a text is not UTF-8")
                }
                members.append(JSONValue.Member(name, try value(&reader)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var values: [JSONValue] = []
            try reader.array { (reader) throws(Fault) in values.append(try value(&reader)) }
            return .array(values)
        case UInt8(ascii: "\""):
            buffer.removeAll(keepingCapacity: true)
            try reader.string(into: &buffer)
            guard let text = String(validating: buffer, as: UTF8.self) else {
                throw reader.failure("a text is not UTF-8")
            }
            return .string(text)
        case UInt8(ascii: "t") where reader.literal("true"): return .bool(true)
        case UInt8(ascii: "f") where reader.literal("false"): return .bool(false)
        case UInt8(ascii: "n") where reader.literal("null"): return .null
        case UInt8(ascii: "N") where reader.literal("NaN"): return try value(notFinite: .nan, reader)
        case UInt8(ascii: "I") where reader.literal("Infinity"): return try value(notFinite: .infinity, reader)
        case UInt8(ascii: "-") where reader.literal("-Infinity"): return try value(notFinite: -.infinity, reader)
        default:
            let (text, isWhole) = try reader.numeral()
            if isWhole { return JSONValue(digits: text) }
            guard let number = Double(text) else { throw reader.failure("should be a value") }
            return number.isFinite ? .double(number) : try value(notFinite: number, reader)
        }
    }

    private mutating func value(notFinite number: Double, _ reader: JSONReader) throws(Fault) -> JSONValue {
        guard policy != .refused else { throw reader.failure("a number is not finite, which JSON does not have") }
        notFinite += 1
        return policy == .kept ? .double(number) : .null
    }
}
