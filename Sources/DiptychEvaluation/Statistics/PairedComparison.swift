internal import Foundation

/// Whether a second model does better than a first on the same samples, by a paired test at 5 %.
public struct PairedComparison: Sendable, Equatable {
    /// What can be said.
    public enum Verdict: String, Sendable {
        /// The second is better.
        case better
        /// The second is worse.
        case worse
        /// It cannot be told.
        case undecided
    }

    /// How it was tested.
    public enum Test: String, Sendable {
        /// McNemar's test with exact binomial probabilities, of samples that are right or wrong and do not depend on each other.
        case mcNemar = "exact McNemar"
        /// The bootstrap of clusters, of samples that hang together or have values.
        case bootstrap = "cluster bootstrap"
    }

    /// What can be said.
    public let verdict: Verdict
    /// The mean of the first.
    public let first: Double
    /// The mean of the second.
    public let second: Double
    /// The mean of the second less that of the first.
    public var difference: Double { second - first }
    /// The 95 % interval of the difference; nil where there are fewer than two clusters.
    public let interval: Interval?
    /// How probable so large a difference is where there is none; nil where that cannot be said.
    public let probability: Double?
    /// The smallest difference that could have been told from none, as much as these samples vary; nil where none could.
    public let smallestDifference: Double?
    /// How it was tested.
    public let test: Test

    /// Fewer clusters that changed, all in one direction, have a probability above 5 % (2 · ½⁵).
    private static let fewestChanges = 6

    /// Compares outcomes of the same samples.
    ///
    /// - Parameters:
    ///   - first: the first model's values, such as 1 for a hit and 0 for none.
    ///   - second: the second's, of the same samples.
    ///   - clusters: what hangs together, such as the texts of an image.
    ///   - seed: what draws follow from.
    public init(first: [Double], second: [Double], clusters: [Int], seed: UInt64 = 0) {
        precondition(first.count == second.count && first.count == clusters.count, "values of other samples")
        let isSingle = Set(clusters).count == clusters.count
        let isBinary = (first + second).allSatisfy { $0 == 0 || $0 == 1 }
        self.init(first, second, clusters, isExact: isSingle && isBinary, seed)
    }

    private init(_ first: [Double], _ second: [Double], _ clusters: [Int], isExact: Bool, _ seed: UInt64) {
        let count = Double(max(1, first.count))
        let differences = zip(first, second).map { $1 - $0 }
        self.first = first.reduce(0, +) / count
        self.second = second.reduce(0, +) / count
        let means = ClusterBootstrap.means(of: [differences], clusters: clusters, seed: seed)?[0]
        interval = means.map { means in
            let sorted = means.sorted()
            return Interval(
                low: ClusterBootstrap.percentile(0.025, of: sorted),
                high: ClusterBootstrap.percentile(0.975, of: sorted))
        }
        test = isExact ? .mcNemar : .bootstrap
        if isExact {
            let (won, lost) = (differences.count { $0 > 0 }, differences.count { $0 < 0 })
            let p = Self.exact(won, lost)
            probability = p
            verdict = p >= 0.05 ? .undecided : won > lost ? .better : .worse
            smallestDifference = Self.smallest(changes: won + lost, of: first.count)
            return
        }
        var changes: [Int: Double] = [:]
        for (cluster, difference) in zip(clusters, differences) where difference != 0 {
            changes[cluster, default: 0] += difference
        }
        guard let means, let interval else {
            (probability, verdict, smallestDifference) = (nil, .undecided, nil)
            return
        }
        let draws = Double(means.count)
        let (below, above) = (Double(means.count { $0 <= 0 }), Double(means.count { $0 >= 0 }))
        probability = min(1, 2 * (min(below, above) + 1) / (draws + 1))
        let changed = changes.values.count { $0 != 0 }
        let isTold = changed >= Self.fewestChanges && (interval.low > 0 || interval.high < 0)
        verdict = !isTold ? .undecided : interval.low > 0 ? .better : .worse
        // Half the interval's width, and what the fewest clusters bring that are ever told apart.
        let size = changed > 0 ? changes.values.reduce(0) { $0 + abs($1) } / Double(changed) : 1
        let fewest = Double(Self.fewestChanges) * size / count
        smallestDifference =
            Set(clusters).count < Self.fewestChanges ? nil : max((interval.high - interval.low) / 2, fewest)
    }

    /// The two-sided probability of so uneven a split of changes.
    static func exact(_ won: Int, _ lost: Int) -> Double {
        let (changes, few) = (won + lost, min(won, lost))
        guard changes > 0 else { return 1 }
        return min(1, 2 * tail(few, of: changes))
    }

    /// The probability of at most `few` heads of `count` coins.
    private static func tail(_ few: Int, of count: Int) -> Double {
        // By logarithms, as binomials of many overflow.
        (0...few).reduce(0) { sum, heads in
            let binomial = lgamma(Double(count) + 1) - lgamma(Double(heads) + 1) - lgamma(Double(count - heads) + 1)
            return sum + exp(binomial - Double(count) * log(2))
        }
    }

    /// The smallest difference of shares with a probability below 5 %, with so many changes, or with more where they are too few.
    private static func smallest(changes: Int, of samples: Int) -> Double? {
        let changes = max(changes, fewestChanges)
        guard samples >= fewestChanges else { return nil }
        var (low, high) = (0, changes / 2)
        // The most losses that are still told.
        while low < high {
            let middle = (low + high + 1) / 2
            if exact(changes - middle, middle) < 0.05 { low = middle } else { high = middle - 1 }
        }
        return Double(changes - 2 * low) / Double(samples)
    }
}
