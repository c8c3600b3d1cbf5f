/// A place behind an item of a ranking, so that the next page goes on there.
///
/// Items that were added since the first page are left out of later ones, so that no item comes twice and none is passed
/// over while a store grows.
public struct SearchCursor: Sendable, Hashable, CustomStringConvertible {
    /// What the store held when the first page was given; items beyond it are left out. Its meaning is the store's: the
    /// highest item number, or a time.
    public let snapshot: Int64
    /// The items on the pages so far.
    public let position: Int
    /// The cosine of the last one.
    public let similarity: Float
    /// The number of the last one.
    public let item: Int64

    /// A place behind the item `item`, whose cosine is `similarity`.
    public init(snapshot: Int64, position: Int, similarity: Float, item: Int64) {
        self.snapshot = snapshot
        self.position = position
        self.similarity = similarity
        self.item = item
    }

    /// Reads what ``description`` wrote; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count <= 80, parts.count == 5, parts[0] == "p1", let snapshot = Int64(parts[1], radix: 36),
            let position = Int(parts[2], radix: 36), position >= 0, let bits = UInt32(parts[3], radix: 36),
            let item = Int64(parts[4], radix: 36), Float(bitPattern: bits).isFinite
        else { return nil }
        self.init(snapshot: snapshot, position: position, similarity: Float(bitPattern: bits), item: item)
    }

    /// A text without spaces that a client may keep and give back.
    public var description: String {
        "p1-\(String(snapshot, radix: 36))-\(String(position, radix: 36))-"
            + "\(String(similarity.bitPattern, radix: 36))-\(String(item, radix: 36))"
    }

    /// Whether an item of this cosine and number ranks behind the place.
    public func isBefore(similarity: Float, item: Int64) -> Bool {
        similarity != self.similarity ? similarity < self.similarity : item > self.item
    }
}
