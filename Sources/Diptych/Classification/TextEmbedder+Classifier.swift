/// The sentences that are embedded in one go, so that many labels need little memory.
private let sentencesPerPass = 512

extension TextEmbedder {
    /// Makes a classifier whose labels are embedded once, each as the normalised mean over the templates.
    ///
    /// - Parameter progress: called with the number of labels that are done.
    /// - Throws: ``ModelError`` when there is no label, a label is empty, or a template has no place for it.
    public func classifier(
        labels: [String], templates: PromptTemplates = .none, progress: (Int) -> Void = { _ in }
    ) async throws -> Classifier {
        try Classifier.check(labels)
        let templates = try templates.checked()
        let (each, step) = (templates.count, max(1, sentencesPerPass / templates.count))
        var values: [Float] = []  // [labels, dimension]
        values.reserveCapacity(labels.count * dimension)
        for start in stride(from: 0, to: labels.count, by: step) {
            let some = labels[start..<min(start + step, labels.count)]
            let sentences = try await embed(
                texts: some.flatMap { label in templates.map { $0.replacing("{}", with: label) } }
            ).values  // [some · each, dimension]
            for label in 0..<some.count {
                var mean = [Float](repeating: 0, count: dimension)
                for sentence in label * each..<(label + 1) * each {
                    for i in 0..<dimension { mean[i] += sentences[sentence * dimension + i] / Float(each) }
                }
                values += mean
            }
            progress(start + some.count)
        }
        return try Classifier(
            labels: labels, embeddings: Embeddings(values: values, dimension: dimension), logits: logits,
            templates: templates)
    }
}
