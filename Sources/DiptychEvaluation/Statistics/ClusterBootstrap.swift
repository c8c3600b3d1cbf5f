internal import DiptychBasics
internal import Foundation

/// Where a number lies with a probability of 95 %.
public struct Interval: Sendable, Equatable {
    /// The lower end.
    public let low: Double
    /// The upper end.
    public let high: Double

    /// Joins two ends.
    public init(low: Double, high: Double) { (self.low, self.high) = (low, high) }
}

/// Intervals of means by the bootstrap of clusters (Field and Welsh, 2007): whole clusters are drawn again, as many as there are,
/// because the texts of one image are easy or hard together, and taken one by one would promise too much.
public enum ClusterBootstrap {
    /// How often clusters are drawn.
    public static let draws = 1000

    /// The 95 % intervals of the means of columns: from the 2.5th to the 97.5th percentile of the means that were drawn.
    ///
    /// Where a whole column is one end of `bounds`, as when every query was answered, every draw is the same and says nothing; the
    /// other end of the interval is then what n clusters leave possible, (1 − confidence / 2)^(1/n) of the way (Clopper and Pearson,
    /// 1934).
    ///
    /// - Parameters:
    ///   - columns: values of the same samples, such as hits at 1, 5 and 10.
    ///   - bounds: the least and the greatest that a value can be.
    ///   - clusters: the cluster of each sample.
    ///   - seed: what the draws follow from.
    /// - Returns: an interval a column; nil where there are fewer than two clusters.
    public static func intervals(
        of columns: [[Double]], bounds: ClosedRange<Double>?, clusters: [Int], seed: UInt64
    ) -> [Interval]? {
        guard let means = means(of: columns, clusters: clusters, seed: seed) else { return nil }
        let count = Double(Set(clusters).count)
        let rest = pow(0.025, 1 / count)
        return zip(columns, means).map { column, means in
            if let bounds, let first = column.first, column.allSatisfy({ $0 == first }) {
                let reach = (bounds.upperBound - bounds.lowerBound) * (1 - rest)
                if first == bounds.upperBound { return Interval(low: first - reach, high: first) }
                if first == bounds.lowerBound { return Interval(low: first, high: first + reach) }
            }
            let sorted = means.sorted()
            return Interval(low: percentile(0.025, of: sorted), high: percentile(0.975, of: sorted))
        }
    }

    /// The means of columns in each draw; nil where there are fewer than two clusters.
    static func means(of columns: [[Double]], clusters: [Int], seed: UInt64) -> [[Double]]? {
        var places: [Int: Int] = [:]
        let own = clusters.map { cluster in
            let place = places[cluster] ?? places.count
            places[cluster] = place
            return place
        }
        let (count, width) = (places.count, columns.count + 1)
        guard count >= 2 else { return nil }
        // Of each cluster: the sums of its columns, and how many samples it has.
        var sums = [Double](repeating: 0, count: count * width)
        for (sample, place) in own.enumerated() {
            for (column, values) in columns.enumerated() { sums[place * width + column] += values[sample] }
            sums[place * width + columns.count] += 1
        }
        var generator = SplitMix64(seed: seed)
        var means = [[Double]](repeating: [], count: columns.count)
        var totals = [Double](repeating: 0, count: width)
        for _ in 0..<draws {
            for column in 0..<width { totals[column] = 0 }
            for _ in 0..<count {
                // The remainder's bias is at most count / 2⁶⁴.
                let start = Int(generator.next() % UInt64(count)) * width
                for column in 0..<width { totals[column] += sums[start + column] }
            }
            for column in columns.indices { means[column].append(totals[column] / totals[columns.count]) }
        }
        return means
    }

    /// Between neighbours by their distance, as numpy's default.
    static func percentile(_ share: Double, of sorted: [Double]) -> Double {
        guard let last = sorted.last else { return .nan }
        let place = share * Double(sorted.count - 1)
        let index = Int(place)
        guard index + 1 < sorted.count else { return last }
        return sorted[index] + (sorted[index + 1] - sorted[index]) * (place - Double(index))
    }
}
