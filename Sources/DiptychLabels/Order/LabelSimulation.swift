public import Diptych
internal import DiptychBasics

/// Labelling by one who is always right: how good a head becomes with how many decisions, in each order.
public struct LabelSimulation: Sendable {
    /// The orders that are compared.
    public enum Order: String, Sendable, CaseIterable {
        /// At random.
        case random
        /// As the images lie.
        case listed
        /// The least certain first, whatever their likeness.
        case margin
        /// The least certain and diverse first, as the page's order `uncertain`.
        case uncertain
    }

    /// How good a head was after so many decisions.
    public struct Point: Sendable, Equatable {
        /// The decisions.
        public let decisions: Int
        /// The share of held-out images that it was right about.
        public let accuracy: Double

        /// Makes a point.
        public init(decisions: Int, accuracy: Double) { (self.decisions, self.accuracy) = (decisions, accuracy) }
    }

    private let pool: LabelPool
    private let truth: [Int]
    private let held: [Float]
    private let heldTruth: [Int]
    private let labels: [String]
    private let texts: Embeddings?
    private let scale: Float

    /// Takes images with their right labels.
    ///
    /// - Parameters:
    ///   - images: to be labelled, a row each.
    ///   - truth: the place of each one's label.
    ///   - held: images to measure by, which are never labelled.
    ///   - texts: the labels' texts; nil where heads know nothing of them.
    public init(
        images: Embeddings, truth: [Int], held: Embeddings, heldTruth: [Int], labels: [String],
        texts: Embeddings? = nil, scale: Float = 100
    ) {
        var pool = LabelPool(dimension: images.dimension)
        for row in 0..<images.count { pool.add(String(row), Int64(row + 1), images[row].values) }
        (self.pool, self.truth, self.held, self.heldTruth) = (pool, truth, held.values, heldTruth)
        (self.labels, self.texts, self.scale) = (labels, texts, scale)
    }

    /// Labels in an order, ten at a time, until so many are labelled.
    public func run(_ order: Order, seed: UInt64, most: Int) -> [Point] {
        var left = Array(0..<pool.count), samples: [LabelHead.Sample] = [], points: [Point] = []
        var generator = SplitMix64(seed: seed)
        var predictions: [LabelHead.Prediction]?
        if order == .random { for place in left.indices.reversed() { left.swapAt(place, generator.below(place + 1)) } }
        while samples.count < min(most, pool.count) {
            let rows: [Int]
            switch order {
            case .random, .listed: rows = Array(left.prefix(10))
            case .margin:
                guard let predictions else { fallthrough }
                rows = Array(left.sorted { predictions[$0].uncertainty > predictions[$1].uncertainty }.prefix(10))
            case .uncertain:
                rows = DiverseChoice.teaching(
                    10, of: left, predictions: samples.count < max(10, labels.count) ? nil : predictions,
                    labels: labels.count, in: pool, seed: generator.next())
            }
            let chosen = Set(rows)
            left.removeAll(where: chosen.contains)
            samples += rows.map { LabelHead.Sample(embedding: Array(pool.embedding($0)), labels: [truth[$0]]) }
            let head = LabelHead(
                labels: labels, isMultiple: false, texts: texts, scale: scale, samples: samples,
                dimension: pool.dimension)
            predictions = head.predictions(pool.values)
            let right = zip(head.predictions(held), heldTruth).count { $0.label == $1 }
            points.append(Point(decisions: samples.count, accuracy: Double(right) / Double(max(1, heldTruth.count))))
        }
        return points
    }

    /// How many decisions it took until the accuracy stayed at a level for two steps; nil where it never did.
    public static func decisions(_ points: [Point], for accuracy: Double) -> Int? {
        for (place, point) in points.enumerated() where point.accuracy >= accuracy {
            if place + 1 == points.count || points[place + 1].accuracy >= accuracy { return point.decisions }
        }
        return nil
    }
}
