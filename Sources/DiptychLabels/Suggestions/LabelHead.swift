public import Diptych
internal import DiptychEvaluation
internal import Foundation

/// What tells labels apart by embeddings: the embeddings of their texts at first, and a linear head over those of images that were
/// labelled as soon as there are two labels.
///
/// The two are added as logits. The texts' part counts ever less for a label the more images have it, and less for all where it
/// would contradict what was labelled.
public struct LabelHead: Sendable {
    /// The labels.
    public let labels: [String]
    /// Whether an image may have several.
    public let isMultiple: Bool
    private let dimension: Int
    /// A row a label: [labels, dimension].
    private let weights: [Float]
    private let biases: [Float]

    /// The most labelled images that a head is trained on; of more, the latest of each label, equally many.
    static let sampleLimit = 1200
    /// The most labels that a head learns to tell apart; with more, it is the mean of each label's images.
    static let probeLimit = 100
    /// How much the texts count: as many images as this weigh the same.
    private static let textWeight: Float = 2

    /// An image with its labels, as places among the head's.
    public struct Sample: Sendable {
        let embedding: [Float]
        let labels: [Int]

        /// Joins the two.
        public init(embedding: [Float], labels: [Int]) { (self.embedding, self.labels) = (embedding, labels) }
    }

    /// Learns from images.
    ///
    /// - Parameters:
    ///   - texts: the embeddings of the labels' texts, a row each, of length 1; nil where the model has none.
    ///   - scale: what the model multiplies cosines of texts with.
    ///   - samples: images, the latest last.
    public init(
        labels: [String], isMultiple: Bool, texts: Embeddings?, scale: Float, samples: [Sample], dimension: Int
    ) {
        (self.labels, self.isMultiple, self.dimension) = (labels, isMultiple, dimension)
        let chosen = Self.chosen(samples, labels: labels.count)
        var counts = [Int](repeating: 0, count: labels.count)
        for sample in chosen { for label in sample.labels { counts[label] += 1 } }
        var weights = [Float](repeating: 0, count: labels.count * dimension)
        var biases = [Float](repeating: 0, count: labels.count)
        if isMultiple {
            Self.fitEach(chosen, counts, &weights, &biases, dimension)
        } else {
            Self.fit(chosen, counts, &weights, &biases, dimension)
        }
        if let texts, texts.count == labels.count, texts.dimension == dimension {
            // The mean of all texts tells nothing apart: several labels are judged against it, each by itself.
            var mean = [Float](repeating: 0, count: dimension)
            for row in labels.indices {
                for place in 0..<dimension {
                    mean[place] += texts.values[row * dimension + place] / Float(labels.count)
                }
            }
            var told = [Float](repeating: 0, count: weights.count)
            for row in labels.indices {
                let share = Self.textWeight / (Self.textWeight + Float(counts[row])) * min(scale, 100)
                for place in 0..<dimension {
                    told[row * dimension + place] = share * (texts.values[row * dimension + place] - mean[place])
                }
                if isMultiple, counts[row] == 0 { biases[row] -= 1 }
            }
            let factor = Self.textFactor(chosen, weights, biases, told, isMultiple, dimension)
            for place in weights.indices { weights[place] += factor * told[place] }
        }
        (self.weights, self.biases) = (weights, biases)
    }

    /// The largest factor of the texts' part that makes no more of the labelled images wrong than none at all.
    private static func textFactor(
        _ samples: [Sample], _ weights: [Float], _ biases: [Float], _ told: [Float], _ isMultiple: Bool,
        _ dimension: Int
    ) -> Float {
        let factors: [Float] = [1, 0.5, 0.25, 0.1, 0]
        guard !samples.isEmpty else { return 1 }
        // Of many labels and images, the latest images say enough.
        let latest = samples.suffix(max(50, 2_000_000 / max(1, weights.count)))
        var right = [Int](repeating: 0, count: factors.count)
        for sample in latest {
            let own = Set(sample.labels)
            let (learnt, texts) = sample.embedding.withUnsafeBufferPointer { values in
                (products(values, weights, dimension), products(values, told, dimension))
            }
            for (place, factor) in factors.enumerated() {
                let logits = biases.indices.map { learnt[$0] + biases[$0] + factor * texts[$0] }
                if isMultiple {
                    right[place] += logits.indices.count { (logits[$0] > 0) == own.contains($0) }
                } else if let best = logits.indices.max(by: { logits[$0] < logits[$1] }), own.contains(best) {
                    right[place] += 1
                }
            }
        }
        return factors[right.firstIndex { $0 >= right[factors.count - 1] } ?? factors.count - 1]
    }

    private static func products(_ values: UnsafeBufferPointer<Float>, _ rows: [Float], _ dimension: Int) -> [Float] {
        rows.withUnsafeBufferPointer { rows in
            (0..<rows.count / dimension).map { Products.dot(values, 0, rows, $0 * dimension, dimension) }
        }
    }

    /// The latest images of each label, as many of each as fit.
    private static func chosen(_ samples: [Sample], labels: Int) -> [Sample] {
        guard samples.count > sampleLimit else { return samples }
        let most = max(2, sampleLimit / max(1, labels))
        var counts = [Int](repeating: 0, count: labels), none = 0
        var kept: [Sample] = []
        for sample in samples.reversed() where kept.count < sampleLimit {
            if sample.labels.isEmpty {
                none += 1
                if none <= most { kept.append(sample) }
            } else if sample.labels.contains(where: { counts[$0] < most }) {
                for label in sample.labels { counts[label] += 1 }
                kept.append(sample)
            }
        }
        return kept.reversed()
    }

    /// One label an image: multinomial logistic regression over the labels that have images.
    private static func fit(
        _ samples: [Sample], _ counts: [Int], _ weights: inout [Float], _ biases: inout [Float], _ dimension: Int
    ) {
        let used = counts.indices.filter { counts[$0] > 0 }
        let one = samples.filter { !$0.labels.isEmpty }
        guard used.count >= 2, used.count <= probeLimit else {
            return means(one, used, &weights, dimension)
        }
        let places = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
        let probe = try? LinearProbe(
            features: Embeddings(values: one.flatMap(\.embedding), dimension: dimension),
            labels: one.map { places[$0.labels[0]] ?? 0 }, classes: used.count, c: 100, iterations: 40,
            tolerance: 1e-3)
        guard let probe else { return means(one, used, &weights, dimension) }
        // Two classes share one row of weights, that of the second.
        let shift = used.count == 2 ? 1 : 0
        for (place, label) in used.enumerated() where place >= shift {
            for index in 0..<dimension {
                weights[label * dimension + index] = Float(probe.weights[(place - shift) * dimension + index])
            }
            biases[label] = Float(probe.intercepts[place - shift])
        }
        // Labels without images stand at the mean of the others, lower by what makes them rarer.
        let mean = used.reduce(Float(0)) { $0 + biases[$1] } / Float(used.count)
        for label in counts.indices where counts[label] == 0 { biases[label] = mean - 1 }
    }

    /// The direction of each label's mean image.
    private static func means(_ samples: [Sample], _ used: [Int], _ weights: inout [Float], _ dimension: Int) {
        for sample in samples {
            for label in sample.labels {
                for index in 0..<dimension { weights[label * dimension + index] += sample.embedding[index] }
            }
        }
        for label in used {
            let range = label * dimension..<(label + 1) * dimension
            let length = weights[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 0 else { continue }
            // As steep as a model's own cosines of images.
            for index in range { weights[index] *= 20 / length }
        }
    }

    /// Several labels an image: a regression for each label that some images have and others have not.
    private static func fitEach(
        _ samples: [Sample], _ counts: [Int], _ weights: inout [Float], _ biases: inout [Float], _ dimension: Int
    ) {
        guard !samples.isEmpty else { return }
        let features = Embeddings(values: samples.flatMap(\.embedding), dimension: dimension)
        let used = counts.indices.filter { counts[$0] > 0 }.sorted { counts[$0] > counts[$1] }
        for label in used.prefix(probeLimit) {
            let own = samples.map { $0.labels.contains(label) ? 1 : 0 }
            let probe = try? LinearProbe(
                features: features, labels: own, classes: 2, c: 100, iterations: 15, tolerance: 1e-2)
            guard let probe else { continue }
            for index in 0..<dimension { weights[label * dimension + index] = Float(probe.weights[index]) }
            biases[label] = Float(probe.intercepts[0])
        }
    }

    // MARK: Predicting

    /// What a head says of an image.
    public struct Prediction: Sendable, Equatable {
        /// The place of the most probable label.
        public var label: Int
        /// How probable it is.
        public var probability: Float
        /// How uncertain the head is: 1 less the distance of the two most probable, or of what is nearest to a half.
        public var uncertainty: Float
    }

    /// The probabilities of all labels for an image.
    public func probabilities(_ embedding: ArraySlice<Float>) -> [Float] {
        var result: [Float] = []
        Array(embedding).withUnsafeBufferPointer { values in
            weights.withUnsafeBufferPointer { weights in
                result = labels.indices.map {
                    Products.dot(values, 0, weights, $0 * dimension, dimension) + biases[$0]
                }
            }
        }
        return normalized(result)
    }

    private func normalized(_ logits: [Float]) -> [Float] {
        if isMultiple { return logits.map { 1 / (1 + exp(-$0)) } }
        let highest = logits.max() ?? 0
        let powers = logits.map { exp($0 - highest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    /// What is most probable for each row of embeddings; none where there are no labels.
    public func predictions(_ values: [Float]) -> [Prediction] {
        guard !labels.isEmpty, dimension > 0 else { return [] }
        return Products.blocks(values.count / dimension) { range in
            var logits = [Float](repeating: 0, count: labels.count)
            return values.withUnsafeBufferPointer { values in
                weights.withUnsafeBufferPointer { weights in
                    range.map { row in
                        for label in labels.indices {
                            logits[label] =
                                Products.dot(values, row * dimension, weights, label * dimension, dimension)
                                + biases[label]
                        }
                        return prediction(logits)
                    }
                }
            }
        }
    }

    private func prediction(_ logits: [Float]) -> Prediction {
        var (best, second) = (0, -1)
        for label in logits.indices.dropFirst() {
            if logits[label] > logits[best] {
                (best, second) = (label, best)
            } else if second < 0 || logits[label] > logits[second] {
                second = label
            }
        }
        if isMultiple {
            let nearest = logits.map { abs($0) }.min() ?? 0
            let probability = 1 / (1 + exp(-logits[best]))
            return Prediction(label: best, probability: probability, uncertainty: 1 / (1 + nearest))
        }
        let sum = logits.reduce(Float(0)) { $0 + exp($1 - logits[best]) }
        let margin = second < 0 ? 1 : (1 - exp(logits[second] - logits[best])) / sum
        return Prediction(label: best, probability: 1 / sum, uncertainty: 1 - margin)
    }
}
