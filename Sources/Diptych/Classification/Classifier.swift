internal import CKernels
public import DiptychModels
internal import Foundation

/// Labels as points in a model's space: classifies images that it was never trained on ("zero-shot").
///
/// What a probability means depends on how the model was trained, which ``logits`` tell:
/// - Softmax models (CLIP, Chinese-CLIP; no bias): softmax of scale × cosine. The labels compete: probabilities sum to 1,
///   and adding a label lowers those of the others. Several labels can be right at once only if they share the 1, so
///   choose several labels by a minimum similarity, which does not depend on the other labels, rather than by a minimum
///   probability.
/// - Sigmoid models (SigLIP; a bias): σ(scale × cosine + bias) of each label by itself (Zhai et al. 2023). Any number of
///   labels may be probable, or none; choose several by a minimum probability.
public struct Classifier: Sendable, Equatable {
    /// The labels.
    public let labels: [String]
    /// One normalised row a label: [labels, dimension].
    public let embeddings: Embeddings
    /// What turns cosines into probabilities.
    public let logits: LogitParameters
    /// The sentences that each label was put into, with `{}` in its place; for the record.
    public let templates: [String]

    /// A label with its score.
    public struct Prediction: Sendable, Equatable {
        /// The label.
        public let label: String
        /// Between 0 and 1; see ``Classifier`` for its meaning.
        public let probability: Float
        /// The cosine of the image to the label.
        public let similarity: Float
    }

    /// A classifier of labels whose embeddings, one row each, are known; rows are scaled to length 1.
    ///
    /// - Throws: ``ModelError`` when there is no label, one is empty, rows are missing, or a number makes no sense.
    public init(labels: [String], embeddings: Embeddings, logits: LogitParameters, templates: [String] = []) throws {
        try Self.check(labels)
        guard embeddings.count == labels.count else {
            throw ModelError("\(labels.count) labels have \(embeddings.count) embeddings; each needs one")
        }
        let unit = embeddings.normalized()
        let isZero = (0..<unit.count).first { row in
            unit.values[row * unit.dimension..<(row + 1) * unit.dimension].allSatisfy { $0 == 0 }
        }
        guard unit.values.allSatisfy(\.isFinite), isZero == nil else {
            throw ModelError("the embedding of a label is zero or not finite; its model is damaged")
        }
        guard logits.scale.isFinite, logits.scale > 0, logits.bias?.isFinite ?? true else {
            throw ModelError("the factor of cosines must be a positive number and their bias finite")
        }
        self.labels = labels
        self.embeddings = unit
        self.logits = logits
        self.templates = templates
    }

    static func check(_ labels: [String]) throws {
        guard !labels.isEmpty else { throw ModelError("there is no label: give at least one") }
        if let empty = labels.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
            throw ModelError("label \(empty + 1) is empty")
        }
    }

    /// The labels for one image, the most similar first; equal ones in the order of ``labels``.
    ///
    /// The embedding must come from the classifier's model.
    ///
    /// - Parameters:
    ///   - top: the most labels to give; all of them where nil.
    ///   - minimumProbability: leaves out what is less probable.
    ///   - minimumSimilarity: leaves out what is less similar.
    public func predictions(
        for image: Embedding, top: Int? = nil, minimumProbability: Float = 0, minimumSimilarity: Float = -1
    ) -> [Prediction] {
        let similarities = self.similarities(to: image)
        let limit = min(top ?? labels.count, labels.count)
        guard limit > 0 else { return [] }
        var best = BestScores(limit: limit)
        for (index, similarity) in similarities.enumerated() { best.offer(similarity, id: Int64(index)) }
        let probability = logits.probability(among: similarities)
        return best.ranked.compactMap { similarity, index in
            let prediction = Prediction(
                label: labels[Int(index)], probability: probability(similarity), similarity: similarity)
            guard prediction.probability >= minimumProbability, similarity >= minimumSimilarity else { return nil }
            return prediction
        }
    }

    /// The same for each of many images.
    public func predictions(
        for images: Embeddings, top: Int? = nil, minimumProbability: Float = 0, minimumSimilarity: Float = -1
    ) -> [[Prediction]] {
        (0..<images.count).map {
            predictions(
                for: images[$0], top: top, minimumProbability: minimumProbability,
                minimumSimilarity: minimumSimilarity)
        }
    }

    /// The cosine of an image to each label, in the order of ``labels``.
    public func similarities(to image: Embedding) -> [Float] {
        let width = embeddings.dimension
        precondition(image.values.count == width, "embeddings of different models")
        let unit = Embeddings(values: image.values, dimension: width).normalized().values
        return [Float](unsafeUninitializedCapacity: labels.count) { buffer, count in
            diptych_dot_rows(
                diptych_detected_isa(), unit, embeddings.values, labels.count, width, buffer.baseAddress)
            for index in 0..<labels.count { buffer[index] = min(1, max(-1, buffer[index])) }
            count = labels.count
        }
    }
}
