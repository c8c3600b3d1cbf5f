internal import CKernels
public import Diptych
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Scans every embedding, exactly; the best `limit` items, equal ones by id.
    ///
    /// - Throws: ``StoreError`` when the query has another dimension than the store or is not finite.
    public func search(_ query: Embedding, limit: Int, minimumSimilarity: Float?) async throws -> [SearchHit] {
        guard query.values.count == dimension else {
            throw StoreError(
                .otherModel, path: directory.path,
                "holds embeddings of \(dimension) numbers, the query has \(query.values.count): it is another model's")
        }
        guard query.values.allSatisfy(\.isFinite) else {
            throw StoreError(.invalidRequest, path: directory.path, "the query is not finite")
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
                let id: Int64 = row[0]
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
                if let minimumSimilarity, score < minimumSimilarity { continue }
                best.offer(score, id: id)
            }
            return try best.ranked.compactMap { entry in
                guard
                    let row = try Row.fetchOne(
                        db,
                        sql: """
                            SELECT items.path, items.size, items.modified, vectors.width, vectors.height
                            FROM items JOIN vectors ON vectors.id = items.vector WHERE items.id = ?
                            """, arguments: [entry.id])
                else { return nil }
                return SearchHit(
                    id: String(entry.id), path: row[0], similarity: min(1, max(-1, entry.score)),
                    attributes: ItemAttributes(
                        width: row[3], height: row[4], bytes: row[1], modified: Double(row[2] as Int64) / 1e9))
            }
        }
    }
}

/// The highest of many scores: a heap whose top is the worst that is kept.
struct BestScores {
    private var heap: [(score: Float, id: Int64)] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Whether `a` ranks below `b`: a lower score, or the same and a higher id.
    private static func isWorse(_ a: (score: Float, id: Int64), _ b: (score: Float, id: Int64)) -> Bool {
        a.score != b.score ? a.score < b.score : a.id > b.id
    }

    /// Keeps the score if it is among the best so far.
    mutating func offer(_ score: Float, id: Int64) {
        let entry = (score: score, id: id)
        if heap.count < limit {
            heap.append(entry)
            var child = heap.count - 1
            while child > 0, Self.isWorse(heap[child], heap[(child - 1) / 2]) {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        } else if Self.isWorse(heap[0], entry) {
            heap[0] = entry
            var parent = 0
            while true {
                let left = 2 * parent + 1
                guard left < heap.count else { break }
                let worse = left + 1 < heap.count && Self.isWorse(heap[left + 1], heap[left]) ? left + 1 : left
                guard Self.isWorse(heap[worse], heap[parent]) else { break }
                heap.swapAt(worse, parent)
                parent = worse
            }
        }
    }

    /// What was kept, best first.
    var ranked: [(score: Float, id: Int64)] { heap.sorted { Self.isWorse($1, $0) } }
}
