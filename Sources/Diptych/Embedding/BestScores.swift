/// The highest of many scores: a heap whose top is the worst that is kept.
package struct BestScores {
    private var heap: [(score: Float, id: Int64)] = []
    private let limit: Int

    /// Keeps at most `limit` scores, which must be at least one.
    package init(limit: Int) { self.limit = limit }

    /// Whether `a` ranks below `b`: a lower score, or the same and a higher id.
    private static func isWorse(_ a: (score: Float, id: Int64), _ b: (score: Float, id: Int64)) -> Bool {
        a.score != b.score ? a.score < b.score : a.id > b.id
    }

    /// Keeps the score if it is among the best so far.
    package mutating func offer(_ score: Float, id: Int64) {
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
    package var ranked: [(score: Float, id: Int64)] { heap.sorted { Self.isWorse($1, $0) } }
}
