internal import Diptych
internal import DiptychBasics
internal import Synchronization

/// The nearest rows to each of some rows, by the Euclidean distance, exactly.
struct NearestRows: Sendable {
    /// How many of each.
    let count: Int
    /// The numbers of the nearest, the nearest first: [rows, count].
    let rows: [Int32]
    /// Their distances: [rows, count].
    let distances: [Float]

    /// - Parameters:
    ///   - queries: rows whose neighbours are sought.
    ///   - candidates: rows among which they are.
    ///   - areSame: whether both are the same rows, so that each is left out of its own neighbours.
    init(of queries: Embeddings, among candidates: Embeddings, count: Int, areSame: Bool, threads: Int) {
        let count = max(0, min(count, candidates.count - (areSame ? 1 : 0)))
        self.count = count
        // |a − b|² = |a|² − 2 (a · b − |b|² / 2): with one more column, what is nearest has the largest product.
        let (asked, norms) = Self.widened(queries) { _ in 1 }
        let (sought, _) = Self.widened(candidates) { -$0 / 2 }
        let blocks = ScoreBlocks(candidates: sought, threads: threads)
        let found = Mutex(
            ([Int32](repeating: 0, count: queries.count * count), [Float](repeating: 0, count: queries.count * count)))
        let parts = (queries.count + blocks.rows - 1) / blocks.rows
        ParallelWork(threads: threads).each(parts) { part, _ in
            let range = part * blocks.rows..<min(queries.count, (part + 1) * blocks.rows)
            var scores: [Float] = []
            blocks.scores(of: asked, range, into: &scores)
            var (rows, distances) = ([Int32](), [Float]())
            rows.reserveCapacity(range.count * count)
            distances.reserveCapacity(range.count * count)
            scores.withUnsafeBufferPointer { scores in
                for row in range {
                    let start = (row - range.lowerBound) * candidates.count
                    let line = UnsafeBufferPointer(rebasing: scores[start..<start + candidates.count])
                    for (candidate, score) in Self.best(count, of: line, without: areSame ? row : nil) {
                        rows.append(Int32(truncatingIfNeeded: candidate))
                        distances.append(max(0, norms[row] - 2 * score).squareRoot())
                    }
                }
            }
            found.withLock {
                $0.0.replaceSubrange(range.lowerBound * count..<range.upperBound * count, with: rows)
                $0.1.replaceSubrange(range.lowerBound * count..<range.upperBound * count, with: distances)
            }
        }
        (rows, distances) = found.withLock { $0 }
    }

    /// Rows with one more column, made of each row's squared length; and those.
    private static func widened(_ rows: Embeddings, _ last: (Float) -> Float) -> (Embeddings, [Float]) {
        let width = rows.dimension
        var (values, norms) = ([Float](), [Float]())
        values.reserveCapacity(rows.count * (width + 1))
        for row in 0..<rows.count {
            let line = rows.values[row * width..<(row + 1) * width]
            let norm = line.reduce(0) { $0 + $1 * $1 }
            values.append(contentsOf: line)
            values.append(last(norm))
            norms.append(norm)
        }
        return (Embeddings(values: values, dimension: width + 1), norms)
    }

    /// The largest of some scores with their places, the largest first; of equal ones the first.
    private static func best(_ count: Int, of scores: UnsafeBufferPointer<Float>, without own: Int?) -> [(Int, Float)] {
        guard count > 0 else { return [] }
        var best: [(Int, Float)] = []
        best.reserveCapacity(count + 1)
        var least = -Float.infinity
        for place in 0..<scores.count where scores[place] > least || best.count < count {
            if place == own { continue }
            let score = scores[place]
            var at = best.count
            while at > 0, best[at - 1].1 < score { at -= 1 }
            best.insert((place, score), at: at)
            if best.count > count { best.removeLast() }
            if best.count == count { least = best[count - 1].1 }
        }
        return best
    }
}
