public import DiptychMedia

/// One picture of a bulk run: its place in the input and its embedding, or why there is none.
public struct BulkItem: Sendable {
    /// The position in the input, from 0.
    public let index: Int
    /// Where the picture came from.
    public let source: PictureSource
    /// The embedding, or the `PictureError` that says why this picture is skipped.
    public let result: Result<Embedding, any Error>
}

extension CLIPModel {
    /// Embeds any number of pictures in constant memory and hands them over one by one, in their order.
    ///
    /// A picture that cannot be read is handed over with its error, and the run goes on. Stages take turns on the cores
    /// instead of sharing them: one batch is read and decoded on all cores, then encoded on all cores. A team of OpenMP
    /// threads whose cores are also decoding waits at every barrier for the slowest, which costs far more than it saves.
    ///
    /// - Parameters:
    ///   - sources: the pictures; taken from the sequence a batch at a time.
    ///   - options: how pictures are decoded.
    ///   - normalize: whether embeddings are scaled to length 1.
    ///   - body: called for each picture; an error that it throws ends the run.
    /// - Throws: what `body` throws, `CancellationError`, or ``ModelError`` when the model itself fails.
    public func embedEach(
        _ sources: some Sequence<PictureSource>, options: PictureOptions = PictureOptions(), normalize: Bool = true,
        _ body: (BulkItem) async throws -> Void
    ) async throws {
        var iterator = sources.makeIterator()
        var index = 0
        var batch = Self.take(self.options.batchSize, from: &iterator)
        while !batch.isEmpty {
            try Task.checkCancellation()
            let loaded = await load(batch, options: options)
            // The system reads the next batch's files while this one is encoded.
            let next = Self.take(self.options.batchSize, from: &iterator)
            for case .file(let path) in next { Readahead.hint(path) }

            let good = loaded.compactMap { try? $0.get() }
            var embeddings = Embeddings(values: [], dimension: dimension)
            if !good.isEmpty {
                embeddings = try checked(
                    await encode(good.flatMap { $0 }, count: good.count), normalize: normalize)
            }
            var row = 0
            for (source, pixels) in zip(batch, loaded) {
                let result = pixels.map { _ in
                    defer { row += 1 }
                    return embeddings[row]
                }
                try await body(BulkItem(index: index, source: source, result: result))
                index += 1
            }
            batch = next
        }
    }

    private static func take<I: IteratorProtocol>(_ count: Int, from iterator: inout I) -> [I.Element] {
        var taken: [I.Element] = []
        while taken.count < count, let element = iterator.next() { taken.append(element) }
        return taken
    }

    /// Reads, decodes and preprocesses a batch on all cores: [3, size, size] each.
    private func load(_ batch: [PictureSource], options: PictureOptions) async -> [Result<[Float], any Error>] {
        await withTaskGroup(of: (Int, Result<[Float], any Error>).self) { group in
            for (position, source) in batch.enumerated() {
                group.addTask { [preprocessing] in
                    (position, Result { try preprocessing.pixels(of: source.picture(options: options)) })
                }
            }
            var loaded = [Result<[Float], any Error>](repeating: .failure(CancellationError()), count: batch.count)
            for await (position, result) in group { loaded[position] = result }
            return loaded
        }
    }
}
