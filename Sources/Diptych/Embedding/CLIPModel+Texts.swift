internal import DiptychEngine
internal import DiptychModels
public import DiptychTokenizers

extension CLIPModel {
    /// The rows that one forward pass over texts has at most: enough for full speed, little memory.
    private static let rowsPerPass = 1024

    /// The embeddings of `texts`, in their order, scaled to length 1 unless `normalize` is false.
    ///
    /// Texts longer than the model's context lose their last tokens, as in the reference implementations:
    /// ``ModelOptions/onTruncation`` is told, or ``ModelOptions/refusesLongTexts`` makes it an error.
    ///
    /// - Throws: ``ModelError`` when a text is too long and that is refused, or when the model gives something that is not
    ///   a number.
    public func embed(texts: [String], normalize: Bool = true) async throws -> Embeddings {
        let tokenized = texts.map(tokenize)
        for (text, tokens) in zip(texts, tokenized) where tokens.truncated > 0 {
            let truncated = TruncatedText(
                text: text, lostTokens: tokens.truncated, contextLength: tokenizer.contextLength)
            if options.refusesLongTexts { throw ModelError("\(truncated); shorten the text") }
            options.onTruncation?(truncated)
        }
        return try await embed(tokenized: tokenized, normalize: normalize)
    }

    /// The ids that the model sees for `text`: start, text, end; without the padding that SigLIP reads.
    public func tokenize(_ text: String) -> TokenizedText { tokenizer.encode(text) }

    /// The embeddings of texts that are ids already, each at least one and at most as many as the model's context.
    ///
    /// - Throws: ``ModelError`` when a text has no ids, `EngineError` when it is too long or an id is unknown.
    public func embed(tokenized texts: [TokenizedText], normalize: Bool = true) async throws -> Embeddings {
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
            values += try await room.encode(TokenBatch(batch))
            start = end
        }
        return try checked(values, normalize: normalize)
    }

    /// The ids with what SigLIP wants behind them: padding to the length that it was trained with.
    func padded(_ ids: [Int32]) -> [Int32] {
        guard configuration.text.architecture == .siglip else { return ids }
        return ids + [Int32](repeating: tokenizer.padID, count: max(0, tokenizer.contextLength - ids.count))
    }

    /// Wraps a tower's output, refusing what has no direction: a damaged checkpoint would otherwise poison every search.
    func checked(_ values: [Float], normalize: Bool) throws -> Embeddings {
        guard values.allSatisfy(\.isFinite) else {
            throw ModelError(
                "\(path): the model gave an embedding that is not finite; its weights are damaged or overflow in "
                    + "\(options.precision.rawValue)")
        }
        let embeddings = Embeddings(values: values, dimension: dimension)
        for row in 0..<embeddings.count
        where values[row * dimension..<(row + 1) * dimension].allSatisfy({ $0 == 0 }) {
            throw ModelError("\(path): the model gave an embedding of zeros; its weights are damaged")
        }
        return normalize ? embeddings.normalized() : embeddings
    }
}
