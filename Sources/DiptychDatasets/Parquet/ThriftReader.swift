/// Bytes that are not what a Parquet file should hold.
struct ParquetFault: Error {
    let kind: DatasetError.Kind
    let reason: String

    init(_ reason: String, kind: DatasetError.Kind = .malformed) {
        self.kind = kind
        self.reason = reason
    }
}

/// A reader of Thrift's compact protocol (thrift/doc/specs/thrift-compact-protocol.md) over bytes in memory.
struct ThriftReader {
    /// The wire types of the protocol.
    enum WireType: UInt8 {
        case stop, yes, no, byte, int16, int32, int64, double, binary, list, set, map, structure
    }

    /// Nesting beyond this is refused, so that a hostile file cannot exhaust the stack.
    private static let maximumDepth = 32

    private let bytes: [UInt8]
    private(set) var position: Int
    private var depth = 0
    /// Whether reading stopped at the end of the bytes, which more of them would cure.
    private(set) var isShort = false

    init(_ bytes: [UInt8], at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    mutating func byte() throws(ParquetFault) -> UInt8 {
        guard position < bytes.count else {
            isShort = true
            throw ParquetFault("a header ends too early")
        }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func unsigned() throws(ParquetFault) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            let byte = try byte()
            if shift < 64 { value |= UInt64(byte & 0x7F) << UInt64(shift) }
            if byte & 0x80 == 0 { return value }
        }
        throw ParquetFault("a number in a header is too long")
    }

    /// A zigzag number.
    mutating func integer() throws(ParquetFault) -> Int {
        let value = try unsigned()
        return Int(Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1))
    }

    mutating func binary() throws(ParquetFault) -> ArraySlice<UInt8> {
        let count = try unsigned()
        guard count <= UInt64(bytes.count - position) else {
            isShort = true
            throw ParquetFault("a text in a header is longer than the header")
        }
        defer { position += Int(count) }
        return bytes[position..<position + Int(count)]
    }

    mutating func string() throws(ParquetFault) -> String { String(decoding: try binary(), as: UTF8.self) }

    /// The values of a list; `body` must consume each. A list of more than `limit` is refused: a value of one byte may take
    /// a hundred in memory.
    mutating func list<T>(
        of wanted: WireType, limit: Int, _ body: (inout ThriftReader) throws(ParquetFault) -> T
    ) throws(ParquetFault) -> [T] {
        let (type, count) = try listHeader()
        guard count == 0 || type == wanted else { throw ParquetFault("a list in a header is of another type") }
        guard count <= limit else { throw ParquetFault("has a list of \(count) in its header", kind: .tooLarge) }
        var values: [T] = []
        for _ in 0..<count { values.append(try body(&self)) }
        return values
    }

    private mutating func listHeader() throws(ParquetFault) -> (WireType, Int) {
        let head = try byte()
        guard let type = WireType(rawValue: head & 0xF) else { throw ParquetFault("a list in a header has no type") }
        let count = head >> 4 == 15 ? try unsigned() : UInt64(head >> 4)
        // Each element takes a byte at least.
        guard count <= UInt64(bytes.count - position) else {
            isShort = true
            throw ParquetFault("a list in a header is longer than the header")
        }
        return (type, Int(count))
    }

    /// Reads a structure field by field. `field` consumes the values that it knows and gives false for the others.
    mutating func structure(
        _ field: (inout ThriftReader, _ id: Int, _ type: WireType) throws(ParquetFault) -> Bool
    ) throws(ParquetFault) {
        try enter()
        defer { depth -= 1 }
        var id = 0
        while true {
            let head = try byte()
            guard let type = WireType(rawValue: head & 0xF) else { throw ParquetFault("a field has no type") }
            if type == .stop { return }
            if head >> 4 == 0 {
                id = try integer()
            } else {
                id = id &+ Int(head >> 4)
            }
            if try !field(&self, id, type) { try skip(type) }
        }
    }

    private mutating func enter() throws(ParquetFault) {
        depth += 1
        if depth > Self.maximumDepth { throw ParquetFault("a header is nested too deep") }
    }

    private mutating func skip(_ type: WireType) throws(ParquetFault) {
        switch type {
        case .stop, .yes, .no: break
        case .byte: _ = try byte()
        case .int16, .int32, .int64: _ = try unsigned()
        case .double: for _ in 0..<8 { _ = try byte() }
        case .binary: _ = try binary()
        case .list, .set:
            let (element, count) = try listHeader()
            try enter()
            defer { depth -= 1 }
            for _ in 0..<count { try skipElement(element) }
        case .map:
            let count = try unsigned()
            guard count > 0 else { return }
            let types = try byte()
            guard let key = WireType(rawValue: types >> 4), let value = WireType(rawValue: types & 0xF),
                count <= UInt64(bytes.count - position)
            else { throw ParquetFault("a map in a header is damaged") }
            try enter()
            defer { depth -= 1 }
            for _ in 0..<count {
                try skipElement(key)
                try skipElement(value)
            }
        case .structure: try structure { (_, _, _) throws(ParquetFault) in false }
        }
    }

    /// In a list, a truth value takes a byte.
    private mutating func skipElement(_ type: WireType) throws(ParquetFault) {
        if type == .yes || type == .no { _ = try byte() } else { try skip(type) }
    }
}
