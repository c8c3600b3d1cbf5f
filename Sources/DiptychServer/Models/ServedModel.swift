internal import Diptych
internal import DiptychMedia
internal import DiptychModels
internal import DiptychSearch
internal import Foundation
internal import Synchronization
internal import Tracing

/// A model whose forward passes concurrent requests share.
///
/// In traces a request has a span over its wait and its pass, `diptych.embed`; the parts of passes, which belong to many
/// requests, are traces of their own.
///
/// Texts and images each have a queue, and the model runs one pass at a time, so a text waits for one pass over images at
/// most. The pictures of a pass are decoded together before it, on all threads: a pass whose cores also decode loses more than
/// it gains. A pass has so many pixels at most, and a picture of more is decoded apart, so that nobody waits for it.
final class ServedModel: Sendable {
    let name: String
    let model: any Embedder
    /// The same where it embeds texts too.
    private let dualEncoder: (any DualEncoder)?
    private let texts: BatchQueue<[Int32], TokenizedText, [Float]>
    private let images: BatchQueue<ContentHash, ImageWork, EmbeddedImage>
    private let workers: [Task<Void, Never>]
    private let work: Workers
    private let prepare: @Sendable (ImageWork) throws -> PreprocessedImage

    /// The pictures of one request that are decoded apart at a time.
    private static let preparedAtOnce = 2

    /// Serves `model`; its queues are worked off at once.
    init(
        name: String, model: any Embedder, options: BatchOptions, reading: ImageOptions, stages: Stages, work: Workers
    ) {
        self.name = name
        self.model = model
        let dualEncoder = model as? any DualEncoder
        self.dualEncoder = dualEncoder
        self.work = work
        let preprocessing = model.preprocessing
        prepare = { try preprocessing.preprocessed($0.bytes, label: $0.label, options: reading) }
        let texts = BatchQueue<[Int32], TokenizedText, [Float]>(
            options.texts, onWait: { stages.record(.queue, $0) })
        let images = BatchQueue<ContentHash, ImageWork, EmbeddedImage>(
            options.images, cost: { $0.prepared == nil ? $0.cost : 0 }, onWait: { stages.record(.queue, $0) })
        let prepare = prepare
        self.texts = texts
        self.images = images
        workers = [
            Task.detached {
                await texts.run { batch in await Self.embed(batch, with: dualEncoder, stages) }
            },
            Task.detached {
                await images.run { batch in await Self.embed(batch, with: model, prepare, stages) }
            },
        ]
    }

    /// How much the queues did, and how much waits.
    var counts: (texts: QueueCounts, images: QueueCounts) { (texts.counts, images.counts) }

    /// Finishes what was accepted, and takes no more.
    func stop() async {
        texts.close()
        images.close()
        for worker in workers { await worker.value }
    }

    /// The embeddings of images, each for itself.
    func embed(_ images: [ImageWork]) async throws -> [Result<EmbeddedImage, any Error>] {
        try await withSpan("diptych.embed") { _ in
            let large = images.indices.filter { images[$0].cost > ImageLimits.shared }
            guard !large.isEmpty else { return try await self.images.results(of: images.map { ($0.content, $0) }) }
            let small = images.indices.filter { images[$0].cost <= ImageLimits.shared }
            async let others = self.images.results(of: small.map { (images[$0].content, images[$0]) })
            var results: [Int: Result<EmbeddedImage, any Error>] = [:]
            for (places, result) in try await embed(
                large: Dictionary(grouping: large) { images[$0].content }, images)
            {
                for place in places { results[place] = result }
            }
            for (place, result) in zip(small, try await others) { results[place] = result }
            return images.indices.compactMap { results[$0] }
        }
    }

    /// The embeddings of images that are decoded apart, by their places.
    private func embed(
        large: [ContentHash: [Int]], _ images: [ImageWork]
    ) async throws -> [([Int], Result<EmbeddedImage, any Error>)] {
        try await withThrowingTaskGroup(of: ([Int], Result<EmbeddedImage, any Error>).self) { group in
            var waiting = large.values.sorted { $0[0] < $1[0] }.makeIterator()
            func begin() {
                guard let places = waiting.next() else { return }
                let image = images[places[0]]
                group.addTask { (places, try await self.embed(large: image)) }
            }
            for _ in 0..<Self.preparedAtOnce { begin() }
            var results: [([Int], Result<EmbeddedImage, any Error>)] = []
            while let one = try await group.next() {
                results.append(one)
                begin()
            }
            return results
        }
    }

    private func embed(large image: ImageWork) async throws -> Result<EmbeddedImage, any Error> {
        if let known = images.kept(image.content) { return .success(known) }
        let prepare = prepare
        let prepared: PreprocessedImage
        do { prepared = try await work.images.run { try prepare(image) } } catch let error as ImageError {
            return .failure(error)
        }
        let ready = ImageWork(
            bytes: [], label: image.label, content: image.content, cost: image.cost, prepared: prepared)
        return try await images.results(of: [(ready.content, ready)])[0]
    }

    /// The embedding of one image.
    func embed(_ image: ImageWork) async throws -> EmbeddedImage {
        try await embed([image])[0].get()
    }

    // MARK: Passes

    private static func embed(
        _ batch: [TokenizedText], with model: (any DualEncoder)?, _ stages: Stages
    ) async -> [Result<[Float], any Error>] {
        // Nothing is put into the queue without a text tower: it has no ids.
        guard let model else { return batch.map { _ in .failure(CancellationError()) } }
        do {
            let embeddings = try await stages.measure(.encode) { try await model.embed(tokenized: batch) }
            stages.count(.texts, batch.count)
            return (0..<batch.count).map { .success(embeddings[$0].values) }
        } catch {
            return Array(repeating: .failure(error), count: batch.count)
        }
    }

    private static func embed(
        _ batch: [ImageWork], with model: any Embedder,
        _ prepare: @escaping @Sendable (ImageWork) throws -> PreprocessedImage, _ stages: Stages
    ) async -> [Result<EmbeddedImage, any Error>] {
        var results: [Result<EmbeddedImage, any Error>] = []
        let begin = ContinuousClock.now
        let decoded = DecodeTime()
        do {
            try await model.embedBatches(
                batch, readingFrom: { _ in nil },
                load: { work in
                    defer { decoded.end = .now }
                    let image = try work.prepared ?? prepare(work)
                    return LoadedInput(facts: image.fullSize, pixels: image.pixels)
                },
                { items in
                    for item in items {
                        results.append(
                            item.result.map { facts, embedding in
                                EmbeddedImage(embedding: embedding ?? Embedding(values: []), size: facts)
                            })
                    }
                })
            let end = ContinuousClock.now
            stages.record(.decode, from: begin, to: decoded.end)
            stages.record(.encode, from: decoded.end, to: end)
            stages.count(.images, batch.count)
            return results
        } catch {
            // Those that were handed over before the failure are whole.
            return results + Array(repeating: .failure(error), count: batch.count - results.count)
        }
    }
}

extension ServedModel: TextEmbedder {
    var dimension: Int { model.dimension }
    /// Those of a model without a text tower are never asked for: there is no text to compare with.
    var logits: LogitParameters { dualEncoder?.logits ?? LogitParameters(scale: 1, bias: nil) }

    /// The embeddings of `texts`, those of other requests in the same passes.
    func embed(texts: [String], normalize: Bool) async throws -> Embeddings {
        try await embed(tokenized: try await tokenize(texts))
    }

    /// The model as one that embeds texts.
    ///
    /// - Throws: ``Problem``, 400, where it does not.
    func encoder() throws -> any DualEncoder {
        do { return try self.model.requireTexts() } catch let error as ModelError {
            throw Problem.badRequest(error.description)
        }
    }

    /// The ids of `texts`. Long ones are cut into tokens on threads for that, some at a time, so that others have their turns.
    ///
    /// - Throws: ``Problem``, 400, for a text that is longer than the model reads, where that is refused, and where the model has
    ///   no text tower.
    func tokenize(_ texts: [String]) async throws -> [TokenizedText] {
        let model = try encoder()
        var tokens: [TokenizedText] = []
        tokens.reserveCapacity(texts.count)
        var start = 0
        while start < texts.count {
            var (end, bytes) = (start, 0)
            while end < texts.count, bytes <= Workers.smallBytes {
                bytes += texts[end].utf8.count
                end += 1
            }
            let part = Array(texts[start..<end]), first = start
            if bytes <= Workers.smallBytes, texts.count == part.count {
                tokens += try Self.tokenize(part, from: first, by: model)
            } else {
                tokens += try await work.text.run { try Self.tokenize(part, from: first, by: model) }
            }
            start = end
        }
        return tokens
    }

    private static func tokenize(
        _ texts: [String], from first: Int, by model: any DualEncoder
    ) throws -> [TokenizedText] {
        try texts.enumerated().map { index, text in
            let tokens = model.tokenize(text)
            if tokens.truncated > 0, model.options.refusesLongTexts {
                throw Problem.tooLong(
                    nil,
                    "text \(first + index + 1) is longer than the \(model.tokenizer.contextLength) tokens that the model "
                        + "reads, by \(tokens.truncated); shorten it")
            }
            return tokens
        }
    }

    /// The embeddings of texts that are ids already.
    func embed(tokenized texts: [TokenizedText]) async throws -> Embeddings {
        let results = try await withSpan("diptych.embed") { _ in
            try await self.texts.results(of: texts.map { ($0.ids, $0) })
        }
        return Embeddings(values: try results.flatMap { try $0.get() }, dimension: dimension)
    }
}

/// When the last picture of a batch was decoded.
private final class DecodeTime: Sendable {
    private let last = Mutex(ContinuousClock.now)
    var end: ContinuousClock.Instant {
        get { last.withLock { $0 } }
        set { last.withLock { $0 = max($0, newValue) } }
    }
}

/// How many pixels share a pass.
enum ImageLimits {
    /// A picture of more is decoded apart: the largest that phones and cameras take in one shot by default have 12 to 16
    /// million.
    static let shared = 16_777_216
    /// The most of a pass, about half a second's work of two cores.
    static let pass = 25_165_824
}
