/// Which two pieces join to which, and how early: a hash table from a pair of ids to a rank and the joined id.
struct MergeTable: Sendable {
    /// A rank that no merge has.
    static let none = UInt64.max

    private var keys: [UInt64]
    private var values: [UInt64]
    private var mask: Int
    /// Random, so that a file cannot be made to fill one slot.
    private var seed = UInt64.random(in: .min ... .max)
    private(set) var count = 0

    init(capacity: Int) {
        let size = max(64, capacity * 2).nextPowerOfTwo
        keys = [UInt64](repeating: .max, count: size)
        values = [UInt64](repeating: Self.none, count: size)
        mask = size - 1
    }

    /// Adds the next merge in rank; false where the pair was there already.
    mutating func append(_ left: Int32, _ right: Int32, joined: Int32) -> Bool {
        if (count + 1) * 2 > keys.count { grow() }
        let key = Self.key(left, right)
        let slot = find(key)
        guard keys[slot] != key else { return false }
        keys[slot] = key
        values[slot] = UInt64(count) << 32 | UInt64(UInt32(bitPattern: joined))
        count += 1
        return true
    }

    /// Rank in the upper half and joined id in the lower, or `none`.
    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> UInt64 {
        values[find(Self.key(left, right))]
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private func find(_ key: UInt64) -> Int {
        var hash = (key ^ seed) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 32
        var slot = Int(truncatingIfNeeded: hash &* 0xD6E8_FEB8_6659_FD93 >> 32) & mask
        while keys[slot] != key && keys[slot] != .max { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        var larger = MergeTable(capacity: keys.count)
        for (key, value) in zip(keys, values) where key != .max {
            let slot = larger.find(key)
            larger.keys[slot] = key
            larger.values[slot] = value
        }
        larger.count = count
        self = larger
    }
}
