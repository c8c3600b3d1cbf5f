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

    /// No list of results is longer than what JSON's numbers count exactly.
    private static let positions = 0...1 << 53

    /// Reads what ``description`` wrote; nil for anything else.
    ///
    /// Whatever a client makes up, its numbers are such that a page more can be counted on to them.
    public init?(_ text: String) {
        guard text.utf8.count <= 80 else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "p1", let snapshot = Int64(parts[1], radix: 36), snapshot >= 0,
            let position = Int(parts[2], radix: 36), Self.positions.contains(position),
            let bits = UInt32(parts[3], radix: 36), Float(bitPattern: bits).isFinite,
            let item = Int64(parts[4], radix: 36), item >= 0
        else { return nil }
        self.init(snapshot: snapshot, position: position, similarity: Float(bitPattern: bits), item: item)
        // There is one way to write each.
        guard description == text else { return nil }
    }

    /// The items on the pages before and `count` more; a program may have made a cursor of any numbers.
    package static func position(after cursor: SearchCursor?, _ count: Int) -> Int {
        let (sum, overflow) = (cursor?.position ?? 0).addingReportingOverflow(count)
        return overflow ? .max : sum
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
