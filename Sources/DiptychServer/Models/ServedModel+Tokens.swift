internal import Diptych
internal import DiptychTokenizers
internal import Synchronization

extension ServedModel {
    /// Texts that a client gives as ids of the model's own tokenizer, as they are: with the ids that begin and end every text
    /// where they lack them.
    ///
    /// - Parameter name: the field that they come from.
    /// - Throws: ``Problem`` for a list that is empty or longer than the model reads, and for an id that it does not have.
    func tokenized(_ lists: [[Int]], as name: String) throws -> [TokenizedText] {
        let model = try encoder()
        // What stands around an empty text stands around every one.
        let frame = model.tokenize("").ids
        let end = frame.last == model.tokenizer.endID ? [model.tokenizer.endID] : []
        let start = Array(frame.dropLast(end.count))
        let most = model.tokenizer.contextLength
        let known = 0..<model.tokenizer.vocabularySize
        return try lists.enumerated().map { index, list in
            let place = lists.count == 1 ? name : "\(name)[\(index)]"
            guard !list.isEmpty else { throw Problem.badField(name, "'\(place)' has no token ids") }
            if let unknown = list.first(where: { !known.contains($0) }) {
                throw Problem.badField(
                    name,
                    "'\(place)' holds the token id \(unknown); those of '\(self.name)' are 0 to \(known.upperBound - 1)"
                )
            }
            var ids = list.map { Int32(truncatingIfNeeded: $0) }
            if !ids.starts(with: start) { ids = start + ids }
            if let last = end.first, ids.last != last { ids.append(last) }
            guard ids.count <= most else {
                throw Problem.tooLong(
                    name, "'\(place)' has \(ids.count) tokens with its start and end; the model reads at most \(most)")
            }
            return TokenizedText(ids: ids, truncated: 0)
        }
    }
}

/// A model's texts, with a count of the tokens that were cut off because a text was longer than the model reads.
final class CountedTexts: TextEmbedder {
    private let model: ServedModel
    private let cut = Mutex(0)

    init(_ model: ServedModel) { self.model = model }

    var dimension: Int { model.dimension }
    var logits: LogitParameters { model.logits }

    func embed(texts: [String], normalize: Bool) async throws -> Embeddings {
        let tokenized = try await model.tokenize(texts)
        // Far from any limit: texts are bounded.
        cut.withLock { $0 += tokenized.reduce(0) { $0 + $1.truncated } }
        return try await model.embed(tokenized: tokenized)
    }

    /// What answers say of it: nothing where all was read.
    var members: [(String, JSON)] {
        let cut = cut.withLock { $0 }
        return cut > 0 ? [("truncated", .int(cut))] : []
    }
}
