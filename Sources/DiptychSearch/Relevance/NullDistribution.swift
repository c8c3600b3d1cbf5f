internal import Diptych
internal import Foundation

/// How near a store's images come to queries that have nothing to do with them, measured when it was indexed.
///
/// Cosines of one query to unrelated images are nearly normal in the middle and fall exponentially at the top; where the
/// middle lies and how wide it is depends on the query. So a sample of the store's embeddings, the probes, gives each query its own
/// mean and deviation, and what lies above is described once for texts and once for images, in deviations.
///
/// Probes differ from each other: in a store of bursts, look-alikes would otherwise become the norm, and the very image that was
/// asked for would be no nearer than usual.
public struct NullDistribution: Sendable, Codable, Equatable {
    /// What a query was made from.
    public enum Kind: Sendable {
        /// Texts, alone or with images.
        case text
        /// Images only.
        case image
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

        /// The probability that an unrelated image comes at least this many deviations above the mean.
        func probability(of deviations: Double) -> Double {
            min(1, share * exp(-(deviations - threshold) / scale))
        }
    }

    /// Embeddings of pictures of the store, drawn at random, none nearly the same as another: [probes, dimension], float32
    /// little-endian.
    private let probeBytes: Data
    /// About how many pictures of the store differ; nil in what older versions measured, whose probes may be look-alikes.
    private let differing: Double?
    let dimension: Int
    let text: Tail
    let image: Tail
    /// The items that the store held then.
    let count: Int

    /// Stores of earlier versions hold the older name.
    private enum CodingKeys: String, CodingKey {
        case probeBytes, differing, dimension, text, count
        case image = "picture"
    }

    /// The fewest probes that say something.
    static let fewestProbes = 32
    /// The probes that are drawn: the mean of a query is known to a sixteenth of its deviation.
    static let probeCount = 256
    /// The images that probes are chosen from: enough to find so many that differ in a store of bursts of four.
    static let sampleCount = 1024
    /// Images from this cosine on show nearly the same.
    static let nearlySameFrom = 0.95

    /// Measures how near pictures of a store come to `texts` and to each other; nil where too few of them differ.
    ///
    /// - Parameters:
    ///   - sample: embeddings of pictures of the store, drawn at random; those that differ become probes.
    ///   - texts: embeddings of texts of all kinds; none where the model embeds no texts.
    ///   - count: the items that the store holds.
    init?(sample: Embeddings, texts: Embeddings, count: Int) {
        let (probes, differing) = Self.distinct(sample, of: count)
        guard probes.count >= Self.fewestProbes, probes.dimension == texts.dimension else { return nil }
        probeBytes = EmbeddedStore.bytes(of: probes.values)
        self.differing = differing
        dimension = probes.dimension
        self.count = count
        func tail(_ queries: Embeddings) -> Tail? {
            Tail(
                of: (0..<queries.count).flatMap { index -> [Double] in
                    let similarities = Self.similarities(of: queries[index].values, to: probes.values)
                    return Spread(of: similarities).map { spread in
                        similarities.filter { $0 < Self.nearlySameFrom }.map(spread.deviations)
                    } ?? []
                })
        }
        guard let image = tail(probes), let text = texts.count == 0 ? image : tail(texts) else { return nil }
        (self.text, self.image) = (text, image)
    }

    /// One row of each group of rows that hang together, each nearly the same as another: the frames of a burst may differ from
    /// end to end. As many as probes are wanted; and about how many such groups there are in the store.
    private static func distinct(_ sample: Embeddings, of count: Int) -> (probes: Embeddings, groups: Double) {
        var forest = Forest()
        for index in 0..<sample.count {
            let before = sample.values[..<(index * sample.dimension)]
            for (other, similarity) in similarities(of: sample[index].values, to: before).enumerated()
            where similarity >= nearlySameFrom {
                forest.join(Int64(index), Int64(other), by: Float(similarity))
            }
        }
        let groups = forest.groups.map(\.members)
        let later = Set(groups.flatMap { $0.dropFirst() })
        let first = (0..<sample.count).filter { !later.contains(Int64($0)) }
        // Groups that were not met, from those met once and twice: Chao and Lin, "Nonparametric lower bounds for species
        // richness and shared species richness under sampling without replacement" (Biometrics 2012).
        let (met, whole) = (Double(sample.count), Double(max(count, sample.count)))
        let twice = Double(groups.count { $0.count == 2 })
        let once = met - Double(groups.reduce(0) { $0 + $1.count })
        let share = met / whole
        let unmet =
            share < 1 && once > 0
            ? once * once / (2 * twice * met / max(1, met - 1) + once * share / (1 - share)) : 0
        return (
            Embeddings(
                values: first.prefix(probeCount).flatMap { sample[$0].values }, dimension: sample.dimension),
            min(whole, Double(first.count) + unmet)
        )
    }

    /// Whether it was measured before probes had to differ.
    var isOutdated: Bool { differing == nil }

    /// The images among which one may come near a query by chance: frames of a burst count once.
    package var differingCount: Double { differing ?? Double(count) }

    /// The probes: [probes, dimension].
    var probes: [Float] { EmbeddedStore.floats(of: probeBytes) }

    /// Whether the numbers can be what was measured: a store may come from anywhere.
    var isSound: Bool {
        dimension > 0 && probeBytes.count % (4 * dimension) == 0
            && probeBytes.count >= 4 * dimension * Self.fewestProbes
            && [text, image].allSatisfy { $0.scale > 0 && $0.threshold.isFinite && $0.scale.isFinite } && count > 0
            && differingCount >= 1 && differingCount.isFinite
    }

    /// The cosines of a query of length 1 to rows of length 1.
    static func similarities(of query: [Float], to rows: [Float]) -> [Double] { similarities(of: query, to: rows[...]) }

    private static func similarities(of query: [Float], to rows: ArraySlice<Float>) -> [Double] {
        stride(from: rows.startIndex, to: rows.endIndex, by: max(1, query.count)).map { start in
            var dot: Float = 0
            for index in query.indices { dot += query[index] * rows[start + index] }
            return Double(dot)
        }
    }

    /// The middle and the width of some similarities.
    struct Spread {
        let mean: Double
        let deviation: Double

        /// Measures; nil where there is no width. Images that show nearly the same as the query say nothing about others.
        init?(of similarities: [Double]) {
            let others = similarities.filter { $0 < nearlySameFrom }
            guard others.count >= NullDistribution.fewestProbes / 2 else { return nil }
            let mean = others.reduce(0, +) / Double(others.count)
            let variance = others.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(others.count)
            guard variance > 1e-12, variance.isFinite else { return nil }
            (self.mean, deviation) = (mean, variance.squareRoot())
        }

        func deviations(_ similarity: Double) -> Double { (similarity - mean) / deviation }
    }
}
