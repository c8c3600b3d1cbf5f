internal import CKernels
public import Diptych
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Scans every embedding, exactly; the best `limit` items, equal ones by id.
    ///
    /// - Throws: ``StoreError`` when the query has another dimension than the store, or it or the minimum is not a number.
    public func search(_ query: Embedding, limit: Int, minimumSimilarity: Float?) async throws -> [SearchHit] {
        guard query.values.count == dimension else {
            throw StoreError(
                .otherModel, path: directory.path,
                "holds embeddings of \(dimension) numbers, the query has \(query.values.count): it is another model's")
        }
        guard query.values.allSatisfy(\.isFinite) else {
            throw StoreError(.invalidRequest, path: directory.path, "the query is not finite")
        }
        guard minimumSimilarity?.isNaN != true else {
            throw StoreError(.invalidRequest, path: directory.path, "the minimum similarity is not a number")
        }
        guard limit > 0 else { return [] }
        let unit = Embeddings(values: query.values, dimension: dimension).normalized().values
        let (dimension, path) = (dimension, directory.path)
        return try await read { db in
            var best = BestScores(limit: limit)
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT items.id, vectors.embedding FROM items JOIN vectors ON vectors.id = items.vector
                    WHERE items.missing_since IS NULL
                    """)
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
                if let minimumSimilarity, score < minimumSimilarity { continue }
                best.offer(score, id: id)
            }
            return try best.ranked.compactMap { entry in
                guard
                    let row = try Row.fetchOne(
                        db,
                        sql: """
                            SELECT items.path, vectors.width, vectors.height, items.size, items.modified
                            FROM items JOIN vectors ON vectors.id = items.vector WHERE items.id = ?
                            """, arguments: [entry.id])
                else { return nil }
                return SearchHit(
                    id: String(entry.id), path: try row.decode(atIndex: 0),
                    similarity: min(1, max(-1, entry.score)), attributes: try ItemAttributes(row, from: 1))
            }
        }
    }
}
