internal import CKernels
internal import Diptych
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Scans every embedding, exactly; each request's best items, equal ones by id.
    public func search(_ requests: [SearchRequest]) async throws -> [SearchResults] {
        var results: [SearchResults] = []
        for request in requests { results.append(try await scan(request)) }
        return results
    }

    private func scan(_ request: SearchRequest) async throws -> SearchResults {
        let unit = try request.unitQuery(dimension: dimension, store: name)
        guard request.limit > 0 else { return SearchResults([], isExact: true) }
        let (dimension, path) = (dimension, name)
        let condition = request.filter?.sql ?? SQLCondition("1")
        return try await read { db in
            let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM items") ?? 0
            let snapshot = request.after?.snapshot ?? last
            var best = BestScores(limit: request.limit)
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT items.id, vectors.embedding FROM items JOIN vectors ON vectors.id = items.vector
                    WHERE items.missing_since IS NULL AND items.id <= ? AND \(condition.text)
                    """, arguments: StatementArguments([snapshot.databaseValue] + condition.arguments))
            let isa = diptych_detected_isa()
            while let row = try rows.next() {
                let id: Int64 = try row.decode(atIndex: 0)
                let score = try row.withUnsafeData(atIndex: 1) { data -> Float in
                    guard let data, data.count == 4 * dimension else {
                        throw StoreError(
                            .damaged, path: path, "the embedding of item \(id) has the wrong size; run `store verify`")
                    }
                    var score: Float = 0
                    // SQLite may hand out unaligned bytes; the kernel reads them as they are.
                    data.withUnsafeBytes {
                        diptych_dot_rows(
                            isa, unit, $0.baseAddress?.assumingMemoryBound(to: Float.self), 1, dimension, &score)
                    }
                    return score
                }
                guard score.isFinite else {
                    throw StoreError(
                        .damaged, path: path, "the embedding of item \(id) is not finite; run `store verify`")
                }
                if let minimum = request.minimumSimilarity, score < minimum { continue }
                let similarity = min(1, max(-1, score))
                if let after = request.after, !after.isBefore(similarity: similarity, item: id) { continue }
                best.offer(similarity, id: id)
            }
            let ranked = best.ranked
            let hits = try ranked.map { entry in
                try Self.hit(entry.id, similarity: entry.score, withEmbedding: request.includesEmbeddings, in: db)
            }
            let next = ranked.last.flatMap { entry in
                ranked.count == request.limit
                    ? SearchCursor(
                        snapshot: snapshot, position: (request.after?.position ?? 0) + ranked.count,
                        similarity: entry.score, item: entry.id) : nil
            }
            return SearchResults(hits.compactMap(\.self), isExact: true, next: next)
        }
    }

    /// What a search tells about the item `id`.
    static func hit(
        _ id: Int64, similarity: Float, withEmbedding: Bool, in db: Database
    ) throws -> SearchHit? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT items.path, \(attributeColumns), vectors.embedding
                    FROM items JOIN vectors ON vectors.id = items.vector WHERE items.id = ?
                    """), arguments: [id])
        return try row.map { row in
            let data: Data? = withEmbedding ? try row.decode(Data.self, atIndex: row.count - 1) : nil
            return SearchHit(
                id: String(id), path: try row.decode(atIndex: 0), similarity: similarity,
                attributes: try attributes(row, from: 1), embedding: data.map { Embedding(values: floats(of: $0)) })
        }
    }
}
