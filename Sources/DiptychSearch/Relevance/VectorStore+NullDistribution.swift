public import Diptych
internal import Foundation

extension VectorStore {
    /// The store's background as it was measured last; nil where it was not yet, for stores of few images.
    public func background() async throws -> NullDistribution? {
        // A note that cannot be read is measured again with the next indexing.
        let known = try await note(Self.backgroundKey)
            .flatMap { try? PropertyListDecoder().decode(NullDistribution.self, from: $0) }
        return known.flatMap { $0.isSound && $0.dimension == dimension ? $0 : nil }
    }

    /// Measures the background if there is none, or the store has grown or shrunk by a fifth since, and notes it.
    ///
    /// - Returns: whether it was measured.
    @discardableResult
    public func refreshBackground(with model: any Embedder) async throws -> Bool {
        guard keepsNotes else { return false }
        if let known = try await background() {
            let count = try await info().count
            if !known.isOutdated, abs(count - known.count) * 5 <= known.count { return false }
        }
        guard let background = try await measuredBackground(with: model) else { return false }
        let encoder = PropertyListEncoder()
        encoder.outputFormat = .binary
        try await setNote(Self.backgroundKey, try encoder.encode(background))
        return true
    }

    /// Measures the background; nil for stores of few images, or of few that differ.
    public func measuredBackground(with model: any Embedder) async throws -> NullDistribution? {
        let sample = try await sample(NullDistribution.sampleCount)
        guard sample.count >= NullDistribution.fewestProbes else { return nil }
        let texts =
            try await (model as? any TextEmbedder)?.embed(texts: BackgroundTexts.all)
            ?? Embeddings(values: [], dimension: dimension)
        return NullDistribution(
            sample: Embeddings(values: sample.flatMap(\.values), dimension: dimension), texts: texts,
            count: try await info().count)
    }

    static var backgroundKey: String { "background" }
}
