public import Diptych
public import Foundation
internal import GRDB

extension EmbeddedStore {
    /// The embeddings of some items, drawn by chance; fewer where the store holds fewer.
    public func sample(_ count: Int) async throws -> [Embedding] {
        let table = space.table
        let drawn = SurroundingChance()
        return try await read { db in
            var chance = drawn
            guard count > 0, let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM \(table)") else { return [] }
            // The first embedding from a number drawn by chance on: gaps in the numbers make the one behind likelier,
            // which does no harm to a sample.
            let statement = try db.cachedStatement(
                sql: """
                    SELECT id FROM \(table) AS embeddings WHERE id >= ?
                        AND (SELECT kind FROM assets WHERE id = embeddings.asset) <> 'video' ORDER BY id LIMIT 1
                    """)
            var ids: Set<Int64> = []
            for _ in 0..<4 * count where ids.count < count {
                if let id = try Int64.fetchOne(
                    statement, arguments: [Int64.random(in: 1...max(1, last), using: &chance)])
                {
                    ids.insert(id)
                }
            }
            let embedding = try db.cachedStatement(sql: "SELECT vector FROM \(table) WHERE id = ?")
            return try ids.sorted().compactMap { id in
                try Data.fetchOne(embedding, arguments: [id]).map { Embedding(values: Self.floats(of: $0)) }
            }.filter { $0.values.count == self.dimension }
        }
    }

    /// What was noted under `key`; nil where nothing was.
    public func note(_ key: String) async throws -> Data? {
        let key = noteKey(key)
        return try await read { db in
            try Data.fetchOne(db, sql: "SELECT value FROM notes WHERE key = ?", arguments: [key])
        }
    }

    /// Notes `data` under `key`, instead of what was there.
    public func setNote(_ key: String, _ data: Data) async throws {
        let key = noteKey(key)
        try await write { db in
            try db.execute(sql: "INSERT OR REPLACE INTO notes (key, value) VALUES (?, ?)", arguments: [key, data])
        }
    }

    /// What was measured about embeddings is noted for each space; the first one's notes keep the names that they had when there
    /// was one only.
    private func noteKey(_ key: String) -> String {
        key == Self.backgroundKey && space.id != 1 ? "\(key)-\(space.id)" : key
    }
}
