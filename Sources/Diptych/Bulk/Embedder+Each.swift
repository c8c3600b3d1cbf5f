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

/// The batches that are loaded together: with more of them, threads wait less for the one that has the last image.
private let batchesAtOnce = 2

extension Embedder {
    /// Embeds any number of inputs in constant memory and hands them over in order, a batch at a time.
    ///
    /// An input that cannot be loaded is handed over with its error, and the run goes on. Stages take turns on the cores
    /// instead of sharing them: two batches are loaded on all threads, then encoded one after the other on all threads. A team
    /// of OpenMP threads whose cores are also decoding waits at every barrier for its slowest member, which costs more than it
    /// saves. What mostly waits happens meanwhile: the system reads the next files, and the receiver stores the last batch.
    ///
    /// - Parameters:
    ///   - inputs: taken from the sequence two batches at a time, while what was taken before is encoded.
    ///   - path: the file that an input will read, if any, so that reading can begin early, and large files first.
    ///   - normalize: whether embeddings are scaled to length 1.
    ///   - load: reads, decodes and preprocesses one input; runs on several threads at once, none of them Swift's own.
    ///   - body: takes over each batch; an error that it throws ends the run. What is encoded is handed over also where the run
    ///     is cancelled or fails then.
    /// - Throws: what `body` throws, `CancellationError`, or ``ModelError`` when the model itself fails.
    public func embedBatches<Input: Sendable, Facts: Sendable>(
        _ inputs: some Sequence<Input>, readingFrom path: (Input) -> String?, normalize: Bool = true,
        load: @escaping @Sendable (Input) throws -> LoadedInput<Facts>,
        _ body: ([BulkItem<Input, Facts>]) async throws -> Void
    ) async throws {
        typealias Item = BulkItem<Input, Facts>
        var iterator = inputs.makeIterator()
        var index = 0
        var finished: [Item]?

        /// Does the work of the next stage, and hands over meanwhile what the last one has finished.
        func handingOver<T: Sendable>(
            _ work: @escaping @Sendable () async throws -> T, then prepare: () -> Void = {}
        ) async throws -> T {
            async let result = work()
            if let items = finished {
                finished = nil
                try await body(items)
            }
            prepare()
            return try await result
        }

        let threads = options.threadCount
        var group = Self.take(options.batchSize * batchesAtOnce, from: &iterator)
        while !group.isEmpty {
            let taken = group
            let order = BatchOrder.largestFirst(taken.map(path))
            let loaded = try await handingOver {
                try await BatchLoader.load(taken, order: order, threads: threads, load)
            }

            for start in stride(from: 0, to: taken.count, by: options.batchSize) {
                if Task.isCancelled {
                    if let finished { try await body(finished) }
                    throw CancellationError()
                }
                let range = start..<min(start + options.batchSize, taken.count)
                let batch = loaded[range]
                let embeddings = try await handingOver(
                    { [self] in
                        let pixels = batch.compactMap { try? $0.get().pixels }
                        return pixels.isEmpty
                            ? Embeddings(values: [], dimension: dimension)
                            : try checked(
                                await encode(pixels.flatMap { $0 }, count: pixels.count), normalize: normalize)
                    },
                    then: {
                        // Taking may wait for whoever writes a list, so everything else has been handed over by then.
                        guard range.upperBound == taken.count else { return }
                        group = Self.take(options.batchSize * batchesAtOnce, from: &iterator)
                        group.compactMap(path).forEach(Readahead.hint)
                    })
                var row = 0
                var items: [Item] = []
                for (input, loaded) in zip(taken[range], batch) {
                    let result = loaded.map { loaded in
                        guard loaded.pixels != nil else { return (facts: loaded.facts, embedding: Embedding?.none) }
                        defer { row += 1 }
                        return (facts: loaded.facts, embedding: embeddings[row])
                    }
                    items.append(BulkItem(index: index, input: input, result: result))
                    index += 1
                }
                finished = items
            }
        }
        if let finished { try await body(finished) }
    }

    /// Embeds any number of images in constant memory and hands them over one by one, in their order.
    ///
    /// - Parameters:
    ///   - sources: the images; taken from the sequence a batch at a time.
    ///   - options: how images are decoded.
    ///   - fetch: how URLs are fetched.
    ///   - normalize: whether embeddings are scaled to length 1.
    ///   - body: called with each image's place, source and embedding or `ImageError`.
    /// - Throws: what `body` throws, `CancellationError`, or ``ModelError`` when the model itself fails.
    public func embedEach(
        _ sources: some Sequence<ImageSource>, options: ImageOptions = ImageOptions(),
        fetch: FetchOptions = FetchOptions(), normalize: Bool = true,
        _ body: (Int, ImageSource, Result<Embedding, any Error>) async throws -> Void
    ) async throws {
        let preprocessing = preprocessing
        try await embedBatches(
            sources, readingFrom: { if case .file(let path) = $0 { path } else { nil } }, normalize: normalize,
            load: { source in
                let bytes = try source.bytes(maximumBytes: options.maximumBytes, fetch: fetch)
                let image = try preprocessing.preprocessed(bytes, label: source.description, options: options)
                return LoadedInput(facts: (), pixels: image.pixels)
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
