public import DiptychTokenizers

extension DualEncoder {
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

    /// The embeddings of texts that are ids already, scaled to length 1.
    public func embed(tokenized texts: [TokenizedText]) async throws -> Embeddings {
        try await embed(tokenized: texts, normalize: true)
    }
}
