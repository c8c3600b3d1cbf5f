public import DiptychMedia

/// One input of a bulk run: its place, and its embedding or why there is none.
public struct BulkItem<Input: Sendable, Facts: Sendable>: Sendable {
    /// The position in the input, from 0.
    public let index: Int
    /// The input.
    public let input: Input
    /// What loading learnt about it and its embedding, nil where loading gave no pixels; or the error that says why it
    /// is skipped.
    public let result: Result<(facts: Facts, embedding: Embedding?), any Error>
}

/// What loading an input gave: pixels to embed, or only facts where no embedding is needed.
public struct LoadedInput<Facts: Sendable>: Sendable {
    /// What the caller wants to know about the input later.
    public let facts: Facts
    /// Preprocessed pixels [3, size, size]; nil where the input needs no embedding.
    public let pixels: [Float]?

    /// Wraps what was loaded.
    public init(facts: Facts, pixels: [Float]?) {
        self.facts = facts
        self.pixels = pixels
    }
}

extension CLIPModel {
    /// Embeds any number of inputs in constant memory and hands them over in order, a batch at a time.
    ///
    /// An input that cannot be loaded is handed over with its error, and the run goes on. Stages take turns on the cores
    /// instead of sharing them: one batch is loaded on all threads, then encoded on all threads. A team of OpenMP threads
    /// whose cores are also decoding waits at every barrier for its slowest member, which costs more than it saves.
    /// While a batch is encoded, the system already reads the next batch's files.
    ///
    /// - Parameters:
    ///   - inputs: taken from the sequence a batch at a time.
    ///   - path: the file that an input will read, if any, so that reading can begin early.
    ///   - normalize: whether embeddings are scaled to length 1.
    ///   - load: reads, decodes and preprocesses one input; runs on several threads at once, none of them Swift's own.
    ///   - body: takes over each batch; an error that it throws ends the run.
    /// - Throws: what `body` throws, `CancellationError`, or ``ModelError`` when the model itself fails.
    public func embedBatches<Input: Sendable, Facts: Sendable>(
        _ inputs: some Sequence<Input>, readingFrom path: (Input) -> String?, normalize: Bool = true,
        load: @escaping @Sendable (Input) throws -> LoadedInput<Facts>,
        _ body: ([BulkItem<Input, Facts>]) async throws -> Void
    ) async throws {
        var iterator = inputs.makeIterator()
        var index = 0
        var batch = Self.take(options.batchSize, from: &iterator)
        while !batch.isEmpty {
            try Task.checkCancellation()
            let loaded = try await BatchLoader.load(batch, threads: options.threadCount, load)
            let next = Self.take(options.batchSize, from: &iterator)
            next.compactMap(path).forEach(Readahead.hint)

            let pixels = loaded.compactMap { try? $0.get().pixels }
            let embeddings =
                pixels.isEmpty
                ? Embeddings(values: [], dimension: dimension)
                : try checked(await encode(pixels.flatMap { $0 }, count: pixels.count), normalize: normalize)
            var row = 0
            var items: [BulkItem<Input, Facts>] = []
            for (input, loaded) in zip(batch, loaded) {
                let result = loaded.map { loaded in
                    guard loaded.pixels != nil else { return (facts: loaded.facts, embedding: Embedding?.none) }
                    defer { row += 1 }
                    return (facts: loaded.facts, embedding: embeddings[row])
                }
                items.append(BulkItem(index: index, input: input, result: result))
                index += 1
            }
            try await body(items)
            batch = next
        }
    }

    /// Embeds any number of pictures in constant memory and hands them over one by one, in their order.
    ///
    /// - Parameters:
    ///   - sources: the pictures; taken from the sequence a batch at a time.
    ///   - options: how pictures are decoded.
    ///   - fetch: how URLs are fetched.
    ///   - normalize: whether embeddings are scaled to length 1.
    ///   - body: called with each picture's place, source and embedding or `PictureError`.
    /// - Throws: what `body` throws, `CancellationError`, or ``ModelError`` when the model itself fails.
    public func embedEach(
        _ sources: some Sequence<PictureSource>, options: PictureOptions = PictureOptions(),
        fetch: FetchOptions = FetchOptions(), normalize: Bool = true,
        _ body: (Int, PictureSource, Result<Embedding, any Error>) async throws -> Void
    ) async throws {
        let preprocessing = preprocessing
        let options = preprocessing.readingOptions(options)
        try await embedBatches(
            sources, readingFrom: { if case .file(let path) = $0 { path } else { nil } }, normalize: normalize,
            load: { source in
                let picture = try source.picture(options: options, fetch: fetch)
                do throws(PictureError) {
                    return LoadedInput(facts: (), pixels: try preprocessing.pixels(of: picture))
                } catch { throw error.naming(source) }
            },
            { items in
                for item in items {
                    // Loading always gives pixels here, so an embedding is never missing without an error.
                    let embedding = item.result.map { $0.embedding ?? Embedding(values: []) }
                    try await body(item.index, item.input, embedding)
                }
            })
    }

    private static func take<I: IteratorProtocol>(_ count: Int, from iterator: inout I) -> [I.Element] {
        var taken: [I.Element] = []
        while taken.count < count, let element = iterator.next() { taken.append(element) }
        return taken
    }
}
