public import Diptych
internal import Foundation
internal import GRDB

/// An item of a store, as `list` and `export` give it.
public struct StoredItem: Sendable, Codable, Equatable {
    /// The item's stable identifier in its store.
    public let id: String
    /// The file that it was made from.
    public let path: String
    /// Whether the file has vanished since.
    public let missing: Bool
    /// What is known about the item.
    public let attributes: ItemAttributes
}

extension EmbeddedStore {
    /// Goes through all items by id, with their embeddings, a page at a time.
    ///
    /// - Parameter body: called for each item; memory stays constant whatever the store's size.
    public func forEachItem(_ body: (StoredItem, Embedding) async throws -> Void) async throws {
        var last: Int64 = 0
        while true {
            try Task.checkCancellation()
            let after = last
            let page: [(StoredItem, [Float], Int64)] = try await read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT items.id, path, size, modified, missing_since IS NOT NULL, width, height, embedding
                        FROM items JOIN vectors ON vectors.id = items.vector WHERE items.id > ? ORDER BY items.id LIMIT 256
                        """, arguments: [after]
                ).map { row in
                    let id: Int64 = row[0]
                    let item = StoredItem(
                        id: String(id), path: row[1], missing: row[4],
                        attributes: ItemAttributes(
                            width: row[5], height: row[6], bytes: row[2], modified: Double(row[3] as Int64) / 1e9))
                    return (item, Self.floats(of: row[7]), id)
                }
            }
            guard let end = page.last?.2 else { return }
            last = end
            for (item, values, _) in page { try await body(item, Embedding(values: values)) }
        }
    }

    private static func floats(of data: Data) -> [Float] {
        data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
    }

    /// Removes the items with these ids or paths; a path also stands for everything below it.
    ///
    /// - Returns: the number of items removed.
    public func remove(idsOrPaths: [String]) async throws -> Int {
        try await write { db in
            var removed = 0
            for name in idsOrPaths {
                let path = URL(fileURLWithPath: name).standardizedFileURL.path
                // `substr` rather than LIKE: a path may hold % and _.
                try db.execute(
                    sql: "DELETE FROM items WHERE id = ? OR path = ? OR path = ? OR substr(path, 1, length(?)) = ?",
                    arguments: [Int64(name), name, path, path + "/", path + "/"])
                removed += db.changesCount
            }
            return removed
        }
    }

    /// Drops the items whose files have vanished and the embeddings that no item uses.
    ///
    /// - Returns: the number of items and of embeddings dropped.
    public func prune() async throws -> (items: Int, vectors: Int) {
        try await write { db in
            try db.execute(sql: "DELETE FROM items WHERE missing_since IS NOT NULL")
            let items = db.changesCount
            try db.execute(sql: "DELETE FROM vectors WHERE NOT EXISTS (SELECT 1 FROM items WHERE vector = vectors.id)")
            return (items: items, vectors: db.changesCount)
        }
    }

    /// Does what ``prune()`` does, and gives the space back to the system.
    ///
    /// - Returns: the number of items and of embeddings dropped.
    public func compact() async throws -> (items: Int, vectors: Int) {
        let dropped = try await prune()
        do {
            try await pool.vacuum()
            _ = try await pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
        } catch { throw StoreError.explaining(error, path: directory.path) }
        return dropped
    }

    /// Checks the database's structure and every embedding.
    ///
    /// - Returns: what is wrong, a line each; empty when all is well.
    public func verify() async throws -> [String] {
        let dimension = dimension
        return try await read { db in
            var problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
            problems += try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").map {
                "item \($0[1] as Int64? ?? 0) has no embedding"
            }
            let rows = try Row.fetchCursor(db, sql: "SELECT id, embedding, length(content) FROM vectors")
            while let row = try rows.next() {
                let (id, values): (Int64, [Float]) = (row[0], Self.floats(of: row[1]))
                let length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                if values.count != dimension {
                    problems.append("embedding \(id) has \(values.count) numbers instead of \(dimension)")
                } else if !(abs(length - 1) < 1e-3) {
                    problems.append("embedding \(id) has length \(length) instead of 1")
                }
                if (row[2] as Int) != 32 { problems.append("embedding \(id) has no content hash") }
                if problems.count >= 20 { break }
            }
            return problems
        }
    }
}
