internal import Foundation

/// In which order results and items are listed.
public struct ItemOrder: Sendable, Hashable, CustomStringConvertible {
    /// The key that is compared.
    public enum Key: String, Sendable, CaseIterable {
        /// The cosine to the query, best first.
        case similarity
        /// When the image was taken or, where that is not known, its file last modified; oldest first.
        case date
        /// What it is called, see ``ItemAttributes/name(path:)``, letters of ASCII without regard to case.
        case name
    }

    /// The key that is compared.
    public var key: Key
    /// Whether the order is turned round.
    public var isReversed: Bool

    /// Best first.
    public static let similarity = ItemOrder(.similarity)

    /// An order.
    public init(_ key: Key, isReversed: Bool = false) { (self.key, self.isReversed) = (key, isReversed) }

    /// Reads the name of a key, behind a dash for the reverse; nil for anything else.
    public init?(_ text: String) {
        guard let key = Key(rawValue: String(text.drop(while: { $0 == "-" }))), text.hasPrefix("--") == false else {
            return nil
        }
        self.init(key, isReversed: text.hasPrefix("-"))
    }

    /// What ``init(_:)`` reads.
    public var description: String { (isReversed ? "-" : "") + key.rawValue }

    /// Results of a search, which come best first, in this order, each with its place among all. Equal ones stay in their
    /// order.
    public func ordered(_ results: SearchResults) -> [(place: Int, hit: SearchHit)] {
        let all = results.enumerated().map { (place: $0.offset, hit: $0.element) }
        func sorted<Value: Comparable>(by value: (SearchHit) -> Value) -> [(place: Int, hit: SearchHit)] {
            let values = all.map { value($0.hit) }
            return all.sorted {
                let (a, b) = (values[$0.place], values[$1.place])
                return a == b ? $0.place < $1.place : (a < b) != isReversed
            }
        }
        switch key {
        case .similarity: return isReversed ? all.reversed() : all
        case .date: return sorted { $0.attributes.date }
        case .name: return sorted { SortedName($0.attributes.name(path: $0.path)) }
        }
    }
}

/// A name as it is compared: by its bytes, capital letters of ASCII taken for small ones, as the database does.
struct SortedName: Comparable {
    private let bytes: [UInt8]

    init(_ name: String) { bytes = name.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 } }

    static func < (a: SortedName, b: SortedName) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

/// A place behind an item in an order, so that the next page goes on there even when the item has gone.
public struct ItemCursor: Sendable, Hashable, CustomStringConvertible {
    /// The value that the order compares.
    public enum Value: Sendable, Hashable {
        /// A time, in seconds since 1970.
        case date(Double)
        /// A name, cut to ``ItemCursor/nameLength`` characters.
        case name(String)
    }

    /// The value of the item.
    public let value: Value
    /// The number of the item.
    public let item: Int64

    /// The most Unicode scalars of a name that count.
    static let nameLength = 255
    /// The most bytes of a cursor as text.
    private static let textLength = 2 * 4 * nameLength + 40

    init(_ value: Value, item: Int64) { (self.value, self.item) = (value, item) }

    /// Where an item stands in an order.
    init(_ item: StoredItem, in order: ItemOrder) {
        let number = Int64(item.id) ?? 0
        switch order.key {
        case .date: self.init(.date(item.attributes.date), item: number)
        case .name, .similarity:
            let scalars = item.attributes.name(path: item.path).unicodeScalars.prefix(Self.nameLength)
            self.init(.name(String(String.UnicodeScalarView(scalars))), item: number)
        }
    }

    /// Reads what ``description`` wrote for a list in this order; nil for anything else.
    public init?(_ text: String, in order: ItemOrder) {
        guard text.utf8.count <= Self.textLength else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let item = Int64(parts[2], radix: 36), item >= 0 else { return nil }
        switch (order.key, parts[0]) {
        case (.date, "d1"):
            guard let bits = UInt64(parts[1], radix: 36), Double(bitPattern: bits).isFinite else { return nil }
            self.init(.date(Double(bitPattern: bits)), item: item)
        case (.name, "n1"):
            let digits = parts[1].compactMap(\.hexDigitValue)
            guard digits.count == parts[1].utf8.count, digits.count.isMultiple(of: 2) else { return nil }
            let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
            guard let name = String(validating: bytes, as: UTF8.self),
                name.unicodeScalars.count <= Self.nameLength
            else { return nil }
            self.init(.name(name), item: item)
        default: return nil
        }
        // There is one way to write each.
        guard description == text else { return nil }
    }

    /// A text that a client may keep and give back.
    public var description: String {
        let end = String(item, radix: 36)
        switch value {
        case .date(let date): return "d1-\(String(date.bitPattern, radix: 36))-\(end)"
        case .name(let name):
            let digits = name.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            return "n1-\(digits)-\(end)"
        }
    }

    /// Whether this place comes before `other` in an order.
    func isBefore(_ other: ItemCursor, in order: ItemOrder) -> Bool {
        let isLess: Bool
        switch (value, other.value) {
        case (.date(let a), .date(let b)): isLess = a == b ? item < other.item : a < b
        case (.name(let a), .name(let b)):
            let (a, b) = (SortedName(a), SortedName(b))
            isLess = a == b ? item < other.item : a < b
        default: isLess = item < other.item
        }
        return self != other && isLess != order.isReversed
    }
}

extension ItemAttributes {
    /// The attribute that keeps the name under which somebody brought an image, whose file is called otherwise.
    public static let originalName = "original_name"

    /// What an item at `path` is called: the name under which it was brought, else its file's.
    public func name(path: String) -> String {
        if case .text(let name)? = other[Self.originalName] { return name }
        return Filter.name(of: path)
    }

    /// When the image was taken or, where that is not known, its file last modified, in seconds since 1970.
    public var date: Double { taken ?? modified }
}

extension VectorStore {
    /// Goes through all items, and keeps the first.
    public func places(
        in order: ItemOrder, after cursor: ItemCursor?, limit: Int, filter: Filter?
    ) async throws -> [ItemCursor] {
        try await placesByScan(in: order, after: cursor, limit: limit, filter: filter)
    }

    /// The same for any store.
    package func placesByScan(
        in order: ItemOrder, after cursor: ItemCursor?, limit: Int, filter: Filter?
    ) async throws -> [ItemCursor] {
        guard limit > 0 else { return [] }
        var first: [ItemCursor] = []
        let (most, isOver) = limit.multipliedReportingOverflow(by: 2)
        func cut() {
            first.sort { $0.isBefore($1, in: order) }
            first.removeLast(max(0, first.count - limit))
        }
        try await forEachItem(where: filter) { item, _ in
            let place = ItemCursor(item, in: order)
            guard !item.missing, cursor?.isBefore(place, in: order) ?? true else { return }
            first.append(place)
            if !isOver, first.count > max(most, 1024) { cut() }
        }
        cut()
        return first
    }
}
