public import Diptych
public import DiptychMedia
internal import Foundation

/// Embeds the parts of a store that its space lacks: all of them in a space that is new, boxes and spans that were added, and what
/// other spaces' indexing brought.
///
/// Safe to interrupt and to repeat: each batch is one transaction, and what has an embedding is left alone. Searches and indexing
/// go on meanwhile.
public struct SpaceFiller: Sendable {
    let store: any VectorStore
    let model: any Embedder
    /// How images are read; orientation and decoding are the store's.
    public var reading = ImageOptions()
    /// How URLs are fetched.
    public var fetch = FetchOptions()

    /// What filling did.
    public struct Summary: Sendable, Equatable {
        /// The parts that were embedded.
        public var embedded = 0
        /// The parts whose bytes could not be read, the first of them with reasons.
        public var skipped: [IndexSummary.Skipped] = []
        /// Their number.
        public var skippedCount = 0
    }

    /// How many parts the store is asked for at once.
    private static let step = 512

    /// Fills the space of `store` with `model`, which must be the space's.
    public init(store: any VectorStore, model: any Embedder) {
        self.store = store
        self.model = model
    }

    /// Embeds what has no embedding.
    ///
    /// - Parameter body: told of each part once its embedding is on disk, or why there is none; an error that it throws ends the
    ///   run.
    /// - Throws: ``StoreError``, ``ModelError``, `CancellationError` or what `body` throws; what was stored before stays.
    public func fill(onEach body: (UnembeddedPart, String?) throws -> Void = { _, _ in }) async throws -> Summary {
        try await store.require(model)
        var summary = Summary()
        var last: Int64 = 0
        while true {
            try Task.checkCancellation()
            let parts = try await store.unembeddedParts(after: last, limit: Self.step)
            guard let end = parts.last else { break }
            last = end.part.id
            try await embed(texts: parts.filter { $0.kind == .text }, &summary, body)
            try await embed(images: parts.filter { $0.kind == .image }, &summary, body)
            try await embed(videos: parts.filter { $0.kind == .video }, &summary, body)
        }
        if summary.embedded > 0 { try await store.buildIndex() }
        try await store.refreshBackground(with: model)
        return summary
    }

    private func embed(
        texts parts: [UnembeddedPart], _ summary: inout Summary, _ body: (UnembeddedPart, String?) throws -> Void
    ) async throws {
        guard !parts.isEmpty else { return }
        let embeddings = try await model.requireTexts().embed(texts: parts.map { $0.text ?? "" })
        try await store.putEmbeddings(parts.enumerated().map { ($1.part, embeddings[$0]) })
        for part in parts { try body(part, nil) }
        summary.embedded += parts.count
    }

    private func embed(
        images parts: [UnembeddedPart], _ summary: inout Summary, _ body: (UnembeddedPart, String?) throws -> Void
    ) async throws {
        guard !parts.isEmpty else { return }
        var options = reading
        options.appliesOrientation = store.appliesOrientation
        options.decode = store.decode
        let loader = PartLoader(preprocessing: model.preprocessing, options: options, fetch: fetch)
        try await model.embedBatches(
            parts, readingFrom: { $0.path.hasPrefix("/") ? $0.path : nil },
            load: { LoadedInput(facts: (), pixels: try loader.pixels(of: $0)) },
            { items in
                var made: [(part: StoredPart, embedding: Embedding)] = []
                for item in items {
                    if case .success((_, let embedding?)) = item.result { made.append((item.input.part, embedding)) }
                }
                // In a task of its own, which the cancellation of this one does not reach: a batch that is already encoded
                // is also stored.
                let (store, encoded) = (store, made)
                try await Task { try await store.putEmbeddings(encoded) }.value
                for item in items {
                    guard case .failure(let error) = item.result else {
                        summary.embedded += 1
                        try body(item.input, nil)
                        continue
                    }
                    let reason = (error as? ImageError)?.reason ?? (error as? IndexInputError)?.reason ?? "\(error)"
                    summary.skippedCount += 1
                    if summary.skipped.count < IndexSummary.listedLimit {
                        summary.skipped.append(.init(path: item.input.path, reason: reason))
                    }
                    try body(item.input, reason)
                }
            })
    }
}
