internal import Diptych
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// What the store knows about the item at each of `paths`.
    public func known(_ paths: [String]) async throws -> [KnownItem?] {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT size, modified, settled, content, missing_since IS NOT NULL, caption, attributes
                    FROM items JOIN vectors ON vectors.id = items.vector WHERE path = ?
                    """)
            return try paths.map { path in
                try Row.fetchOne(statement, arguments: [path]).map(Self.known)
            }
        }
    }

    /// Whether an embedding of this content is stored already.
    public func hasEmbedding(of content: ContentHash) throws -> Bool {
        do {
            return try pool.read { db in
                try Bool.fetchOne(
                    db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM vectors WHERE content = ?)"),
                    arguments: [content.bytes]) ?? false
            }
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    /// What the store knows about the items of this content, at most a hundred.
    public func items(of content: ContentHash) throws -> [(path: String, known: KnownItem)] {
        do {
            return try pool.read { db in
                try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT size, modified, settled, content, missing_since IS NOT NULL, caption, attributes, path
                            FROM vectors JOIN items ON items.vector = vectors.id WHERE content = ? LIMIT 100
                            """), arguments: [content.bytes]
                ).map { (try $0.decode(atIndex: 7), try Self.known($0)) }
            }
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    private static func known(_ row: Row) throws -> KnownItem {
        KnownItem(
            bytes: try row.decode(atIndex: 0), modified: try row.decode(atIndex: 1),
            isSettled: try row.decode(atIndex: 2),
            content: try content(row, 3), isMissing: try row.decode(atIndex: 4), caption: try row.decode(atIndex: 5),
            attributes: attributes(try row.decode(atIndex: 6)))
    }

    /// Stores items in one transaction; when this returns, they are on disk.
    ///
    /// - Throws: ``StoreError`` for a record of another dimension, with attributes beyond a limit, or without an embedding
    ///   where the store has none either; nothing is stored then.
    public func put(_ records: [ItemRecord]) async throws {
        guard !records.isEmpty else { return }
        let now = Date().timeIntervalSince1970
        let prepared = try records.map { try PreparedRecord($0, dimension: dimension, store: name) }
        try await write { db in
            for record in prepared { try record.store(in: db, now: now) }
        }
        // What is stored is stored: codes only make searches faster, and one that misses them makes them.
        if codes.add(records.count) { try? updateCodes() }
    }

    /// Marks the items with these paths as vanished.
    public func markMissing(_ paths: [String]) async throws {
        guard !paths.isEmpty else { return }
        let now = Date().timeIntervalSince1970
        try await write { db in
            for path in paths {
                try db.execute(
                    sql: "UPDATE items SET missing_since = ? WHERE path = ? AND missing_since IS NULL",
                    arguments: [now, path])
            }
        }
    }

    /// Removes the items with these ids or paths; a path also stands for everything below it. What is known of their contents
    /// goes with them where no other item has the same, unless the store is being indexed; then it stays until ``prune()``.
    ///
    /// - Returns: the number of items removed.
    public func remove(idsOrPaths: [String]) async throws -> Int {
        // An empty text would stand for the current directory.
        guard !idsOrPaths.contains("") else {
            throw StoreError(.invalidRequest, path: directory.path, "an empty text is no item's id or path")
        }
        // An indexing process counts on the embeddings that it has found here.
        let lock = try? StoreLock(directory)
        defer { withExtendedLifetime(lock) {} }
        let dropsContents = lock != nil
        return try await write { db in
            let forgetWords = try db.cachedStatement(sql: "DELETE FROM captions WHERE rowid = ?")
            let forgetContent = try db.cachedStatement(
                sql: "DELETE FROM vectors WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM items WHERE vector = ?1)")
            var removed = 0
            for name in idsOrPaths {
                let path = URL(fileURLWithPath: name).standardizedFileURL.path
                // What lies below a folder begins with its path and a slash, and 0 follows the slash: a range of the index, where
                // LIKE would be at a loss with paths that hold % and _.
                let (first, end) = path == "/" ? ("/", "0") : (path + "/", path + "0")
                let gone = try Row.fetchAll(
                    db,
                    sql: """
                        DELETE FROM items WHERE id = ? OR path = ? OR path = ? OR (path >= ? AND path < ?)
                        RETURNING id, vector
                        """, arguments: [Int64(name), name, path, first, end]
                ).map { (item: try $0.decode(Int64.self, atIndex: 0), vector: try $0.decode(Int64.self, atIndex: 1)) }
                removed += gone.count
                for (item, vector) in gone {
                    try forgetWords.execute(arguments: [item])
                    if dropsContents { try forgetContent.execute(arguments: [vector]) }
                }
            }
            return removed
        }
    }

    /// The attributes in a JSON object; none where there is no text, or no object.
    static func attributes(_ text: String?) -> [String: AttributeValue] {
        text.flatMap { try? AttributeText.decode($0) } ?? [:]
    }

    /// The content's hash in a column.
    static func content(_ row: Row, _ column: Int) throws -> ContentHash {
        let data: Data = try row.decode(atIndex: column)
        // A damaged hash equals none; `verify` names it.
        return ContentHash(bytes: data) ?? ContentHash(of: Data())
    }

    /// Float32 little-endian.
    static func bytes(of embedding: [Float]) -> Data {
        // A closure: a path of keys is looked up again for each number.
        embedding.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Data($0) }
    }
}
