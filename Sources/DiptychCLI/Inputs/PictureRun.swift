import Diptych

/// Embeds the pictures that arguments stand for, one after the other.
struct PictureRun {
    private let model: any Embedder
    private let options: PictureOptions
    private let fetch: FetchOptions
    private let normalize: Bool

    init(_ model: any Embedder, _ options: PictureOptions, _ fetch: FetchOptions, normalize: Bool = true) {
        self.model = model
        self.options = options
        self.fetch = fetch
        self.normalize = normalize
    }

    /// Gives each picture's name and its embedding or why there is none, in order.
    ///
    /// - Parameter afterBatch: called after each batch has been given.
    func each(
        _ pictures: PictureInputs, afterBatch: () throws -> Void = {},
        _ body: (String, Result<Embedding, any Error>) throws -> Void
    ) async throws {
        let (fetch, preprocessing, options) = (fetch, model.preprocessing, options)
        try await model.embedBatches(
            pictures, readingFrom: \.file, normalize: normalize,
            load: { input in
                let picture = try input.preprocessed(for: preprocessing, options: options, fetch: fetch)
                return LoadedInput(facts: (), pixels: picture.pixels)
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
        try pictures.checkLists()
    }
}
