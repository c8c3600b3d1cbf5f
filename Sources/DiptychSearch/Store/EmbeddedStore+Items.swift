internal import Diptych
internal import Foundation
internal import GRDB

/// What a store knows about a file that it holds.
struct KnownFile: Sendable {
    let id: Int64
    let size: Int
    let modified: Int64
    let content: Data
    let isMissing: Bool
}

/// A file as it was when it was read, with its content's hash and the embedding, if a new one was made.
struct FileRecord: Sendable {
    let path: String
    let size: Int
    let modified: Int64
    let content: Data
    let embedding: [Float]?
    let width: Int
    let height: Int
}

extension EmbeddedStore {
    /// What the store knows about the file at `path`.
    func known(_ path: String) throws -> KnownFile? {
        do {
            return try pool.read { db in
                try Row.fetchOne(
                    db,
                    sql: """
                        SELECT items.id, size, modified, content, missing_since IS NOT NULL
                        FROM items JOIN vectors ON vectors.id = items.vector WHERE path = ?
                        """, arguments: [path]
                ).map { KnownFile(id: $0[0], size: $0[1], modified: $0[2], content: $0[3], isMissing: $0[4]) }
            }
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    /// Whether an embedding of this content is stored already.
    func hasEmbedding(of content: Data) throws -> Bool {
        do {
            return try pool.read { db in
                try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM vectors WHERE content = ?)", arguments: [content]) ?? false
            }
        } catch { throw StoreError.explaining(error, path: directory.path) }
    }

    /// Stores files in one transaction; when this returns, they are on disk.
    func store(_ records: [FileRecord]) async throws {
        guard !records.isEmpty else { return }
        let dimension = dimension
        try await write { db in
            for record in records {
                if let embedding = record.embedding {
                    precondition(embedding.count == dimension, "an embedding of another model")
                    // Two files of one batch may have the same content: the first one's embedding stays.
                    try db.execute(
                        sql: """
                            INSERT INTO vectors (content, embedding, width, height) VALUES (?, ?, ?, ?)
                            ON CONFLICT (content) DO NOTHING
                            """,
                        arguments: [record.content, Self.bytes(of: embedding), record.width, record.height])
                }
                try db.execute(
                    sql: """
                        INSERT INTO items (path, size, modified, vector)
                        VALUES (?, ?, ?, (SELECT id FROM vectors WHERE content = ?))
                        ON CONFLICT (path) DO UPDATE SET size = excluded.size, modified = excluded.modified,
                            vector = excluded.vector, missing_since = NULL
                        """, arguments: [record.path, record.size, record.modified, record.content])
            }
        }
    }

    /// Float32 little-endian.
    static func bytes(of embedding: [Float]) -> Data {
        var data = Data(capacity: 4 * embedding.count)
        for value in embedding { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
        return data
    }

    /// Marks the items under `roots` whose file is no longer there, and gives their number.
    ///
    /// Goes through the items in steps, so that memory stays constant.
    func markVanished(under roots: [String]) async throws -> Int {
        var (last, marked): (Int64, Int) = (0, 0)
        while true {
            try Task.checkCancellation()
            let after = last
            let step: [(Int64, String)] = try await read { db in
                try Row.fetchAll(
                    db,
                    sql: "SELECT id, path FROM items WHERE id > ? AND missing_since IS NULL ORDER BY id LIMIT 1000",
                    arguments: [after]
                ).map { ($0[0], $0[1]) }
            }
            guard let end = step.last?.0 else { return marked }
            last = end
            let gone = step.filter { _, path in
                roots.contains { path == $0 || path.hasPrefix($0 == "/" ? "/" : $0 + "/") }
                    && !FileManager.default.fileExists(atPath: path)
            }.map(\.0)
            guard !gone.isEmpty else { continue }
            marked += gone.count
            try await write { db in
                for id in gone {
                    try db.execute(
                        sql: "UPDATE items SET missing_since = ? WHERE id = ?",
                        arguments: [Date().timeIntervalSince1970, id])
                }
            }
        }
    }
}
