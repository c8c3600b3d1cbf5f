import Diptych

/// Embeds the images that arguments stand for, one after the other.
struct ImageRun {
    private let model: any Embedder
    private let options: ImageOptions
    private let fetch: FetchOptions
    private let normalize: Bool

    init(_ model: any Embedder, _ options: ImageOptions, _ fetch: FetchOptions, normalize: Bool = true) {
        self.model = model
        self.options = options
        self.fetch = fetch
        self.normalize = normalize
    }

    /// Gives each image's name and its embedding or why there is none, in order.
    ///
    /// - Parameter afterBatch: called after each batch has been given.
    func each(
        _ images: ImageInputs, afterBatch: () throws -> Void = {},
        _ body: (String, Result<Embedding, any Error>) throws -> Void
    ) async throws {
        let (fetch, preprocessing, options) = (fetch, model.preprocessing, options)
        try await model.embedBatches(
            images, readingFrom: \.file, normalize: normalize,
            load: { input in
                let image = try input.preprocessed(for: preprocessing, options: options, fetch: fetch)
                return LoadedInput(facts: (), pixels: image.pixels)
            },
            { items in
                for item in items {
                    // Loading always gives pixels here, so an embedding is never missing without an error.
                    try body(item.input.name, item.result.map { $0.embedding ?? Embedding(values: []) })
                }
                try afterBatch()
            })
        // A cancelled task ends its lists early, which must not pass for their end.
        try Task.checkCancellation()
        try images.checkLists()
    }
}
