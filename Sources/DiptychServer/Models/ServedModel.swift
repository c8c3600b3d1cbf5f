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
/// Texts and pictures each have a queue, and the model runs one pass at a time, so a text waits for one pass over pictures at
/// most. The pictures of a pass are decoded together before it, on all threads: a pass whose cores also decode loses more than
/// it gains.
final class ServedModel: Sendable {
    let name: String
    let model: CLIPModel
    private let texts: BatchQueue<[Int32], TokenizedText, [Float]>
    private let pictures: BatchQueue<ContentHash, PictureWork, EmbeddedPicture>
    private let workers: [Task<Void, Never>]

    /// Serves `model`; its queues are worked off at once.
    init(name: String, model: CLIPModel, options: BatchOptions, reading: PictureOptions, stages: Stages) {
        self.name = name
        self.model = model
        let texts = BatchQueue<[Int32], TokenizedText, [Float]>(options.texts) { stages.record(.queue, $0) }
        let pictures = BatchQueue<ContentHash, PictureWork, EmbeddedPicture>(options.pictures) {
            stages.record(.queue, $0)
        }
        self.texts = texts
        self.pictures = pictures
        workers = [
            Task.detached {
                await texts.run { batch in await Self.embed(batch, with: model, stages) }
            },
            Task.detached {
                await pictures.run { batch in await Self.embed(batch, with: model, reading, stages) }
            },
        ]
    }

    /// How much the queues did, and how much waits.
    var counts: (texts: QueueCounts, pictures: QueueCounts) { (texts.counts, pictures.counts) }

    /// Finishes what was accepted, and takes no more.
    func stop() async {
        texts.close()
        pictures.close()
        for worker in workers { await worker.value }
    }

    /// The embeddings of pictures, each for itself.
    func embed(_ pictures: [PictureWork]) async throws -> [Result<EmbeddedPicture, any Error>] {
        try await withSpan("diptych.embed") { _ in
            try await self.pictures.results(of: pictures.map { ($0.content, $0) })
        }
    }

    /// The embedding of one picture.
    func embed(_ picture: PictureWork) async throws -> EmbeddedPicture {
        try await embed([picture])[0].get()
    }

    // MARK: Passes

    private static func embed(
        _ batch: [TokenizedText], with model: CLIPModel, _ stages: Stages
    ) async -> [Result<[Float], any Error>] {
        do {
            let embeddings = try await stages.measure(.encode) { try await model.embed(tokenized: batch) }
            stages.count(.texts, batch.count)
            return (0..<batch.count).map { .success(embeddings[$0].values) }
        } catch {
            return Array(repeating: .failure(error), count: batch.count)
        }
    }

    private static func embed(
        _ batch: [PictureWork], with model: CLIPModel, _ reading: PictureOptions, _ stages: Stages
    ) async -> [Result<EmbeddedPicture, any Error>] {
        var results: [Result<EmbeddedPicture, any Error>] = []
        let preprocessing = model.preprocessing
        let begin = ContinuousClock.now
        let decoded = DecodeTime()
        do {
            try await model.embedBatches(
                batch, readingFrom: { _ in nil },
                load: { work in
                    defer { decoded.end = .now }
                    let picture = try preprocessing.preprocessed(work.bytes, label: work.label, options: reading)
                    return LoadedInput(facts: picture.fullSize, pixels: picture.pixels)
                },
                { items in
                    for item in items {
                        results.append(
                            item.result.map { facts, embedding in
                                EmbeddedPicture(embedding: embedding ?? Embedding(values: []), size: facts)
                            })
                    }
                })
            let end = ContinuousClock.now
            stages.record(.decode, from: begin, to: decoded.end)
            stages.record(.encode, from: decoded.end, to: end)
            stages.count(.pictures, batch.count)
            return results
        } catch {
            // Those that were handed over before the failure are whole.
            return results + Array(repeating: .failure(error), count: batch.count - results.count)
        }
    }
}

extension ServedModel: TextEmbedder {
    var dimension: Int { model.dimension }
    var logits: LogitParameters { model.logits }

    /// The embeddings of `texts`, those of other requests in the same passes.
    func embed(texts: [String], normalize: Bool) async throws -> Embeddings {
        try await embed(tokenized: try tokenize(texts))
    }

    /// The ids of `texts`.
    ///
    /// - Throws: ``Problem`` for a text that is longer than the model reads, where that is refused.
    func tokenize(_ texts: [String]) throws -> [TokenizedText] {
        try texts.enumerated().map { index, text in
            let tokens = model.tokenize(text)
            if tokens.truncated > 0, model.options.refusesLongTexts {
                throw Problem.badRequest(
                    "text \(index + 1) is longer than the \(model.tokenizer.contextLength) tokens that the model reads, "
                        + "by \(tokens.truncated); shorten it")
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
