internal import Diptych
internal import Foundation
internal import GRDB

/// What a store knows about a file that it holds.
struct KnownFile: Sendable {
    let size: Int
    let modified: Int64
    let isSettled: Bool
    let content: Data
    let isMissing: Bool
}

/// A file's state by which a change is noticed without reading it.
struct FileState: Sendable, Equatable {
    var size = 0
    /// Nanoseconds since 1970.
    var modified: Int64 = 0
    /// Whether the file was modified so long before this that a change after it shows in the time.
    ///
    /// File systems count time in steps, of up to two seconds (FAT): a file that is written twice within a step, and
    /// read between, keeps its time. Such a file is read once more in the next run.
    var isSettled = false

    private static let longestStep: Int64 = 2_000_000_000

    /// The state of the file at `path` now; nil when there is none.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        size = Int(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        isSettled = Self.nanoseconds(now) - modified > Self.longestStep
    }

    init() {}

    /// A time that no 64 bits hold, which a file may claim, counts as the last that they do.
    private static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow
            ? (time.tv_sec < 0 ? .min / 2 : .max / 2) : max(.min / 2, min(.max / 2, seconds)) + Int64(time.tv_nsec)
    }
}

/// A file as it was when it was read, with its content's hash and the embedding, if a new one was made.
struct FileRecord: Sendable {
    let path: String
    let state: FileState
    let content: Data
    var embedding: [Float]?
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
                        SELECT size, modified, settled, content, missing_since IS NOT NULL
                        FROM items JOIN vectors ON vectors.id = items.vector WHERE path = ?
                        """, arguments: [path]
                ).map { row in
                    KnownFile(
                        size: try row.decode(atIndex: 0), modified: try row.decode(atIndex: 1),
                        isSettled: try row.decode(atIndex: 2), content: try row.decode(atIndex: 3),
                        isMissing: try row.decode(atIndex: 4))
                }
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
                        INSERT INTO items (path, size, modified, settled, vector)
                        VALUES (?, ?, ?, ?, (SELECT id FROM vectors WHERE content = ?))
                        ON CONFLICT (path) DO UPDATE SET size = excluded.size, modified = excluded.modified,
                            settled = excluded.settled, vector = excluded.vector, missing_since = NULL
                        """,
                    arguments: [
                        record.path, record.state.size, record.state.modified, record.state.isSettled, record.content,
                    ])
            }
        }
    }

    /// Float32 little-endian.
    static func bytes(of embedding: [Float]) -> Data {
        var data = Data(capacity: 4 * embedding.count)
        for value in embedding { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
        return data
    }
}
