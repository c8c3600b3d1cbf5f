internal import Diptych
internal import DiptychBasics
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Keeps other processes from indexing into the store while the result exists.
    public func lockForIndexing() throws -> any IndexingLock { try StoreLock(directory) }

    /// Drops the items whose files have vanished, and the assets that no item uses, with their parts and embeddings. What was
    /// annotated stays, for the day when its file comes back: only ``remove(idsOrPaths:)`` drops that.
    ///
    /// - Returns: the number of items and of this space's embeddings dropped.
    /// - Throws: ``StoreError``, of kind `busy` while the store is being indexed.
    public func prune() async throws -> (items: Int, vectors: Int) {
        // An indexing process counts on the embeddings that it has found here.
        let lock = try StoreLock(directory)
        defer { withExtendedLifetime(lock) {} }
        let table = space.table
        return try await write { db in
            try db.execute(sql: "DELETE FROM items WHERE missing_since IS NOT NULL")
            let items = db.changesCount
            try db.execute(sql: "DELETE FROM captions WHERE NOT EXISTS (SELECT 1 FROM items WHERE id = captions.rowid)")
            let before = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
            try db.execute(
                sql: """
                    DELETE FROM assets WHERE NOT EXISTS (SELECT 1 FROM items WHERE items.asset = assets.id)
                        AND NOT EXISTS (
                            SELECT 1 FROM parts JOIN annotations ON annotations.part = parts.id
                            WHERE parts.asset = assets.id)
                    """)
            let after = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
            return (items: items, vectors: before - after)
        }
    }

    /// Does what ``prune()`` does, and gives the space back to the system.
    ///
    /// - Returns: the number of items and of embeddings dropped.
    public func compact() async throws -> (items: Int, vectors: Int) {
        let dropped = try await prune()
        try await WorkerThreads.shared.value {
            try self.compactCodes()
            try self.updateCodes()
        }
        do {
            try await pool.vacuum()
            _ = try await pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
        } catch { throw StoreError.explaining(error, path: directory.path) }
        return dropped
    }
}
