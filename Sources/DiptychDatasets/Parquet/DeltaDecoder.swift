/// Whole numbers in Parquet's DELTA_BINARY_PACKED encoding (Encodings.md of the format), given one at a time.
struct DeltaDecoder {
    /// The numbers that the header says there are.
    let count: Int
    private let bytes: [UInt8]
    private var position: Int
    private let perMiniblock: Int
    private let miniblocks: Int
    private var value: Int64
    private var given = 0
    // Of the present block.
    private var smallest: Int64 = 0
    private var widths: ArraySlice<UInt8> = []
    // Of the present miniblock.
    private var left = 0
    private var width = 0
    private var bit = 0

    private static let short = ParquetFault("a page has fewer values than it says")

    init(_ bytes: [UInt8], from start: Int) throws(ParquetFault) {
        var reader = ThriftReader(bytes, at: start)
        let (block, miniblocks) = (try reader.unsigned(), try reader.unsigned())
        let count = try reader.unsigned()
        let first = try reader.integer()
        guard (1...1 << 20).contains(block), (1...block).contains(miniblocks), block % miniblocks == 0,
            (block / miniblocks) % 8 == 0, count <= UInt64(Int32.max)
        else { throw ParquetFault("a page has damaged deltas") }
        self.bytes = bytes
        self.count = Int(count)
        self.miniblocks = Int(miniblocks)
        perMiniblock = Int(block / miniblocks)
        value = Int64(first)
        position = reader.position
    }

    /// The next number.
    mutating func next() throws(ParquetFault) -> Int64 {
        guard given < count else { throw Self.short }
        given += 1
        guard given > 1 else { return value }
        if left == 0 { try startMiniblock() }
        left -= 1
        value = value &+ smallest &+ Int64(bitPattern: packed())
        return value
    }

    private mutating func startMiniblock() throws(ParquetFault) {
        if widths.isEmpty { try startBlock() }
        guard let width = widths.popFirst(), width <= 64 else { throw ParquetFault("a page has damaged deltas") }
        let size = perMiniblock * Int(width) / 8
        let needed = (min(perMiniblock, count - given + 1) * Int(width) + 7) / 8
        // The last miniblock may be cut behind its last value.
        guard needed <= bytes.count - position else { throw Self.short }
        (self.width, left, bit) = (Int(width), perMiniblock, position * 8)
        position = min(position + size, bytes.count)
    }

    private mutating func startBlock() throws(ParquetFault) {
        var reader = ThriftReader(bytes, at: position)
        smallest = Int64(try reader.integer())
        position = reader.position
        guard miniblocks <= bytes.count - position else { throw Self.short }
        widths = bytes[position..<position + miniblocks]
        position += miniblocks
    }

    private mutating func packed() -> UInt64 {
        var (value, filled): (UInt64, Int) = (0, 0)
        while filled < width {
            let (byte, inside) = (bit >> 3, bit & 7)
            let some = min(8 - inside, width - filled)
            let part = UInt64(byte < bytes.count ? bytes[byte] : 0) >> UInt64(inside) & (1 << UInt64(some) - 1)
            value |= part << UInt64(filled)
            (filled, bit) = (filled + some, bit + some)
        }
        return value
    }

    /// The place behind the last number, found by the sizes of blocks alone.
    func end() throws(ParquetFault) -> Int {
        var rest = self
        var left = count - 1
        while left > 0 {
            try rest.startBlock()
            for width in rest.widths where left > 0 {
                guard width <= 64 else { throw ParquetFault("a page has damaged deltas") }
                rest.position += perMiniblock * Int(width) / 8
                left -= perMiniblock
            }
            guard left <= 0 || rest.position < bytes.count else { throw Self.short }
        }
        guard rest.position <= bytes.count else { throw Self.short }
        return rest.position
    }
}

/// Byte strings in DELTA_LENGTH_BYTE_ARRAY: all lengths first, as deltas, then all bytes.
struct DeltaLengthDecoder {
    private let bytes: [UInt8]
    private var lengths: DeltaDecoder
    private var position: Int

    init(_ bytes: [UInt8], from start: Int) throws(ParquetFault) {
        self.bytes = bytes
        lengths = try DeltaDecoder(bytes, from: start)
        position = try lengths.end()
    }

    mutating func next() throws(ParquetFault) -> ArraySlice<UInt8> {
        let length = try lengths.next()
        guard length >= 0, length <= Int64(bytes.count - position) else {
            throw ParquetFault("a page has fewer values than it says")
        }
        defer { position += Int(length) }
        return bytes[position..<position + Int(length)]
    }
}

/// Byte strings in DELTA_BYTE_ARRAY: each shares its beginning with the one before it.
struct DeltaBytesDecoder {
    private var prefixes: DeltaDecoder
    private var suffixes: DeltaLengthDecoder
    private var last: [UInt8] = []
    private var made = 0

    init(_ bytes: [UInt8], from start: Int) throws(ParquetFault) {
        prefixes = try DeltaDecoder(bytes, from: start)
        suffixes = try DeltaLengthDecoder(bytes, from: try prefixes.end())
    }

    mutating func next() throws(ParquetFault) -> ArraySlice<UInt8> {
        let shared = try prefixes.next()
        guard shared >= 0, shared <= Int64(last.count) else {
            throw ParquetFault("a value shares more than there is with the one before it")
        }
        last.removeSubrange(Int(shared)...)
        last += try suffixes.next()
        // A few bytes could stand for any number of long values.
        made += last.count
        guard made <= 2 * PageReader.maximumPageBytes else {
            throw ParquetFault("has a page of more than \(2 * PageReader.maximumPageBytes) bytes", kind: .tooLarge)
        }
        return last[...]
    }
}

/// Values in BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on.
struct StreamSplitDecoder {
    private let bytes: [UInt8]
    private let start: Int
    private let width: Int
    private let count: Int
    private var given = 0

    init(_ bytes: [UInt8], from start: Int, width: Int) throws(ParquetFault) {
        guard width > 0, (bytes.count - start) % width == 0 else {
            throw ParquetFault("a page is not a whole number of values")
        }
        (self.bytes, self.start, self.width) = (bytes, start, width)
        count = (bytes.count - start) / width
    }

    mutating func next() throws(ParquetFault) -> [UInt8] {
        guard given < count else { throw ParquetFault("a page has fewer values than it says") }
        defer { given += 1 }
        return (0..<width).map { bytes[start + $0 * count + given] }
    }
}
