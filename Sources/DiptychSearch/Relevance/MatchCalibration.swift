public import Diptych
internal import Foundation

/// What the similarities of one query mean: the probability that a picture of a given cosine is what was asked for.
///
/// The logistic curve is fitted to captions and to clippings of the sample images, half of whose own images were in the
/// store (`diptych evaluate relevance`; Documentation/relevance.md has the curve and what became of it on other images).
public struct MatchCalibration: Sendable {
    private let spread: NullDistribution.Spread
    private let tail: NullDistribution.Tail
    private let curve: Curve
    private let count: Double
    private let kind: NullDistribution.Kind

    /// ln(p / (1 − p)) = intercept − slope · ln(expected by chance).
    struct Curve {
        let intercept: Double
        let slope: Double

        static let text = Curve(intercept: -5.1, slope: 1.4)
        static let image = Curve(intercept: -1.9, slope: 1.9)
    }

    /// An image from this cosine on is the one that was searched with: what is left is rounding, of bf16 and int8 too.
    static let identicalFrom: Float = 0.999

    /// What is less probable is no better than chance.
    public static let relevantFrom: Float = 0.1

    /// Prepares for a query.
    ///
    /// - Parameters:
    ///   - query: its embedding.
    ///   - kind: what it was made from.
    ///   - background: the store's.
    /// - Returns: nil where the background says nothing about such a query.
    public init?(of query: Embedding, kind: NullDistribution.Kind, against background: NullDistribution) {
        guard query.values.count == background.dimension else { return nil }
        let unit = Embeddings(values: query.values, dimension: background.dimension).normalized().values
        guard let spread = NullDistribution.Spread(of: NullDistribution.similarities(of: unit, to: background.probes))
        else {
            return nil
        }
        self.spread = spread
        self.kind = kind
        count = background.differingCount
        (tail, curve) = kind == .text ? (background.text, .text) : (background.image, .image)
    }

    /// How many unrelated pictures of the store come at least this near by chance.
    public func expectedByChance(similarity: Float) -> Double {
        count * tail.probability(of: spread.deviations(Double(similarity)))
    }

    /// The width of the query's similarities to what has nothing to do with it.
    var deviation: Double { spread.deviation }

    /// The probability that an image this near is what was asked for, between 0 and 1; 1 for the image itself.
    public func probability(similarity: Float) -> Float {
        if kind == .image, similarity >= Self.identicalFrom { return 1 }
        let expected = max(expectedByChance(similarity: similarity), 1e-30)
        return Float(1 / (1 + exp(curve.slope * log(expected) - curve.intercept)))
    }
}
