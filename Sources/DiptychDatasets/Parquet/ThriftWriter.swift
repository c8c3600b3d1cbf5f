/// A writer of Thrift's compact protocol.
struct ThriftWriter {
    private(set) var bytes: [UInt8] = []
    private var last: [Int] = [0]

    mutating func unsigned(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    /// A zigzag number.
    mutating func integer(_ value: Int) { unsigned(UInt64(bitPattern: Int64(value << 1 ^ value >> 63))) }

    mutating func binary(_ text: String) {
        unsigned(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func head(_ id: Int, _ type: ThriftReader.WireType) {
        let step = id - last[last.count - 1]
        precondition((1...15).contains(step), "fields are written in their order")
        bytes.append(UInt8(step) << 4 | type.rawValue)
        last[last.count - 1] = id
    }

    mutating func field(_ id: Int, int32 value: Int) {
        head(id, .int32)
        integer(value)
    }

    mutating func field(_ id: Int, bool value: Bool) { head(id, value ? .yes : .no) }

    mutating func field(_ id: Int, int64 value: Int) {
        head(id, .int64)
        integer(value)
    }

    mutating func field(_ id: Int, string: String) {
        head(id, .binary)
        binary(string)
    }

    mutating func field(_ id: Int, structure body: (inout ThriftWriter) -> Void) {
        head(id, .structure)
        structure(body)
    }

    mutating func structure(_ body: (inout ThriftWriter) -> Void) {
        last.append(0)
        body(&self)
        last.removeLast()
        bytes.append(0)
    }

    mutating func field<T>(
        _ id: Int, list values: [T], of type: ThriftReader.WireType, _ body: (inout ThriftWriter, T) -> Void
    ) {
        head(id, .list)
        if values.count < 15 {
            bytes.append(UInt8(values.count) << 4 | type.rawValue)
        } else {
            bytes.append(0xF0 | type.rawValue)
            unsigned(UInt64(values.count))
        }
        for value in values { body(&self, value) }
    }
}
