internal import Diptych
internal import DiptychBasics
internal import Synchronization

/// The order of candidates for each query: by falling score, and those of one score in the order in which they are given, as
/// Python's `sorted` leaves them in Chinese-CLIP's scripts.
struct CandidateRanking {
    /// What is known of a query.
    struct Query: Sendable, Equatable {
        /// The candidates before the first that belongs to it; nil where none does.
        var rank: Int?
        /// Whether a candidate that does not belong to it has the same score as the first that does.
        var isTied = false
        /// The first candidates.
        var best: [Int] = []
    }

    /// In the order of the queries.
    let queries: [Query]

    /// - Parameters:
    ///   - relevant: the candidates that belong to each query.
    ///   - limit: how many of the first candidates are kept.
    init(queries: Embeddings, candidates: Embeddings, relevant: [[Int]], limit: Int, threads: Int?) {
        let work = ParallelWork(threads: threads)
        let blocks = ScoreBlocks(candidates: candidates, threads: work.threads)
        let (rows, count) = (blocks.rows, candidates.count)
        let number = (queries.count + rows - 1) / rows
        let found = Mutex([[Query]](repeating: [], count: number))
        work.each(number) { block, _ in
            let range = block * rows..<min(queries.count, (block + 1) * rows)
            var scores: [Float] = []
            blocks.scores(of: queries, range, into: &scores)
            let some = scores.withUnsafeBufferPointer { scores in
                range.map { query in
                    let start = (query - range.lowerBound) * count
                    return Self.query(
                        UnsafeBufferPointer(rebasing: scores[start..<start + count]), relevant: relevant[query],
                        limit: limit)
                }
            }
            found.withLock { $0[block] = some }
        }
        self.queries = found.withLock { $0.flatMap { $0 } }
    }

    /// What the scores of all candidates say of a query.
    static func query(_ scores: UnsafeBufferPointer<Float>, relevant: [Int], limit: Int) -> Query {
        var query = Query()
        query.best = best(scores, limit)
        guard var first = relevant.first else { return query }
        for index in relevant where scores[index] > scores[first] || (scores[index] == scores[first] && index < first) {
            first = index
        }
        let own = scores[first]
        // Sums that overflow are the worst.
        guard !own.isNaN else {
            query.rank = scores.count
            return query
        }
        var (above, before, equal) = (0, 0, 0)
        for score in scores { above &+= score > own ? 1 : 0 }
        for score in scores[..<first] { before &+= score == own ? 1 : 0 }
        for score in scores { equal &+= score == own ? 1 : 0 }
        query.rank = above + before
        query.isTied = equal > Set(relevant).count { scores[$0] == own }
        return query
    }

    private static func best(_ scores: UnsafeBufferPointer<Float>, _ limit: Int) -> [Int] {
        let limit = min(limit, scores.count)
        guard limit > 0 else { return [] }
        var best: [(score: Float, index: Int)] = []
        best.reserveCapacity(limit + 1)
        var least = -Float.infinity
        for index in scores.indices {
            let score = scores[index]
            // A later one of the same score comes behind.
            guard best.count < limit || score > least else { continue }
            var place = best.count
            while place > 0, best[place - 1].score < score { place -= 1 }
            best.insert((score, index), at: place)
            if best.count > limit { best.removeLast() }
            if best.count == limit { least = best[limit - 1].score }
        }
        return best.map(\.index)
    }
}
