/// A strict reader of JSON (RFC 8259) over bytes that are known to be UTF-8.
///
/// A vocabulary is one object with fifty thousand members. Reading it member by member into byte tables takes a few
/// milliseconds, a tenth of what a general decoder needs to build a dictionary of strings.
struct JSONReader {
    /// Nesting beyond this is refused, so that a hostile file cannot exhaust the stack.
    static let maximumDepth = 64

    let file: String
    let bytes: [UInt8]
    private(set) var offset: Int
    private var depth = 0

    init(_ source: FileBytes, at offset: Int = 0) throws(TokenizerError) {
        file = source.name
        bytes = source.bytes
        self.offset = offset
        if offset == 0 { try source.validateUTF8() }
    }

    /// An error at the present position.
    func failure(_ reason: String, key: String = "") -> TokenizerError {
        let line = 1 + bytes[..<min(offset, bytes.count)].count { $0 == UInt8(ascii: "\n") }
        let place = key.isEmpty ? "line \(line), byte \(offset)" : "line \(line), key \(key.debugDescription)"
        return TokenizerError(.malformed, file: file, place: place, reason: reason)
    }

    /// The first byte of the next value, or nil at the end.
    mutating func peek() -> UInt8? {
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
    mutating func end() throws(TokenizerError) {
        if peek() != nil { throw failure("has something after the end of the document") }
    }

    /// Reads an object; `member` must consume each value. The key stands in `key`, and `count` says how long it is.
    mutating func object(
        _ member: (inout JSONReader, _ key: ArraySlice<UInt8>) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
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
    mutating func array(_ element: (inout JSONReader) throws(TokenizerError) -> Void) throws(TokenizerError) {
        guard take(UInt8(ascii: "[")) else { throw failure("should be an array") }
        try enter()
        defer { depth -= 1 }
        if take(UInt8(ascii: "]")) { return }
        repeat { try element(&self) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw failure("an array should end or go on here") }
    }

    private mutating func enter() throws(TokenizerError) {
        depth += 1
        if depth > Self.maximumDepth { throw failure("is nested more than \(Self.maximumDepth) deep") }
    }

    /// Reads a whole number that fits the vocabulary's ids.
    mutating func identifier() throws(TokenizerError) -> Int32 {
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
    mutating func string(into buffer: inout [UInt8]) throws(TokenizerError) {
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

    private mutating func escape(into buffer: inout [UInt8]) throws(TokenizerError) {
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
                offset += 2
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw failure("an escape is half a surrogate pair") }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(value) else { throw failure("an escape is half a surrogate pair") }
            buffer.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw failure("a string has an unknown escape")
        }
    }

    private mutating func hexadecimal() throws(TokenizerError) -> UInt32 {
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

    /// Reads a number as text of the JSON grammar.
    mutating func number() throws(TokenizerError) -> Double {
        _ = peek()
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
            offset += 1
            guard digits(&self) > 0 else { throw failure("a number has no digits after its point") }
        }
        if next(in: [UInt8(ascii: "e"), UInt8(ascii: "E")]) {
            offset += 1
            if next(in: [UInt8(ascii: "+"), UInt8(ascii: "-")]) { offset += 1 }
            guard digits(&self) > 0 else { throw failure("a number has no digits in its exponent") }
        }
        guard let value = Double(String(decoding: bytes[start..<offset], as: UTF8.self)) else {
            throw failure("should be a number")
        }
        return value
    }

    private func next(in set: [UInt8]) -> Bool { offset < bytes.count && set.contains(bytes[offset]) }

    /// Consumes a literal such as `true`.
    mutating func literal(_ text: StaticString) -> Bool {
        _ = peek()
        let count = text.utf8CodeUnitCount
        guard offset + count <= bytes.count else { return false }
        let same = text.withUTF8Buffer { bytes[offset..<offset + count].elementsEqual($0) }
        if same { offset += count }
        return same
    }
}
