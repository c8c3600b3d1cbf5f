public import Diptych
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// What is read of an item, in the order of ``item(_:)``.
    private static let itemColumns =
        "items.id, items.path, items.missing_since IS NOT NULL, vectors.content, " + attributeColumns
    /// What is read of an item's attributes, in the order of ``attributes(_:from:)``.
    static let attributeColumns = """
        vectors.width, vectors.height, items.size, items.modified, items.added, vectors.type, vectors.taken, \
        vectors.camera, vectors.latitude, vectors.longitude, items.caption, items.attributes
        """
    private static let attributeColumnCount = 12

    /// The first items behind the one with id `id`, with their embeddings, in the order of their ids.
    public func items(after id: String?, limit: Int, filter: Filter?) async throws -> [(StoredItem, Embedding)] {
        let after = id.map { Int64($0) ?? 0 } ?? 0
        let condition = filter?.sql ?? SQLCondition("1")
        return try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.itemColumns), vectors.embedding
                    FROM items JOIN vectors ON vectors.id = items.vector
                    WHERE items.id > ? AND \(condition.text) ORDER BY items.id LIMIT ?
                    """,
                arguments: StatementArguments(
                    [after.databaseValue] + condition.arguments + [max(0, limit).databaseValue])
            ).map(Self.item)
        }
    }

    /// Where the first items behind the one with id `id` lie, in the order of their ids.
    public func places(after id: String?, limit: Int, filter: Filter?) async throws -> [ItemPlace] {
        let after = id.map { Int64($0) ?? 0 } ?? 0
        let condition = filter?.sql ?? SQLCondition("1")
        return try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT items.id, items.path, items.missing_since IS NOT NULL
                    FROM items JOIN vectors ON vectors.id = items.vector
                    WHERE items.id > ? AND \(condition.text) ORDER BY items.id LIMIT ?
                    """,
                arguments: StatementArguments(
                    [after.databaseValue] + condition.arguments + [max(0, limit).databaseValue])
            ).map { row in
                ItemPlace(
                    id: String(try row.decode(Int64.self, atIndex: 0)), path: try row.decode(atIndex: 1),
                    missing: try row.decode(atIndex: 2))
            }
        }
    }

    /// The items with these ids; those that there are not are left out.
    public func items(ids: [String]) async throws -> [(StoredItem, Embedding)] {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT \(Self.itemColumns), vectors.embedding
                    FROM items JOIN vectors ON vectors.id = items.vector WHERE items.id = ?
                    """)
            return try ids.compactMap { id in
                guard let number = Int64(id) else { return nil }
                return try Row.fetchOne(statement, arguments: [number]).map(Self.item)
            }
        }
    }

    private static func item(_ row: Row) throws -> (StoredItem, Embedding) {
        let id: Int64 = try row.decode(atIndex: 0)
        let item = StoredItem(
            id: String(id), path: try row.decode(atIndex: 1), missing: try row.decode(atIndex: 2),
            content: try content(row, 3), attributes: try attributes(row, from: 4))
        let data: Data = try row.decode(atIndex: 4 + attributeColumnCount)
        return (item, Embedding(values: floats(of: data)))
    }

    /// Reads ``attributeColumns``.
    static func attributes(_ row: Row, from column: Int) throws -> ItemAttributes {
        ItemAttributes(
            width: try row.decode(atIndex: column), height: try row.decode(atIndex: column + 1),
            bytes: try row.decode(atIndex: column + 2),
            modified: Double(try row.decode(Int64.self, atIndex: column + 3)) / 1e9,
            added: try row.decode(atIndex: column + 4), type: try row.decode(atIndex: column + 5),
            taken: try row.decode(atIndex: column + 6), camera: try row.decode(atIndex: column + 7),
            latitude: try row.decode(atIndex: column + 8), longitude: try row.decode(atIndex: column + 9),
            caption: try row.decode(atIndex: column + 10), other: attributes(try row.decode(atIndex: column + 11)))
    }

    /// Keeps other processes from indexing into the store while the result exists.
    public func lockForIndexing() throws -> any IndexingLock { try StoreLock(directory) }

    /// Drops the items whose files have vanished and the embeddings that no item uses.
    ///
    /// - Returns: the number of items and of embeddings dropped.
    /// - Throws: ``StoreError``, of kind `busy` while the store is being indexed.
    public func prune() async throws -> (items: Int, vectors: Int) {
        // An indexing process counts on the embeddings that it has found here.
        let lock = try StoreLock(directory)
        defer { withExtendedLifetime(lock) {} }
        return try await write { db in
            try db.execute(sql: "DELETE FROM items WHERE missing_since IS NOT NULL")
            let items = db.changesCount
            try db.execute(sql: "DELETE FROM captions WHERE NOT EXISTS (SELECT 1 FROM items WHERE id = captions.rowid)")
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
