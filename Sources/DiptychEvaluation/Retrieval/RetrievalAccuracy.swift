public import Diptych

/// How well queries find what belongs to them: recall at k, as papers on retrieval and Chinese-CLIP's `evaluation.py` count
/// it.
///
/// A query's rank is the number of things that do not belong to it and are as near as the nearest one that does, or nearer:
/// a model that cannot tell things apart must not look like one that finds them all.
public struct RetrievalAccuracy: Sendable, Equatable {
    /// The rank of each query, from 0.
    public let ranks: [Int]

    /// Takes ranks that are known.
    public init(ranks: [Int]) { self.ranks = ranks }

    /// Ranks `candidates` by their cosine to each query.
    ///
    /// - Parameters:
    ///   - queries: a row each, of the candidates' dimension.
    ///   - relevant: the candidates that belong to each query; a query without any is left out.
    public init(queries: Embeddings, candidates: Embeddings, relevant: [[Int]]) {
        precondition(relevant.count == queries.count, "\(relevant.count) answers for \(queries.count) queries")
        // Few queries at a time, so that many need no matrix of their square.
        let step = 256
        var ranks: [Int] = []
        ranks.reserveCapacity(queries.count)
        for first in stride(from: 0, to: queries.count, by: step) {
            let block = queries.rows(first..<min(first + step, queries.count)).similarity(to: candidates)
            for row in 0..<block.rows where !relevant[first + row].isEmpty {
                let scores = block.values[row * block.columns..<(row + 1) * block.columns]
                ranks.append(Self.rank(scores, relevant: relevant[first + row]))
            }
        }
        self.ranks = ranks
    }

    /// The rank of the best of `relevant` by its score.
    ///
    /// - Parameter scores: one a candidate, higher for nearer.
    public static func rank(_ scores: some RandomAccessCollection<Float>, relevant: [Int]) -> Int {
        func score(_ index: Int) -> Float { scores[scores.index(scores.startIndex, offsetBy: index)] }
        let own = Set(relevant)
        // A score that is not a number is the worst.
        let best = own.map(score).filter { !$0.isNaN }.max() ?? -.infinity
        var above = 0
        for (index, score) in scores.enumerated() where !(score < best) && !own.contains(index) { above += 1 }
        return above
    }

    /// The share of queries whose rank is below `k`; nil without queries.
    public func recall(at k: Int) -> Double? {
        ranks.isEmpty ? nil : Double(ranks.count { $0 < k }) / Double(ranks.count)
    }

    /// The mean of recall at 1, 5 and 10, which Chinese-CLIP calls the mean score; nil without queries.
    public var meanRecall: Double? {
        guard let one = recall(at: 1), let five = recall(at: 5), let ten = recall(at: 10) else { return nil }
        return (one + five + ten) / 3
    }

    /// The median of the ranks, from 1, as papers count it; nil without queries.
    public var medianRank: Double? {
        guard !ranks.isEmpty else { return nil }
        let sorted = ranks.sorted()
        return Double(sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2 + 1
    }

    /// The mean of 1 / rank, from 1; nil without queries.
    public var meanReciprocalRank: Double? {
        ranks.isEmpty ? nil : ranks.reduce(0) { $0 + 1 / Double($1 + 1) } / Double(ranks.count)
    }
}

extension Embeddings {
    /// Some neighbouring rows.
    public func rows(_ range: Range<Int>) -> Embeddings {
        Embeddings(
            values: Array(values[range.lowerBound * dimension..<range.upperBound * dimension]), dimension: dimension)
    }
}
