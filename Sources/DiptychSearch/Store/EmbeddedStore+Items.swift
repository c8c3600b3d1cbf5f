internal import Diptych
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// What is read of an item that is to be indexed again, in the order of ``known(_:)``.
    private var knownColumns: String {
        """
        size, modified, settled, content, missing_since IS NOT NULL,
        EXISTS (SELECT 1 FROM \(space.table) AS embeddings WHERE embeddings.asset = items.asset AND part = items.asset),
        caption, attributes
        """
    }

    /// What the store knows about the item at each of `paths`.
    public func known(_ paths: [String]) async throws -> [KnownItem?] {
        try await read { db in
            let roots = try self.roots(db)
            let statement = try db.cachedStatement(
                sql: """
                    SELECT \(self.knownColumns) FROM items JOIN assets ON assets.id = items.asset
                    WHERE root = ? AND path = ?
                    """)
            return try paths.map { path in
                let place = roots.place(of: path)
                return try Row.fetchOne(statement, arguments: [place.root, place.path]).map(Self.known)
            }
        }
    }

    /// Whether an embedding of this content is stored already.
    public func hasEmbedding(of content: ContentHash) throws -> Bool {
        do {
            return try pool.read { db in
                try Bool.fetchOne(
                    db.cachedStatement(
                        sql: """
                            SELECT EXISTS (
                                SELECT 1 FROM assets JOIN \(space.table) AS embeddings
                                    ON embeddings.asset = assets.id AND embeddings.part = assets.id
                                WHERE content = ?)
                            """),
                    arguments: [content.bytes]) ?? false
            }
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    /// What the store knows about the items of this content, at most a hundred.
    public func items(of content: ContentHash) throws -> [(path: String, known: KnownItem)] {
        do {
            return try pool.read { db in
                let roots = try roots(db)
                return try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT \(knownColumns), \(Self.pathColumns)
                            FROM assets JOIN items ON items.asset = assets.id WHERE content = ? LIMIT 100
                            """), arguments: [content.bytes]
                ).map { (try Self.path($0, from: 8, roots), try Self.known($0)) }
            }
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    private static func known(_ row: Row) throws -> KnownItem {
        KnownItem(
            bytes: try row.decode(atIndex: 0), modified: try row.decode(atIndex: 1),
            isSettled: try row.decode(atIndex: 2),
            content: try content(row, 3), isMissing: try row.decode(atIndex: 4),
            isEmbedded: try row.decode(atIndex: 5), caption: try row.decode(atIndex: 6),
            attributes: attributes(try row.decode(atIndex: 7)))
    }

    /// Stores items in one transaction; when this returns, they are on disk.
    ///
    /// - Throws: ``StoreError`` for a record of another dimension, with attributes beyond a limit, or without an embedding
    ///   where the store has none either; nothing is stored then.
    public func put(_ records: [ItemRecord]) async throws {
        guard !records.isEmpty else { return }
        let now = StoreSurroundings.current.now()
        let prepared = try records.map { try PreparedRecord($0, dimension: dimension, store: name) }
        let space = space
        try await write { db in
            var writer = try RecordWriter(db, space: space, roots: self.roots(db), now: now, store: self.name)
            for record in prepared {
                if self.isOwn(record.path, writer.roots) {
                    try self.addOwnRoot(db)
                    writer.roots = try self.roots(db)
                }
                try writer.store(record)
            }
        }
        // What is stored is stored: codes only make searches faster, and one that misses them makes them.
        if codes.add(records.count) { try? await buildIndex() }
    }

    /// Marks the items with these paths as vanished.
    public func markMissing(_ paths: [String]) async throws {
        guard !paths.isEmpty else { return }
        let now = StoreSurroundings.current.now()
        try await write { db in
            let roots = try self.roots(db)
            for path in paths {
                let place = roots.place(of: path)
                try db.cachedStatement(
                    sql: "UPDATE items SET missing_since = ? WHERE root = ? AND path = ? AND missing_since IS NULL"
                ).execute(arguments: [now, place.root, place.path])
            }
        }
    }

    /// Removes the items with these ids or paths; a path also stands for everything below it. What is known of their contents,
    /// annotations among it, goes with them where no other item has the same, unless the store is being indexed; then it stays
    /// until ``prune()``.
    ///
    /// - Returns: the number of items removed.
    public func remove(idsOrPaths: [String]) async throws -> Int {
        // An empty text would stand for the current directory.
        guard !idsOrPaths.contains("") else {
            throw StoreError(.invalidRequest, path: directory.path, "an item's id or path is empty")
        }
        // An indexing process counts on the embeddings that it has found here.
        let lock = try? StoreLock(directory)
        defer { withExtendedLifetime(lock) {} }
        let dropsContents = lock != nil
        return try await write { db in
            let forgetWords = try db.cachedStatement(sql: "DELETE FROM captions WHERE rowid = ?")
            let forgetContent = try db.cachedStatement(
                sql: "DELETE FROM assets WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM items WHERE asset = ?1)")
            let roots = try self.roots(db)
            var removed = 0
            for name in idsOrPaths {
                let path = URL(fileURLWithPath: name).standardizedFileURL.path
                let conditions = [roots.isAt(name), roots.isAt(path), roots.isBelow(path)]
                let gone = try Row.fetchAll(
                    db,
                    sql: """
                        DELETE FROM items WHERE id = ? OR \(conditions.map(\.text).joined(separator: " OR "))
                        RETURNING id, asset
                        """,
                    arguments: StatementArguments([Int64(name).databaseValue] + conditions.flatMap(\.arguments))
                ).map { (item: try $0.decode(Int64.self, atIndex: 0), asset: try $0.decode(Int64.self, atIndex: 1)) }
                removed += gone.count
                for (item, asset) in gone {
                    try forgetWords.execute(arguments: [item])
                    if dropsContents { try forgetContent.execute(arguments: [asset]) }
                }
            }
            return removed
        }
    }

    /// Float32 little-endian.
    static func bytes(of embedding: [Float]) -> Data {
        // A closure: a path of keys is looked up again for each number.
        embedding.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Data($0) }
    }
}
