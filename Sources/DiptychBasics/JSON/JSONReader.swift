/// Why a text is no JSON, and at which byte.
public struct JSONFault: Error, Sendable, Equatable {
    /// The byte, from 0.
    public let offset: Int
    /// What is wrong.
    public let reason: String
    /// The member that is wrong, where its place is not what matters.
    public let key: String

    /// Describes a fault.
    public init(offset: Int, reason: String, key: String = "") {
        self.offset = offset
        self.reason = reason
        self.key = key
    }
}

/// A strict reader of JSON (RFC 8259) over bytes, value by value: the only one that this package has.
///
/// A vocabulary is one object with fifty thousand members. Reading it member by member into byte tables takes a few
/// milliseconds, a tenth of what a general decoder needs to build a dictionary of strings. ``JSONParser`` makes a tree of what
/// this reads.
package struct JSONReader {
    /// Nesting beyond this is refused, so that a hostile file cannot exhaust the stack.
    package static let maximumDepth = 64

    /// The document.
    package let bytes: [UInt8]
    /// The next byte that is not read.
    package private(set) var offset: Int
    private var depth = 0
    /// Whether half a surrogate pair, which Python writes, becomes U+FFFD instead of a fault.
    private let replacesHalves: Bool

    /// Reads `bytes` from `offset` on. Texts are given as they are: whether they are UTF-8 is the caller's to check.
    package init(_ bytes: [UInt8], at offset: Int = 0, replacesHalves: Bool = false) {
        self.bytes = bytes
        self.offset = offset
        self.replacesHalves = replacesHalves
    }

    /// A fault at the present position.
    package func failure(_ reason: String, key: String = "") -> JSONFault {
        JSONFault(offset: offset, reason: reason, key: key)
    }

    /// The first byte of the next value, or nil at the end.
    package mutating func peek() -> UInt8? {
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

    /// Refuses anything but white space after the document.
    package mutating func end() throws(JSONFault) {
        if peek() != nil { throw failure("has something after the end of the document") }
    }

    /// Reads an object; `member` must consume each value. The key stands in `key`, and `count` says how long it is.
    package mutating func object(
        _ member: (inout JSONReader, _ key: ArraySlice<UInt8>) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        guard take(UInt8(ascii: "{")) else { throw failure("should be an object") }
        try enter()
        defer { depth -= 1 }
        if take(UInt8(ascii: "}")) { return }
        var key: [UInt8] = []
        repeat {
            key.removeAll(keepingCapacity: true)
            try string(into: &key)
            guard take(UInt8(ascii: ":")) else { throw failure("a colon should follow the key") }
            try member(&self, key[...])
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw failure("an object should end or go on here") }
    }

    /// Reads an array; `element` must consume each value.
    package mutating func array(_ element: (inout JSONReader) throws(JSONFault) -> Void) throws(JSONFault) {
        guard take(UInt8(ascii: "[")) else { throw failure("should be an array") }
        try enter()
        defer { depth -= 1 }
        if take(UInt8(ascii: "]")) { return }
        repeat { try element(&self) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw failure("an array should end or go on here") }
    }

    private mutating func enter() throws(JSONFault) {
        depth += 1
        if depth > Self.maximumDepth { throw failure("is nested more than \(Self.maximumDepth) deep") }
    }

    /// Reads a whole number from 0 to the largest of 32 bits with a sign, such as an id of a vocabulary.
    package mutating func identifier() throws(JSONFault) -> Int32 {
        _ = peek()
        let start = offset
        var value = 0
        while offset < bytes.count, case let digit = bytes[offset] &- 0x30, digit < 10 {
            value = value * 10 + Int(digit)
            offset += 1
            if value > Int(Int32.max) { throw failure("an id is at most \(Int32.max)") }
        }
        let count = offset - start
        guard count > 0, count == 1 || bytes[start] != 0x30 else { throw failure("should be an id: a whole number") }
        if offset < bytes.count, [0x2E, 0x65, 0x45].contains(bytes[offset]) {
            throw failure("should be an id: a whole number")
        }
        return Int32(value)
    }

    /// Appends a string's UTF-8 bytes, unescaped, to `buffer`.
    package mutating func string(into buffer: inout [UInt8]) throws(JSONFault) {
        guard take(UInt8(ascii: "\"")) else { throw failure("should be a string") }
        while offset < bytes.count {
            var end = offset
            while end < bytes.count, bytes[end] >= 0x20, bytes[end] != 0x22, bytes[end] != 0x5C { end += 1 }
            buffer.append(contentsOf: bytes[offset..<end])
            offset = end + 1
            guard end < bytes.count else { break }
            switch bytes[end] {
            case UInt8(ascii: "\""): return
            case UInt8(ascii: "\\"): try escape(into: &buffer)
            default: throw failure("a string has a bare control character")
            }
        }
        throw failure("a string does not end")
    }

    private mutating func escape(into buffer: inout [UInt8]) throws(JSONFault) {
        guard offset < bytes.count else { throw failure("a string does not end") }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"):
            var value = try hexadecimal()
            if (0xD800..<0xDC00).contains(value), offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
                bytes[offset + 1] == UInt8(ascii: "u")
            {
                let back = offset
                offset += 2
                let low = try hexadecimal()
                if (0xDC00..<0xE000).contains(low) {
                    value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    // An escape by itself.
                    offset = back
                }
            }
            guard let scalar = Unicode.Scalar(value) ?? (replacesHalves ? "\u{FFFD}" : nil) else {
                throw failure("an escape is half a surrogate pair")
            }
            buffer.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw failure("a string has an unknown escape")
        }
    }

    private mutating func hexadecimal() throws(JSONFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard offset < bytes.count, let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw failure("\\u should be followed by four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    /// Reads a number, to the nearest 64-bit float.
    package mutating func number() throws(JSONFault) -> Double {
        guard let value = Double(try numeral().text) else { throw failure("should be a number") }
        return value
    }

    /// Reads a number as a text of JSON's grammar, and whether it is a whole one.
    package mutating func numeral() throws(JSONFault) -> (text: String, isWhole: Bool) {
        _ = peek()
        var isWhole = true
        let start = offset
        func digits(_ reader: inout JSONReader) -> Int {
            let first = reader.offset
            while reader.offset < reader.bytes.count, reader.bytes[reader.offset] &- 0x30 < 10 { reader.offset += 1 }
            return reader.offset - first
        }
        if next(in: [UInt8(ascii: "-")]) { offset += 1 }
        let leadingZero = next(in: [0x30])
        let whole = digits(&self)
        guard whole == 1 || (whole > 1 && !leadingZero) else { throw failure("should be a value") }
        if next(in: [UInt8(ascii: ".")]) {
            isWhole = false
            offset += 1
            guard digits(&self) > 0 else { throw failure("a number has no digits after its point") }
        }
        if next(in: [UInt8(ascii: "e"), UInt8(ascii: "E")]) {
            isWhole = false
            offset += 1
            if next(in: [UInt8(ascii: "+"), UInt8(ascii: "-")]) { offset += 1 }
            guard digits(&self) > 0 else { throw failure("a number has no digits in its exponent") }
        }
        return (String(decoding: bytes[start..<offset], as: UTF8.self), isWhole)
    }

    private func next(in set: [UInt8]) -> Bool { offset < bytes.count && set.contains(bytes[offset]) }

    /// Consumes a literal such as `true`.
    package mutating func literal(_ text: StaticString) -> Bool {
        _ = peek()
        let count = text.utf8CodeUnitCount
        guard offset + count <= bytes.count else { return false }
        let same = text.withUTF8Buffer { bytes[offset..<offset + count].elementsEqual($0) }
        if same { offset += count }
        return same
    }
}
