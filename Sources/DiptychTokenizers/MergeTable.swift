/// Which two pieces join to which, and how early: a hash table from a pair of ids to a rank and the joined id.
struct MergeTable: Sendable {
    /// A rank that no merge has.
    static let none = UInt64.max

    /// Side by side, so that a look-up touches one line of memory.
    private struct Slot {
        var key = UInt64.max
        var value = MergeTable.none
    }

    private var slots: [Slot]
    private var mask: Int
    /// Random, so that a file cannot be made to fill one slot.
    private var seed = UInt64.random(in: .min ... .max)
    private(set) var count = 0

    init(capacity: Int) {
        let size = max(64, capacity * 2).nextPowerOfTwo
        slots = [Slot](repeating: Slot(), count: size)
        mask = size - 1
    }

    /// Adds the next merge in rank; false where the pair was there already.
    mutating func append(_ left: Int32, _ right: Int32, joined: Int32) -> Bool {
        if (count + 1) * 2 > slots.count { grow() }
        let key = Self.key(left, right)
        let slot = find(key)
        guard slots[slot].key != key else { return false }
        slots[slot] = Slot(key: key, value: UInt64(count) << 32 | UInt64(UInt32(bitPattern: joined)))
        count += 1
        return true
    }

    /// Rank in the upper half and joined id in the lower, or `none`.
    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> UInt64 {
        slots[find(Self.key(left, right))].value
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private func find(_ key: UInt64) -> Int {
        var hash = (key ^ seed) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 32
        var slot = Int(truncatingIfNeeded: hash &* 0xD6E8_FEB8_6659_FD93 >> 32) & mask
        while slots[slot].key != key && slots[slot].key != .max { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        var larger = MergeTable(capacity: slots.count)
        for slot in slots where slot.key != .max { larger.slots[larger.find(slot.key)] = slot }
        larger.count = count
        self = larger
    }
}
