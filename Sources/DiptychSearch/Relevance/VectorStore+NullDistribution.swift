public import Diptych
internal import Foundation

extension VectorStore {
    /// The store's background as it was measured last; nil where it was not yet, for stores of few images.
    public func background() async throws -> NullDistribution? { try await background(Self.backgroundKey) }

    /// The same of moments of videos: how near they come to queries that have nothing to do with them.
    public func momentBackground() async throws -> NullDistribution? { try await background(Self.momentBackgroundKey) }

    private func background(_ key: String) async throws -> NullDistribution? {
        // A note that cannot be read is measured again with the next indexing.
        let known = try await note(key)
            .flatMap { try? PropertyListDecoder().decode(NullDistribution.self, from: $0) }
        return known.flatMap { $0.isSound && $0.dimension == dimension ? $0 : nil }
    }

    /// Measures the background if there is none, or the store has grown or shrunk by a fifth since, and notes it.
    ///
    /// - Returns: whether it was measured.
    @discardableResult
    public func refreshBackground(with model: any Embedder) async throws -> Bool {
        guard keepsNotes else { return false }
        if takesVideos { try await refreshMomentBackground(with: model) }
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
        let texts = try await backgroundTexts(model)
        return NullDistribution(
            sample: Embeddings(values: sample.flatMap(\.values), dimension: dimension), texts: texts,
            count: try await info().count)
    }

    /// Measures the background of moments where their number has changed by a fifth.
    private func refreshMomentBackground(with model: any Embedder) async throws {
        let count = try await partsAndAnnotations().parts
        let known = try await momentBackground()
        let isNew = try await kindSpreads() == nil
        guard count > 0, isNew || (known.map { abs(count - $0.count) * 5 > $0.count } ?? true) else { return }
        let sample = try await momentSample(NullDistribution.sampleCount)
        guard sample.count >= NullDistribution.fewestProbes else { return }
        let texts = try await backgroundTexts(model)
        guard
            let background = NullDistribution(
                sample: Embeddings(values: sample.flatMap(\.values), dimension: dimension), texts: texts, count: count)
        else { return }
        let encoder = PropertyListEncoder()
        encoder.outputFormat = .binary
        try await setNote(Self.momentBackgroundKey, try encoder.encode(background))
        let images = try await self.sample(NullDistribution.sampleCount)
        if let measured = KindSpreads.Measured(images: images, moments: sample, texts: texts) {
            try await setNote(KindSpreads.key, try encoder.encode(measured))
        }
    }

    private func backgroundTexts(_ model: any Embedder) async throws -> Embeddings {
        try await (model as? any TextEmbedder)?.embed(texts: BackgroundTexts.all)
            ?? Embeddings(values: [], dimension: dimension)
    }

    static var backgroundKey: String { "background" }
    static var momentBackgroundKey: String { "background.moments" }
}
