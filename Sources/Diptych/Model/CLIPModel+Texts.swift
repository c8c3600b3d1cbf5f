internal import DiptychEngine
internal import DiptychModels
public import DiptychTokenizers

extension CLIPModel {
    /// The rows that one forward pass over texts has at most: enough for full speed, little memory.
    private static let rowsPerPass = 1024

    /// The embeddings of texts that are ids already, each at least one and at most as many as the model's context.
    ///
    /// - Throws: ``ModelError`` when a text has no ids, `EngineError` when it is too long or an id is unknown.
    public func embed(tokenized texts: [TokenizedText], normalize: Bool) async throws -> Embeddings {
        if let empty = texts.firstIndex(where: \.ids.isEmpty) {
            throw ModelError("text \(empty + 1) has no ids: it needs at least a start and an end")
        }
        var values: [Float] = []
        values.reserveCapacity(texts.count * dimension)
        var start = 0
        while start < texts.count {
            try Task.checkCancellation()
            // As many texts as fill a pass, at least one.
            var (end, rows) = (start, 0)
            var batch: [[Int32]] = []
            while end < texts.count {
                let ids = padded(texts[end].ids)
                guard batch.isEmpty || rows + ids.count <= Self.rowsPerPass else { break }
                batch.append(ids)
                rows += ids.count
                end += 1
            }
            values += try await runner.encode(TokenBatch(batch))
            start = end
        }
        return try checked(values, normalize: normalize)
    }

    /// The ids with what SigLIP wants behind them: padding to the length that it was trained with.
    func padded(_ ids: [Int32]) -> [Int32] {
        guard configuration.text.architecture == .siglip else { return ids }
        return ids + [Int32](repeating: tokenizer.padID, count: max(0, tokenizer.contextLength - ids.count))
    }
}
