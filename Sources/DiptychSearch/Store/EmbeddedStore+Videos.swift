public import Diptych
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Videos are taken.
    public var takesVideos: Bool { true }

    /// The moments of the item at `path` that have an embedding in this space, in the order of their numbers.
    public func moments(ofItemAt path: String) async throws -> [(part: AssetPart, embedding: Embedding)] {
        let table = space.table
        return try await read { db in
            let place = try self.roots(db).place(of: path)
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.partColumns), embeddings.vector
                    FROM items JOIN parts ON parts.asset = items.asset
                        JOIN \(table) AS embeddings ON embeddings.asset = parts.asset AND embeddings.part = parts.id
                    WHERE items.root = ? AND items.path = ? AND parts.kind = 2 AND parts.width > 0 ORDER BY parts.id
                    """, arguments: [place.root, place.path]
            ).map { row in
                let data: Data = try row.decode(atIndex: Self.partColumnCount)
                return (try Self.part(row, from: 0).part, Embedding(values: Self.floats(of: data)))
            }
        }
    }

    /// Stores moments of the video at `path` with their embeddings, in one transaction.
    public func putMoments(
        _ moments: [(part: AssetPart, embedding: Embedding)], ofItemAt path: String
    ) async throws {
        guard !moments.isEmpty else { return }
        let prepared = try moments.map { part, embedding in
            (part, try PreparedRecord.vector(embedding, dimension: dimension, name: path, store: name))
        }
        let space = space
        try await write { db in
            let roots = try self.roots(db)
            guard try self.add(prepared.map { $0.0 }, toItemAt: path, roots, db) != nil else {
                throw StoreError(.invalidRequest, path: self.name, "has no item at \(path)")
            }
            let writer = try EmbeddingWriter(db, space: space)
            let place = roots.place(of: path)
            let find = try db.cachedStatement(
                sql: """
                    SELECT parts.id, parts.asset FROM items JOIN parts ON parts.asset = items.asset
                    WHERE items.root = ? AND items.path = ? AND parts.kind = 2 AND parts.x = ? AND parts.width = ?
                        AND parts.start = ? AND parts.stop = ?
                    """)
            for (part, vector) in prepared {
                guard case .moment(let start, let end, let best, let isFrame) = part,
                    let row = try Row.fetchOne(
                        find, arguments: [place.root, place.path, best, isFrame ? 2 : 1, start, end])
                else { continue }
                try writer.add(
                    asset: try row.decode(atIndex: 1), part: try row.decode(atIndex: 0), vector)
            }
        }
        if codes.add(moments.count) { try? await buildIndex() }
    }

    /// Says that all of the video at `path` has been looked at: how long it is, and its embedding.
    public func finishVideo(at path: String, duration: Double, embedding: Embedding) async throws {
        let vector = try PreparedRecord.vector(embedding, dimension: dimension, name: path, store: name)
        let space = space
        try await write { db in
            let place = try self.roots(db).place(of: path)
            let asset = try Int64.fetchOne(
                db, sql: "SELECT asset FROM items WHERE root = ? AND path = ?", arguments: [place.root, place.path])
            guard let asset else { throw StoreError(.invalidRequest, path: self.name, "has no item at \(path)") }
            try db.execute(sql: "UPDATE assets SET duration = ? WHERE id = ?", arguments: [duration, asset])
            try EmbeddingWriter(db, space: space).add(asset: asset, part: asset, vector)
        }
        if codes.add(1) { try? await buildIndex() }
    }

    /// Embeddings of moments, drawn at random; fewer where the store holds fewer.
    public func momentSample(_ count: Int) async throws -> [Embedding] {
        let table = space.table
        let drawn = SurroundingChance()
        return try await read { db in
            var chance = drawn
            guard count > 0, let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM parts WHERE kind = 2") else {
                return []
            }
            let statement = try db.cachedStatement(
                sql: "SELECT id, asset FROM parts WHERE id >= ? AND kind = 2 AND width > 0 ORDER BY id LIMIT 1")
            let vector = try db.cachedStatement(sql: "SELECT vector FROM \(table) WHERE asset = ? AND part = ?")
            var found: [Int64: Embedding] = [:]
            for _ in 0..<4 * count where found.count < count {
                let number = Int64.random(in: 1...max(1, last), using: &chance)
                guard let row = try Row.fetchOne(statement, arguments: [number]) else { continue }
                let (part, asset): (Int64, Int64) = (try row.decode(atIndex: 0), try row.decode(atIndex: 1))
                guard found[part] == nil else { continue }
                if let data = try Data.fetchOne(vector, arguments: [asset, part]) {
                    found[part] = Embedding(values: Self.floats(of: data))
                }
            }
            return found.sorted { $0.key < $1.key }.map(\.value).filter { $0.values.count == self.dimension }
        }
    }
}
