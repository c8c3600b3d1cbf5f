internal import Crypto

/// One of several equal parts of a job, each of which may run anywhere and at any time.
///
/// An input belongs to the part whose index is the first eight bytes of the SHA-256 of its locator, as a big-endian number,
/// modulo the number of parts: the same everywhere and for ever, whatever else is in the list and in which order.
public struct Shard: Sendable, Equatable, CustomStringConvertible {
    /// The part, from 0.
    public let index: Int
    /// The number of parts.
    public let count: Int

    /// More parts than these are refused.
    public static let limit = 1_000_000

    /// The part `index` of `count`; nil where there is no such part.
    public init?(index: Int, count: Int) {
        guard (1...Self.limit).contains(count), (0..<count).contains(index) else { return nil }
        self.index = index
        self.count = count
    }

    /// Reads `index/count`, as in `0/4`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let digits = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { $0 &- 0x30 < 10 } }
        guard parts.count == 2, digits, let index = Int(parts[0]), let count = Int(parts[1]) else { return nil }
        self.init(index: index, count: count)
    }

    /// `index/count`.
    public var description: String { "\(index)/\(count)" }

    /// Whether the input called `locator` belongs to this part.
    public func holds(_ locator: String) -> Bool {
        let hash = SHA256.hash(data: Array(locator.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return hash % UInt64(count) == UInt64(index)
    }
}
