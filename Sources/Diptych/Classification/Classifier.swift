internal import Foundation

/// Labels as points in a model's space: classifies pictures that it was never trained on ("zero-shot").
public struct Classifier: Sendable {
    /// The labels.
    public let labels: [String]
    /// One normalised row a label.
    public let embeddings: Embeddings
    /// The factor of cosines in the softmax.
    public let logitScale: Float

    /// A label with its score.
    public struct Prediction: Sendable, Equatable {
        /// The label.
        public let label: String
        /// Softmax of logitScale × cosine over all labels.
        public let probability: Float
        /// The cosine of the picture to the label.
        public let similarity: Float
    }

    /// All labels for one picture, the most probable first; equal ones in the order of ``labels``.
    ///
    /// The embedding must come from the classifier's model.
    public func predictions(for picture: Embedding) -> [Prediction] {
        let similarities = (0..<embeddings.count).map { embeddings[$0].similarity(to: picture) }
        let logits = similarities.map { Double(logitScale) * Double($0) }
        let highest = logits.max() ?? 0
        let weights = logits.map { exp($0 - highest) }
        let total = weights.reduce(0, +)
        return labels.indices
            .map {
                Prediction(label: labels[$0], probability: Float(weights[$0] / total), similarity: similarities[$0])
            }
            .enumerated()
            .sorted { ($0.element.probability, -$0.offset) > ($1.element.probability, -$1.offset) }
            .map(\.element)
    }
}

extension CLIPModel {
    /// Makes a classifier whose labels are embedded once, each as the mean over the templates.
    ///
    /// - Throws: ``ModelError`` when there is no label, a label is empty, or a template has no place for it.
    public func classifier(labels: [String], templates: PromptTemplates = .none) async throws -> Classifier {
        guard !labels.isEmpty else { throw ModelError("there is no label: give at least one") }
        if let empty = labels.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
            throw ModelError("label \(empty + 1) is empty")
        }
        let prompts = try labels.map(templates.filled)
        let each = prompts[0].count
        let embedded = try await embed(texts: prompts.flatMap { $0 })  // [labels · sentences, dimension]
        var values: [Float] = []
        for label in labels.indices {
            var mean = [Float](repeating: 0, count: dimension)
            for sentence in 0..<each {
                let row = embedded[label * each + sentence].values
                for i in 0..<dimension { mean[i] += row[i] / Float(each) }
            }
            values += mean
        }
        return Classifier(
            labels: labels, embeddings: Embeddings(values: values, dimension: dimension).normalized(),
            logitScale: logits.scale)
    }
}
