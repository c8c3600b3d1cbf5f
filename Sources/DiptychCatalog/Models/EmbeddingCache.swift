internal import DiptychDatasets
internal import Foundation
internal import GRDB

/// Embeddings of a catalog by content and model, in `embeddings.sqlite`: nothing is computed twice, and a run that was cut off
/// goes on behind its last batch.
final class EmbeddingCache: Sendable {
    /// The kinds of content.
    enum Kind: Int64 { case image = 0, text = 1 }

    private let queue: DatabaseQueue
    private let path: String
    private let model: Int64

    static let fileName = "embeddings.sqlite"

    /// - Parameter model: all that an embedding depends on besides the content.
    init(_ directory: URL, model: String) throws {
        let path = directory.appendingPathComponent(Self.fileName).path
        self.path = path
        (queue, self.model) = try TableFile.translated(path) {
            var configuration = Configuration()
            configuration.busyMode = .timeout(60)
            configuration.prepareDatabase { db in
                try db.execute(
                    sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768")
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let id = try queue.write { db in
                try db.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS models (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
                        CREATE TABLE IF NOT EXISTS embeddings (
                            id INTEGER PRIMARY KEY, model INTEGER NOT NULL, kind INTEGER NOT NULL, content BLOB NOT NULL,
                            vector BLOB NOT NULL);
                        CREATE UNIQUE INDEX IF NOT EXISTS embeddings_by_content ON embeddings (model, kind, content)
                        """)
                try db.execute(sql: "INSERT OR IGNORE INTO models (name) VALUES (?)", arguments: [model])
                return try Int64.fetchOne(db, sql: "SELECT id FROM models WHERE name = ?", arguments: [model]) ?? 0
            }
            return (queue, id)
        }
    }

    /// The contents of a kind that have an embedding.
    func contents(_ kind: Kind) throws -> Set<ContentHash> {
        try TableFile.translated(path) {
            try queue.read { db in
                let rows = try Data.fetchCursor(
                    db, sql: "SELECT content FROM embeddings WHERE model = ? AND kind = ?",
                    arguments: [model, kind.rawValue])
                var found: Set<ContentHash> = []
                while let data = try rows.next() { if let hash = ContentHash(stored: data) { found.insert(hash) } }
                return found
            }
        }
    }

    /// Stores embeddings; they are on the disk when the call returns.
    func store(_ kind: Kind, _ embeddings: [(content: ContentHash, values: [Float])]) throws {
        try TableFile.translated(path) {
            try queue.write { db in
                let insert = try db.cachedStatement(
                    sql: "INSERT OR IGNORE INTO embeddings (model, kind, content, vector) VALUES (?, ?, ?, ?)")
                for (content, values) in embeddings {
                    try insert.execute(
                        arguments: [model, kind.rawValue, content.stored, Data(VectorBytes.bytes(values))])
                }
            }
        }
    }

    /// The embedding of a content; nil where there is none.
    func embedding(_ kind: Kind, _ content: ContentHash) throws -> [Float]? {
        try TableFile.translated(path) {
            try queue.read { db in
                let statement = try db.cachedStatement(
                    sql: "SELECT vector FROM embeddings WHERE model = ? AND kind = ? AND content = ?")
                return try Data.fetchOne(statement, arguments: [model, kind.rawValue, content.stored])
                    .flatMap { VectorBytes.floats(Array($0)) }
            }
        }
    }
}

extension ContentHash {
    fileprivate var stored: Data {
        var data = Data()
        for number in [low, high] { withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) } }
        return data
    }

    fileprivate init?(stored: Data) {
        guard stored.count == 16 else { return nil }
        let numbers = stored.withUnsafeBytes { raw in
            [0, 8].map { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: UInt64.self)) }
        }
        self.init(low: numbers[0], high: numbers[1])
    }
}
