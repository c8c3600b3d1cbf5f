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
                        SELECT items.id, path, missing_since IS NOT NULL, width, height, size, modified, embedding
                        FROM items JOIN vectors ON vectors.id = items.vector WHERE items.id > ? ORDER BY items.id LIMIT 256
                        """, arguments: [after]
                ).map { row in
                    let id: Int64 = try row.decode(atIndex: 0)
                    let item = StoredItem(
                        id: String(id), path: try row.decode(atIndex: 1), missing: try row.decode(atIndex: 2),
                        attributes: try ItemAttributes(row, from: 3))
                    return (item, Self.floats(of: try row.decode(atIndex: 7)), id)
                }
            }
            guard let end = page.last?.2 else { return }
            last = end
            for (item, values, _) in page { try await body(item, Embedding(values: values)) }
        }
    }

    /// Removes the items with these ids or paths; a path also stands for everything below it.
    ///
    /// - Returns: the number of items removed.
    public func remove(idsOrPaths: [String]) async throws -> Int {
        // An empty text would stand for the current directory.
        guard !idsOrPaths.contains("") else {
            throw StoreError(.invalidRequest, path: directory.path, "an empty text is no item's id or path")
        }
        return try await write { db in
            var removed = 0
            for name in idsOrPaths {
                let path = URL(fileURLWithPath: name).standardizedFileURL.path
                let below = path == "/" ? "/" : path + "/"
                // `substr` rather than LIKE: a path may hold % and _.
                try db.execute(
                    sql: "DELETE FROM items WHERE id = ? OR path = ? OR path = ? OR substr(path, 1, length(?)) = ?",
                    arguments: [Int64(name), name, path, below, below])
                removed += db.changesCount
            }
            return removed
        }
    }

    /// Drops the items whose files have vanished and the embeddings that no item uses.
    ///
    /// - Returns: the number of items and of embeddings dropped.
    /// - Throws: ``StoreError``, of kind `busy` while the store is being indexed.
    public func prune() async throws -> (items: Int, vectors: Int) {
        // An indexing process counts on the embeddings that it has found here.
        let lock = try StoreLock(directory)
        defer { _ = lock }
        return try await write { db in
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
}
