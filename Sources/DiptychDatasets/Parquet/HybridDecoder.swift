/// Numbers of a fixed width in Parquet's RLE / bit-packing hybrid, given one at a time: levels, dictionary indices and,
/// in pages of the second version, truth values.
struct HybridDecoder {
    private let bytes: [UInt8]
    private var position: Int
    private let end: Int
    private let width: Int
    /// What is left of the present run.
    private var left = 0
    private var isPacked = false
    private var repeated: UInt32 = 0
    /// The next packed value's place, in bits from the start of the bytes.
    private var bit = 0

    /// - Parameter width: bits a number, at most 32.
    init(_ bytes: [UInt8], _ range: Range<Int>, width: Int) throws(ParquetFault) {
        guard (0...32).contains(width) else { throw ParquetFault("has numbers of \(width) bits") }
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else {
            throw ParquetFault("a page ends too early")
        }
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
        self.width = width
    }

    mutating func next() throws(ParquetFault) -> Int {
        if left == 0 { try startRun() }
        left -= 1
        guard isPacked else { return Int(repeated) }
        var value: UInt64 = 0
        // At most five bytes hold 32 bits from any bit on.
        let first = bit >> 3
        for index in 0..<5 where first + index < end { value |= UInt64(bytes[first + index]) << UInt64(8 * index) }
        value >>= UInt64(bit & 7)
        bit += width
        return Int(value & (1 << UInt64(width) - 1))
    }

    private mutating func startRun() throws(ParquetFault) {
        // Runs of no values are allowed, and each takes a byte at least.
        while left == 0 {
            var head: UInt64 = 0
            for shift in stride(from: 0, through: 28, by: 7) {
                guard position < end else { throw ParquetFault("a page has fewer values than it says") }
                let byte = bytes[position]
                position += 1
                head |= UInt64(byte & 0x7F) << UInt64(shift)
                if byte & 0x80 == 0 { break }
                guard shift < 28 else { throw ParquetFault("a run of a page is too long") }
            }
            let count = Int(head >> 1)
            isPacked = head & 1 == 1
            if isPacked {
                // The last group may be cut short behind its last value.
                let available = width == 0 ? count * 8 : (end - position) * 8 / width
                left = min(count * 8, available)
                bit = position * 8
                position = min(position + count * width, end)
                if left == 0, count > 0 { throw ParquetFault("a page has fewer values than it says") }
            } else {
                let size = (width + 7) / 8
                guard size <= end - position else { throw ParquetFault("a page has fewer values than it says") }
                repeated = 0
                for index in 0..<size { repeated |= UInt32(bytes[position + index]) << UInt32(8 * index) }
                if width < 32, repeated >> UInt32(width) != 0 {
                    throw ParquetFault("a run has a number that is too large")
                }
                position += size
                left = count
            }
        }
    }
}
