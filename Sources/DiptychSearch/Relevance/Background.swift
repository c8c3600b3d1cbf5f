internal import Diptych
internal import Foundation

/// How near a store's pictures come to queries that have nothing to do with them, measured when it was indexed.
///
/// Cosines of one query to unrelated pictures are nearly normal in the middle and fall exponentially at the top; where the
/// middle lies and how wide it is depends on the query. So a sample of the store's embeddings, the probes, gives each query its own
/// mean and deviation, and what lies above is described once for texts and once for pictures, in deviations.
public struct Background: Sendable, Codable, Equatable {
    /// What a query was made from.
    public enum Kind: Sendable {
        /// Texts, alone or with pictures.
        case text
        /// Pictures only.
        case picture
    }

    /// The upper end of a distribution: the share of values above ``threshold`` is ``share``, and above that it falls
    /// by e every ``scale``.
    public struct Tail: Sendable, Codable, Equatable {
        /// In deviations above the mean.
        public let threshold: Double
        /// In deviations.
        public let scale: Double
        /// Between 0 and 1.
        public let share: Double

        /// The tail of a sample, its highest fiftieth; nil where the sample is too small or has no spread.
        init?(of sample: [Double]) {
            let share = 0.02
            let sorted = sample.sorted()
            let start = Int(Double(sorted.count) * (1 - share))
            guard sorted.count - start >= 20 else { return nil }
            let excess = sorted[start...].reduce(0) { $0 + $1 - sorted[start] } / Double(sorted.count - start)
            guard excess > 1e-6, excess.isFinite else { return nil }
            (threshold, scale, self.share) = (sorted[start], excess, share)
        }

        /// The probability that an unrelated picture comes at least this many deviations above the mean.
        func probability(of deviations: Double) -> Double {
            min(1, share * exp(-(deviations - threshold) / scale))
        }
    }

    /// Embeddings of pictures of the store, drawn by chance: [probes, dimension], float32 little-endian.
    private let probeBytes: Data
    let dimension: Int
    let text: Tail
    let picture: Tail
    /// The items that the store held then.
    let count: Int

    /// The fewest probes that say something.
    static let fewestProbes = 32
    /// The probes that are drawn: the mean of a query is known to a sixteenth of its deviation.
    static let probeCount = 256

    /// Measures how near `probes` come to `texts` and to each other; nil where there are too few of them.
    ///
    /// - Parameters:
    ///   - probes: embeddings of pictures of the store, drawn by chance.
    ///   - texts: embeddings of texts of all kinds.
    ///   - count: the items that the store holds.
    init?(probes: Embeddings, texts: Embeddings, count: Int) {
        guard probes.count >= Self.fewestProbes, probes.dimension == texts.dimension else { return nil }
        probeBytes = EmbeddedStore.bytes(of: probes.values)
        dimension = probes.dimension
        self.count = count
        func tail(_ queries: Embeddings) -> Tail? {
            Tail(
                of: (0..<queries.count).flatMap { index -> [Double] in
                    let similarities = Self.similarities(of: queries[index].values, to: probes.values)
                    return Spread(of: similarities).map { spread in
                        similarities.filter { $0 < Spread.sameFrom }.map(spread.deviations)
                    } ?? []
                })
        }
        guard let text = tail(texts), let picture = tail(probes) else { return nil }
        (self.text, self.picture) = (text, picture)
    }

    /// The probes: [probes, dimension].
    var probes: [Float] { EmbeddedStore.floats(of: probeBytes) }

    /// Whether the numbers can be what was measured: a store may come from anywhere.
    var isSound: Bool {
        dimension > 0 && probeBytes.count % (4 * dimension) == 0
            && probeBytes.count >= 4 * dimension * Self.fewestProbes
            && [text, picture].allSatisfy { $0.scale > 0 && $0.threshold.isFinite && $0.scale.isFinite } && count > 0
    }

    /// The cosines of a query of length 1 to rows of length 1.
    static func similarities(of query: [Float], to rows: [Float]) -> [Double] {
        stride(from: 0, to: rows.count, by: max(1, query.count)).map { start in
            var dot: Float = 0
            for index in query.indices { dot += query[index] * rows[start + index] }
            return Double(dot)
        }
    }

    /// The middle and the width of some similarities.
    struct Spread {
        let mean: Double
        let deviation: Double

        /// Similarities from here on are to the same picture, which says nothing about others.
        static let sameFrom = 0.9999

        /// Measures; nil where there is no width.
        init?(of similarities: [Double]) {
            let others = similarities.filter { $0 < Self.sameFrom }
            guard others.count >= Background.fewestProbes / 2 else { return nil }
            let mean = others.reduce(0, +) / Double(others.count)
            let variance = others.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(others.count)
            guard variance > 1e-12, variance.isFinite else { return nil }
            (self.mean, deviation) = (mean, variance.squareRoot())
        }

        func deviations(_ similarity: Double) -> Double { (similarity - mean) / deviation }
    }
}
