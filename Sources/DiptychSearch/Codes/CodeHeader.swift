internal import Foundation

/// What stands at the beginning of a segment's file and never changes.
struct CodeHeader: Equatable {
    /// The bytes that every such file begins with.
    static let magic: UInt64 = 0x4544_4F43_4854_5044  // "DPTHCODE"
    /// The format: layout, codes and rotation.
    static let version: UInt32 = 1

    var dimension: Int
    var capacity: Int
    /// The store that the codes belong to.
    var identity: UInt64
    /// The segment has all vectors after this one, up to its last.
    var after: Int64

    /// 64 bytes; the checksum at the end is over these and the centre.
    func encoded(centre: [Float]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(little: Self.magic)
        bytes.append(little: Self.version)
        bytes.append(little: UInt32(truncatingIfNeeded: dimension))
        bytes.append(little: UInt32(truncatingIfNeeded: capacity))
        bytes.append(little: UInt32(0))
        bytes.append(little: identity)
        bytes.append(little: after)
        bytes += [UInt8](repeating: 0, count: CodeLayout.headerBytes - 8 - bytes.count)
        bytes.append(little: Self.checksum(bytes, centre))
        return bytes
    }

    /// Reads a header; nil when it is not one of ours, or damaged.
    init?(_ bytes: [UInt8], centre: (Int) -> [Float]?) {
        guard bytes.count == CodeLayout.headerBytes, bytes.little(at: 0, as: UInt64.self) == Self.magic,
            bytes.little(at: 8, as: UInt32.self) == Self.version
        else { return nil }
        dimension = Int(bytes.little(at: 12, as: UInt32.self))
        capacity = Int(bytes.little(at: 16, as: UInt32.self))
        identity = bytes.little(at: 24, as: UInt64.self)
        after = bytes.little(at: 32, as: Int64.self)
        guard let layout = CodeLayout(dimension: dimension, capacity: capacity), layout.capacity == capacity,
            after >= 0, let values = centre(dimension), values.allSatisfy(\.isFinite),
            bytes.little(at: CodeLayout.headerBytes - 8, as: UInt64.self)
                == Self.checksum(Array(bytes.dropLast(8)), values)
        else { return nil }
    }

    init(dimension: Int, capacity: Int, identity: UInt64, after: Int64) {
        (self.dimension, self.capacity, self.identity, self.after) = (dimension, capacity, identity, after)
    }

    private static func checksum(_ bytes: [UInt8], _ centre: [Float]) -> UInt64 {
        var sum = Checksum()
        sum.add(bytes)
        for value in centre { sum.add(UInt64(value.bitPattern)) }
        return sum.value
    }
}

/// How much of a segment's file counts. There are two places for it, written in turn, so that a torn write leaves the one
/// before.
struct CodeCommit: Equatable {
    /// Counts the commits; the higher one counts.
    var sequence: UInt64
    /// The vectors, whole blocks.
    var count: Int
    /// The id of the last vector that the segment has seen, also when compaction has dropped it.
    var last: Int64

    static let bytes = 32

    func encoded(identity: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(little: sequence)
        bytes.append(little: UInt64(count))
        bytes.append(little: last)
        bytes.append(little: Self.checksum(bytes, identity))
        return bytes
    }

    /// Reads a commit; nil when it is torn or was never written.
    init?(_ bytes: [UInt8], header: CodeHeader) {
        guard bytes.count == Self.bytes,
            bytes.little(at: 24, as: UInt64.self) == Self.checksum(Array(bytes.dropLast(8)), header.identity)
        else { return nil }
        sequence = bytes.little(at: 0, as: UInt64.self)
        let count = bytes.little(at: 8, as: UInt64.self)
        last = bytes.little(at: 16, as: Int64.self)
        // The next one is counted on from it.
        guard sequence < .max, count <= UInt64(header.capacity), count % UInt64(CodeLayout.block) == 0,
            last >= header.after
        else {
            return nil
        }
        self.count = Int(count)
    }

    init(sequence: UInt64, count: Int, last: Int64) {
        (self.sequence, self.count, self.last) = (sequence, count, last)
    }

    private static func checksum(_ bytes: [UInt8], _ identity: UInt64) -> UInt64 {
        var sum = Checksum()
        sum.add(identity)
        sum.add(bytes)
        return sum.value
    }
}

/// FNV-1a of 64 bits: against accidents, not against forgers, from whom every use of the contents is protected by itself.
struct Checksum {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: [UInt8]) { for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 } }

    mutating func add(_ word: UInt64) {
        for shift in 0..<8 { value = (value ^ (word >> (8 * UInt64(shift)) & 255)) &* 0x100_0000_01B3 }
    }
}

extension [UInt8] {
    fileprivate mutating func append<T: FixedWidthInteger>(little value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// The number at `offset`, which must lie inside.
    fileprivate func little<T: FixedWidthInteger>(at offset: Int, as type: T.Type) -> T {
        withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
    }
}
