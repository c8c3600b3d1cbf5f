/// The pieces of a vocabulary and their ids, as one run of bytes and a hash table over it.
///
/// Fifty thousand `String`s would cost most of the start-up time and serve only decoding.
struct Vocabulary: Sendable {
    private var text: [UInt8] = []
    private var ends: [UInt32] = []
    private var identifiers: [Int32] = []
    /// For each slot the entry in the lower half and a part of its hash in the upper, or all ones.
    private var slots: [UInt64]
    private var mask: Int
    /// Random, so that a file cannot be made to fill one slot.
    private let seed = UInt64.random(in: .min ... .max)
    /// The entry of each id, once `seal` has checked them.
    private var entries: [Int32] = []

    /// Makes an empty vocabulary with room for about `capacity` pieces.
    init(capacity: Int) {
        let count = max(64, capacity * 2).nextPowerOfTwo
        slots = [UInt64](repeating: .max, count: count)
        mask = count - 1
        text.reserveCapacity(capacity * 8)
        ends.reserveCapacity(capacity)
        identifiers.reserveCapacity(capacity)
    }

    /// How many pieces there are.
    var count: Int { ends.count }

    /// Adds a piece; false where it was there already.
    mutating func insert(_ piece: some Collection<UInt8>, id: Int32) -> Bool {
        if (count + 1) * 2 > slots.count { grow() }
        let hash = hash(piece)
        let slot = find(piece, hash: hash)
        guard slots[slot] == .max else { return false }
        slots[slot] = hash & Self.tagMask | UInt64(count)
        text.append(contentsOf: piece)
        ends.append(UInt32(text.count))
        identifiers.append(id)
        return true
    }

    /// The id of a piece.
    func id(of piece: some Collection<UInt8>) -> Int32? {
        let slot = slots[find(piece, hash: hash(piece))]
        return slot == .max ? nil : identifiers[Int(slot & ~Self.tagMask)]
    }

    /// The piece of an id, after `seal`.
    func piece(_ id: Int32) -> ArraySlice<UInt8>? {
        entries.indices.contains(Int(id)) ? piece(entry: Int(entries[Int(id)])) : nil
    }

    /// Checks that ids run from 0 to `count` - 1 without a gap, and makes pieces findable by id. On failure, the piece
    /// that breaks the rule.
    mutating func seal() -> String? {
        entries = [Int32](repeating: -1, count: count)
        for (entry, id) in identifiers.enumerated() {
            guard entries.indices.contains(Int(id)), entries[Int(id)] < 0 else {
                return String(decoding: piece(entry: entry), as: UTF8.self)
            }
            entries[Int(id)] = Int32(entry)
        }
        return nil
    }

    private func piece(entry: Int) -> ArraySlice<UInt8> {
        text[(entry == 0 ? 0 : Int(ends[entry - 1]))..<Int(ends[entry])]
    }

    private static let tagMask: UInt64 = 0xFFFF_FFFF_0000_0000

    /// The slot that holds a piece, or the empty one where it belongs.
    private func find(_ piece: some Collection<UInt8>, hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != .max {
            let same = (slots[slot] ^ hash) & Self.tagMask == 0
            if same, isPiece(piece, entry: Int(slots[slot] & ~Self.tagMask)) { break }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private func isPiece(_ piece: some Collection<UInt8>, entry: Int) -> Bool {
        var index = entry == 0 ? 0 : Int(ends[entry - 1])
        guard Int(ends[entry]) - index == piece.count else { return false }
        for byte in piece {
            if text[index] != byte { return false }
            index += 1
        }
        return true
    }

    private func hash(_ piece: some Collection<UInt8>) -> UInt64 {
        var hash = seed
        for byte in piece {
            hash = (hash ^ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        return hash ^ hash >> 7
    }

    private mutating func grow() {
        slots = [UInt64](repeating: .max, count: slots.count * 2)
        mask = slots.count - 1
        for entry in 0..<count {
            let hash = hash(piece(entry: entry))
            slots[find(piece(entry: entry), hash: hash)] = hash & Self.tagMask | UInt64(entry)
        }
    }
}

extension Int {
    /// The smallest power of two that is not less.
    var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
