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

    /// Nesting beyond this is refused, so that a hostile file cannot exhaust the stack.
    public static let maximumDepth = 64
    /// So is a document of more values, each of which takes fifty bytes of memory for two of the text.
    public static let maximumCount = 1_000_000

    /// What is wrong, and at which byte.
    public struct Fault: Error, Sendable, Equatable {
        /// The byte, from 0.
        public let offset: Int
        /// What is wrong.
        public let reason: String

        /// Describes a fault.
        public init(offset: Int, reason: String) {
            self.offset = offset
            self.reason = reason
        }
    }

    private let bytes: [UInt8]
    private var offset = 0
    private var depth = 0
    private var count = 0
    private var notFinite = 0
    private let policy: NotFinite

    private init(_ bytes: [UInt8], _ policy: NotFinite) { (self.bytes, self.policy) = (bytes, policy) }

    /// Reads the document that `bytes` are. A byte order mark before it means nothing.
    ///
    /// - Throws: ``Fault``.
    public static func parse(
        _ bytes: some Sequence<UInt8>, notFinite: NotFinite = .null
    ) throws(Fault) -> JSONValue { try document(bytes, notFinite: notFinite).value }

    /// The same, with the number of numbers that are not finite.
    ///
    /// - Throws: ``Fault``.
    public static func document(
        _ bytes: some Sequence<UInt8>, notFinite: NotFinite = .null
    ) throws(Fault) -> (value: JSONValue, notFinite: Int) {
        var parser = JSONParser(Array(bytes), notFinite)
        if parser.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { parser.offset = 3 }
        let value = try parser.value()
        guard parser.peek() == nil else { throw parser.fault("something follows the end of the value") }
        return (value, parser.notFinite)
    }

    private func fault(_ reason: String) -> Fault { Fault(offset: offset, reason: reason) }

    private mutating func peek() -> UInt8? {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            case let byte: return byte
            }
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        offset += 1
        return true
    }

    private mutating func value() throws(Fault) -> JSONValue {
        count += 1
        if count > Self.maximumCount { throw fault("has more than \(Self.maximumCount) values") }
        switch peek() {
        case nil: throw fault("the text ends where a value should stand")
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "N"):
            return try literal("NaN", try value(notFinite: .nan))
        case UInt8(ascii: "I"):
            return try literal("Infinity", try value(notFinite: .infinity))
        case UInt8(ascii: "-") where bytes[offset...].dropFirst().first == UInt8(ascii: "I"):
            return try literal("-Infinity", try value(notFinite: -.infinity))
        default: return try number()
        }
    }

    private mutating func value(notFinite number: Double) throws(Fault) -> JSONValue {
        guard policy != .refused else { throw fault("a number is not finite, which JSON does not have") }
        notFinite += 1
        return policy == .kept ? .double(number) : .null
    }

    private mutating func object() throws(Fault) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        offset += 1
        var members: [JSONValue.Member] = []
        if take(UInt8(ascii: "}")) { return .object([]) }
        repeat {
            guard peek() == UInt8(ascii: "\"") else { throw fault("a member's name in quotes should stand here") }
            let name = try string()
            guard take(UInt8(ascii: ":")) else { throw fault("a colon should follow a member's name") }
            members.append(JSONValue.Member(name, try value()))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw fault("an object should end or go on here") }
        return .object(members)
    }

    private mutating func array() throws(Fault) -> JSONValue {
        try enter()
        defer { depth -= 1 }
        offset += 1
        var values: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return .array([]) }
        repeat { values.append(try value()) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw fault("an array should end or go on here") }
        return .array(values)
    }

    private mutating func enter() throws(Fault) {
        depth += 1
        if depth > Self.maximumDepth { throw fault("is nested more than \(Self.maximumDepth) deep") }
    }

    private mutating func literal(_ text: String, _ value: JSONValue) throws(Fault) -> JSONValue {
        guard bytes[offset...].starts(with: text.utf8) else { throw fault("a value should stand here") }
        offset += text.utf8.count
        return value
    }

    private mutating func number() throws(Fault) -> JSONValue {
        let start = offset
        func digits() -> Int { bytes[offset...].prefix { $0 &- 0x30 < 10 }.count }
        if peek() == UInt8(ascii: "-") { offset += 1 }
        let whole = digits()
        guard whole == 1 || (whole > 1 && bytes[offset] != 0x30) else { throw fault("a value should stand here") }
        offset += whole
        var isWhole = true
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            isWhole = false
            offset += 1
            let fraction = digits()
            guard fraction > 0 else { throw fault("a number has no digits after its point") }
            offset += fraction
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            offset += 1
            if offset < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[offset]) { offset += 1 }
            let exponent = digits()
            guard exponent > 0 else { throw fault("a number has no digits in its exponent") }
            offset += exponent
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isWhole { return JSONValue(digits: text) }
        guard let number = Double(text) else { throw fault("a value should stand here") }
        return number.isFinite ? .double(number) : try value(notFinite: number)
    }

    private mutating func string() throws(Fault) -> String {
        offset += 1
        var text: [UInt8] = []
        while offset < bytes.count {
            let rest = bytes[offset...]
            let end = rest.firstIndex { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C } ?? bytes.count
            text.append(contentsOf: bytes[offset..<end])
            offset = end
            guard end < bytes.count else { break }
            offset += 1
            switch bytes[end] {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw fault("a text is not UTF-8") }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text)
            default: throw fault("a text has a bare control character")
            }
        }
        throw fault("a text does not end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(Fault) {
        guard offset < bytes.count else { throw fault("a text does not end") }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try hexadecimal()
            if (0xD800..<0xDC00).contains(value), bytes[offset...].starts(with: [0x5C, 0x75]) {
                let back = offset
                offset += 2
                let low = try hexadecimal()
                if (0xDC00..<0xE000).contains(low) {
                    value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    offset = back
                }
            }
            // Half a surrogate pair is no character, and Python writes them: the replacement character stands for it.
            let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw fault("a text has an unknown escape")
        }
    }

    private mutating func hexadecimal() throws(Fault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard offset < bytes.count, let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw fault("\\u should be followed by four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}
