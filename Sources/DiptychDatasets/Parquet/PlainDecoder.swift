internal import DiptychTensors

/// Values in Parquet's PLAIN encoding, given one at a time.
struct PlainDecoder {
    private let bytes: [UInt8]
    private var position: Int
    private let column: ParquetColumn
    private var bit = 0

    init(_ bytes: [UInt8], from position: Int, column: ParquetColumn) {
        self.bytes = bytes
        self.position = position
        self.column = column
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
        switch column.type {
        case .boolean:
            guard position < bytes.count else { throw ParquetFault("a page has fewer values than it says") }
            let value = bytes[position] >> bit & 1 == 1
            bit += 1
            if bit == 8 { (bit, position) = (0, position + 1) }
            return .bool(value)
        case .int32:
            let bits = try word(UInt32.self)
            return .int(column.isUnsigned ? Int64(bits) : Int64(Int32(bitPattern: bits)))
        case .int64:
            let bits = try word(UInt64.self)
            if column.isUnsigned, bits > UInt64(Int64.max) { return .double(Double(bits)) }
            return .int(Int64(bitPattern: bits))
        case .float: return .float(Float(bitPattern: try word(UInt32.self)))
        case .double: return .double(Double(bitPattern: try word(UInt64.self)))
        case .byteArray:
            let count = Int(try word(UInt32.self))
            let content = try take(count)
            return column.kind == .string ? .string(String(decoding: content, as: UTF8.self)) : .bytes(Array(content))
        case .fixedBytes:
            let content = try take(column.typeLength)
            guard column.isHalf else { return .bytes(Array(content)) }
            let bits = UInt16(content[content.startIndex]) | UInt16(content[content.startIndex + 1]) << 8
            return .float(Float(halfBits: bits))
        case .int96: throw ParquetFault("96-bit times are not read", kind: .unsupported)
        }
    }
}
