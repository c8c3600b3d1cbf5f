internal import DiptychCheckpoints

/// Values in Parquet's PLAIN encoding, given one at a time.
struct PlainDecoder {
    private let bytes: [UInt8]
    private var position: Int
    private let leaf: ParquetLeaf
    private var bit = 0

    init(_ bytes: [UInt8], from position: Int, leaf: ParquetLeaf) {
        self.bytes = bytes
        self.position = position
        self.leaf = leaf
    }

    private mutating func take(_ count: Int) throws(ParquetFault) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - position else {
            throw ParquetFault("a page has fewer values than it says")
        }
        defer { position += count }
        return bytes[position..<position + count]
    }

    private mutating func word<T: FixedWidthInteger>(_: T.Type) throws(ParquetFault) -> T {
        try take(MemoryLayout<T>.size).reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
    }

    mutating func next() throws(ParquetFault) -> ParquetValue {
        switch leaf.type {
        case .boolean:
            guard position < bytes.count else { throw ParquetFault("a page has fewer values than it says") }
            let value = bytes[position] >> bit & 1 == 1
            bit += 1
            if bit == 8 { (bit, position) = (0, position + 1) }
            return .bool(value)
        case .int32: return leaf.value(Int64(Int32(bitPattern: try word(UInt32.self))))
        case .int64: return leaf.value(Int64(bitPattern: try word(UInt64.self)))
        case .int96:
            let nanoseconds = Int64(bitPattern: try word(UInt64.self))
            let day = try word(UInt32.self)
            return ParquetTime.timestamp(julianDay: day, nanoseconds: nanoseconds).map(ParquetValue.string) ?? .null
        case .float: return .float(Float(bitPattern: try word(UInt32.self)))
        case .double: return .double(Double(bitPattern: try word(UInt64.self)))
        case .byteArray: return leaf.value(try take(Int(try word(UInt32.self))))
        case .fixedBytes: return leaf.value(try take(leaf.typeLength))
        }
    }
}

extension ParquetLeaf {
    /// What a stored whole number means.
    func value(_ number: Int64) -> ParquetValue {
        switch meaning {
        case .unsigned:
            let bits = type == .int32 ? UInt64(UInt32(truncatingIfNeeded: number)) : UInt64(bitPattern: number)
            return Int64(exactly: bits).map(ParquetValue.int) ?? .string(String(bits))
        case .decimal(let scale):
            return ParquetDecimal.value(withUnsafeBytes(of: number.bigEndian, Array.init), scale: scale)
        case .date: return .string(ParquetTime.date(number))
        case .time(let unit): return ParquetTime.time(number, unit).map(ParquetValue.string) ?? .int(number)
        case .timestamp(let unit, let isUTC): return .string(ParquetTime.timestamp(number, unit, isUTC: isUTC))
        default: return .int(number)
        }
    }

    /// What stored bytes mean.
    func value(_ bytes: ArraySlice<UInt8>) -> ParquetValue {
        switch meaning {
        case .string: return .string(String(decoding: bytes, as: UTF8.self))
        case .half where bytes.count == 2:
            return .float(Float(halfBits: UInt16(bytes[bytes.startIndex]) | UInt16(bytes[bytes.startIndex + 1]) << 8))
        case .uuid:
            var text = ""
            for (index, byte) in bytes.enumerated() {
                if [4, 6, 8, 10].contains(index) { text += "-" }
                text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            return .string(text)
        case .decimal(let scale):
            // Longer ones are no number that somebody meant, and take their square in time.
            return bytes.count <= 64 ? ParquetDecimal.value(bytes, scale: scale) : .null
        default: return .bytes(Array(bytes))
        }
    }
}
