internal import Foundation
internal import GRDB

/// What filters look up about an item: the values of its attributes and the words of its caption. Both follow from the item's row.
struct ItemLookups: Sendable {
    private let leaves: [(name: String, value: DatabaseValue)]
    /// Parted by spaces; nil for none.
    private let words: String?

    init(caption: String?, attributes: [String: AttributeValue]) {
        leaves = attributes.flatMap { $0.value.leaves(named: $0.key) }.compactMap { leaf in
            FilterValue(leaf.value).map { (leaf.name, $0.databaseValue) }
        }
        words = caption.map { CaptionWords.split($0).joined(separator: " ") }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Writes them, instead of what is there.
    func write(_ db: Database, item: Int64) throws {
        try db.cachedStatement(sql: "DELETE FROM attributes WHERE item = ?").execute(arguments: [item])
        try db.cachedStatement(sql: "DELETE FROM captions WHERE rowid = ?").execute(arguments: [item])
        if !leaves.isEmpty {
            let statement = try db.cachedStatement(
                sql: "INSERT OR IGNORE INTO attributes (name, value, item) VALUES (?, ?, ?)")
            for leaf in leaves { try statement.execute(arguments: [leaf.name, leaf.value, item]) }
        }
        if let words {
            try db.cachedStatement(sql: "INSERT INTO captions (rowid, words) VALUES (?, ?)")
                .execute(arguments: [item, words])
        }
    }

    /// Whether the tables hold them, and nothing else, for this item.
    func areWritten(_ db: Database, item: Int64) throws -> Bool {
        let stored = try String.fetchOne(
            db.cachedStatement(sql: "SELECT words FROM captions WHERE rowid = ?"), arguments: [item])
        guard stored == words else { return false }
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT name, value FROM attributes WHERE item = ?"), arguments: [item])
        let found = Set(try rows.map { Leaf(name: try $0.decode(atIndex: 0), value: $0[1]) })
        return found == Set(leaves.map { Leaf(name: $0.name, value: $0.value) })
    }

    /// What an item's row says.
    private struct Said {
        let caption: String?
        let attributes: [String: AttributeValue]

        init(_ row: Row) throws {
            caption = try row.decode(atIndex: 1)
            attributes = try (row.decode(atIndex: 2) as String?).map { try AttributeText.decode($0) } ?? [:]
        }
    }

    /// The items whose caption or attributes cannot be read, at most `limit`.
    static func unreadable(_ db: Database, limit: Int) throws -> [Int64] {
        var found: [Int64] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT id, caption, attributes FROM items")
        while found.count < limit, let row = try rows.next() {
            if (try? Said(row)) == nil { found.append(try row.decode(atIndex: 0)) }
        }
        return found
    }

    private struct Leaf: Hashable {
        let name: String
        let value: DatabaseValue
    }

    /// The items for which the tables hold something else than their rows say, at most `limit`.
    static func outdated(_ db: Database, limit: Int? = nil) throws -> [(item: Int64, lookups: ItemLookups)] {
        var found: [(item: Int64, lookups: ItemLookups)] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT id, caption, attributes FROM items")
        while found.count < limit ?? .max, let row = try rows.next() {
            let id: Int64 = try row.decode(atIndex: 0)
            // What cannot be read says nothing about what stands in the tables, which may be all that is left of it.
            guard let said = try? Said(row) else { continue }
            let lookups = ItemLookups(caption: said.caption, attributes: said.attributes)
            if try !lookups.areWritten(db, item: id) { found.append((id, lookups)) }
        }
        return found
    }
}
