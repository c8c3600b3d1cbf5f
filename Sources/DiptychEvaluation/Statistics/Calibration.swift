internal import Foundation

/// Whether probabilities come true: how often what was said to have a probability happened.
public struct Calibration: Sendable, Equatable {
    /// The statements between two probabilities.
    public struct Bin: Sendable, Equatable {
        /// The lowest probability that counts, and the one from which on it does not.
        public let range: Range<Double>
        /// The number of statements.
        public let count: Int
        /// The mean of what was said.
        public let said: Double
        /// The share that came true.
        public let cameTrue: Double
    }

    /// The bins with statements, from the lowest.
    public let bins: [Bin]
    /// The number of statements.
    public let count: Int

    /// Sorts statements into bins.
    ///
    /// - Parameters:
    ///   - statements: what was said, 0 to 1, and whether it came true.
    ///   - bounds: where bins begin and end, rising; the last bin holds its end too, as scikit-learn's do.
    public init(_ statements: [(probability: Double, isTrue: Bool)], bounds: [Double]) {
        precondition(bounds.count >= 2 && zip(bounds, bounds.dropFirst()).allSatisfy(<), "bounds must rise")
        count = statements.count
        bins = zip(bounds, bounds.dropFirst()).enumerated().compactMap { index, ends in
            let isLast = index == bounds.count - 2
            let some = statements.filter {
                $0.probability >= ends.0 && ($0.probability < ends.1 || (isLast && $0.probability == ends.1))
            }
            guard !some.isEmpty else { return nil }
            return Bin(
                range: ends.0..<ends.1, count: some.count,
                said: some.reduce(0) { $0 + $1.probability } / Double(some.count),
                cameTrue: Double(some.count(where: \.isTrue)) / Double(some.count))
        }
    }

    /// Equally wide bins from 0 to 1.
    public init(_ statements: [(probability: Double, isTrue: Bool)], bins: Int = 10) {
        precondition(bins > 0, "at least one bin")
        self.init(statements, bounds: (0...bins).map { Double($0) / Double(bins) })
    }

    /// The mean distance of what was said from what came true, weighted by the statements of each bin (Naeini and others,
    /// 2015); 0 without statements.
    public var expectedError: Double {
        bins.reduce(0) { $0 + abs($1.said - $1.cameTrue) * Double($1.count) / Double(max(1, count)) }
    }
}

/// A curve of probabilities: ln(p / (1 − p)) = intercept + slope · x, fitted to what came true (Platt, 1999).
public struct LogisticCurve: Sendable, Equatable {
    /// The logarithm of the odds at 0.
    public private(set) var intercept = 0.0
    /// What one more of x adds to it.
    public private(set) var slope = 0.0

    /// Finds the most likely curve by Newton's method. Where any is (no points, or all came true alike), what is found
    /// first stays.
    public init(fitting points: [(x: Double, isTrue: Bool)]) {
        for _ in 0..<50 {
            var (g0, g1, h00, h01, h11) = (0.0, 0.0, 1e-9, 0.0, 1e-9)
            for (x, isTrue) in points {
                let p = probability(at: x)
                let (rest, weight) = ((isTrue ? 1 : 0) - p, p * (1 - p))
                g0 += rest
                g1 += rest * x
                h00 += weight
                h01 += weight * x
                h11 += weight * x * x
            }
            let determinant = h00 * h11 - h01 * h01
            guard abs(determinant) > 1e-12 else { return }
            intercept += (h11 * g0 - h01 * g1) / determinant
            slope += (h00 * g1 - h01 * g0) / determinant
        }
    }

    /// The probability at `x`.
    public func probability(at x: Double) -> Double { 1 / (1 + exp(-(intercept + slope * x))) }
}
