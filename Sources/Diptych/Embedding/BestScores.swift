internal import HeapModule

/// The highest of many scores.
package struct BestScores {
    private struct Entry: Comparable {
        let score: Float
        let id: Int64

        /// A lower score ranks below, and of equal ones the higher id.
        static func < (a: Self, b: Self) -> Bool { a.score != b.score ? a.score < b.score : a.id > b.id }
    }

    private var heap = Heap<Entry>()
    private let limit: Int

    /// Keeps at most `limit` scores, which must be at least one.
    package init(limit: Int) { self.limit = limit }

    /// Keeps the score if it is among the best so far.
    package mutating func offer(_ score: Float, id: Int64) {
        let entry = Entry(score: score, id: id)
        if heap.count < limit {
            heap.insert(entry)
        } else if let worst = heap.min, worst < entry {
            heap.replaceMin(with: entry)
        }
    }

    /// What was kept, best first.
    package var ranked: [(score: Float, id: Int64)] { heap.unordered.sorted(by: >).map { ($0.score, $0.id) } }
}
