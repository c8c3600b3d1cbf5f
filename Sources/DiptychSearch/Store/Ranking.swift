internal import Diptych

/// The best items so far, of those behind a request's cursor.
struct Ranking {
    private var best: BestScores
    private let minimum: Float?
    private let after: SearchCursor?
    /// Where an item may be offered by several of its parts: the best score of each, and the embedding that it is of.
    private var parts: [Int64: (score: Float, vector: Int64)]?

    /// - Parameter hasParts: whether an item may be offered several times, of which its best score counts.
    init(_ request: SearchRequest, hasParts: Bool) {
        best = BestScores(limit: request.limit)
        (minimum, after) = (request.minimumSimilarity, request.after)
        parts = hasParts ? [:] : nil
    }

    mutating func offer(_ score: Float, id: Int64, by vector: Int64) {
        if let minimum, score < minimum { return }
        let similarity = min(1, max(-1, score))
        if parts != nil {
            // Of equal parts the first one counts, whatever the order in which they come.
            if let known = parts?[id], (known.score, -known.vector) >= (similarity, -vector) { return }
            parts?[id] = (similarity, vector)
        } else {
            offer(similarity, id: id)
        }
    }

    private mutating func offer(_ similarity: Float, id: Int64) {
        if let after, !after.isBefore(similarity: similarity, item: id) { return }
        best.offer(similarity, id: id)
    }

    /// The items that may be offered several times each whose best score is at least this, with those of the pages before; 0 where
    /// items have one part only.
    func count(from least: Float) -> Int {
        let least = min(1, max(-1, least))
        return parts?.values.count { $0.score >= least } ?? 0
    }

    /// The embedding that each item was found by, where there may be several.
    var vectors: [Int64: Int64] { parts?.mapValues(\.vector) ?? [:] }

    /// The best items, best first.
    var ranked: [(score: Float, id: Int64)] {
        guard let parts else { return best.ranked }
        var ranking = self
        for (id, entry) in parts { ranking.offer(entry.score, id: id) }
        return ranking.best.ranked
    }
}
