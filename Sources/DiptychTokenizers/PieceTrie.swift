/// The pieces of a vocabulary as a tree of bytes, to find every piece that a text goes on with.
///
/// A hash table from a node and a byte to the next node: as small as the pieces, and quick to build.
struct PieceTrie: Sendable {
    static let root: Int32 = 0

    private var keys: [UInt64]
    private var children: [Int32]
    private var mask: Int
    /// Random, so that a file cannot be made to fill one slot.
    private let seed = UInt64.random(in: .min ... .max)
    /// The id of the piece that ends at each node, or -1.
    private var ids: [Int32] = [-1]

    /// Makes a tree without pieces, with room for about `capacity` bytes of them.
    init(capacity: Int) {
        let size = max(64, capacity * 2).nextPowerOfTwo
        keys = [UInt64](repeating: .max, count: size)
        children = [Int32](repeating: 0, count: size)
        mask = size - 1
    }

    /// Adds a piece; an empty one is left out, because nothing goes on with it.
    mutating func insert(_ piece: some Sequence<UInt8>, id: Int32) {
        var node = Self.root
        for byte in piece {
            if ids.count * 2 > keys.count { grow() }
            let key = Self.key(node, byte)
            let slot = find(key)
            if keys[slot] != key {
                keys[slot] = key
                children[slot] = Int32(truncatingIfNeeded: ids.count)
                ids.append(-1)
            }
            node = children[slot]
        }
        if node != Self.root { ids[Int(node)] = id }
    }

    /// The node behind a node and a byte, or nil where no piece goes on so.
    @inline(__always)
    func child(of node: Int32, _ byte: UInt8) -> Int32? {
        let key = Self.key(node, byte)
        let slot = find(key)
        return keys[slot] == key ? children[slot] : nil
    }

    /// The id of the piece that ends at a node, or -1.
    @inline(__always)
    func id(at node: Int32) -> Int32 { ids[Int(node)] }

    private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 {
        UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
    }

    @inline(__always)
    private func find(_ key: UInt64) -> Int {
        var hash = (key ^ seed) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 32
        var slot = Int(truncatingIfNeeded: hash) & mask
        while keys[slot] != key && keys[slot] != .max { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let (oldKeys, oldChildren) = (keys, children)
        keys = [UInt64](repeating: .max, count: oldKeys.count * 2)
        children = [Int32](repeating: 0, count: keys.count)
        mask = keys.count - 1
        for (key, child) in zip(oldKeys, oldChildren) where key != .max {
            let slot = find(key)
            keys[slot] = key
            children[slot] = child
        }
    }
}
