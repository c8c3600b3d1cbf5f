public import Diptych
internal import Foundation

/// An embedding that was computed elsewhere, of an image that need not be at hand.
public struct GivenEmbedding: Sendable {
    /// What the store calls the image.
    public var path: String
    /// The embedding; its length is made 1.
    public var embedding: Embedding
    /// What somebody wrote about the image; nil keeps what the store has.
    public var caption: String?
    /// Further attributes; nil keeps those in the store.
    public var attributes: [String: AttributeValue]?

    /// Names an embedding.
    public init(
        path: String, embedding: Embedding, caption: String? = nil, attributes: [String: AttributeValue]? = nil
    ) {
        self.path = path
        self.embedding = embedding
        self.caption = caption
        self.attributes = attributes
    }
}

extension Indexer {
    /// Adds embeddings as they are, for which the caller vouches that they are the model's.
    ///
    /// Safe to repeat and to interrupt. An image that is indexed later under the same path replaces what was given.
    ///
    /// - Parameters:
    ///   - embeddings: with the model's dimension; others, and those without a length, are reported as skipped.
    ///   - body: told of each once its outcome is stored; an error that it throws ends the run.
    /// - Throws: like ``index(_:onEach:)``.
    public func index(
        embeddings: some Sequence<Result<GivenEmbedding, IndexInputError>>,
        onEach body: (IndexEvent) throws -> Void = { _ in }
    ) async throws -> IndexSummary {
        try await store.require(model)
        let lock = try store.lockForIndexing()
        defer { withExtendedLifetime(lock) {} }
        var summary = IndexSummary()
        var iterator = embeddings.makeIterator()
        while true {
            try Task.checkCancellation()
            var step: [Result<GivenEmbedding, IndexInputError>] = []
            while step.count < Self.step, let next = iterator.next() { step.append(next) }
            guard !step.isEmpty else { break }
            let known = try await store.known(step.map { (try? $0.get().path) ?? "" })
            var (records, events): ([ItemRecord], [IndexEvent]) = ([], [])
            for (given, known) in zip(step, known) {
                do throws(IndexInputError) {
                    let record = try Self.record(given.get(), dimension: store.dimension, known: known)
                    if let known, !known.isMissing, known.content == record.content, known.caption == record.caption,
                        known.attributes == record.attributes
                    {
                        summary.unchanged += 1
                        events.append(IndexEvent(kind: .unchanged, path: record.path, reason: nil))
                        continue
                    }
                    records.append(record)
                    let change = known.map { $0.isMissing ? IndexFinding.Change.added : .updated } ?? .added
                    events.append(summary.count(change, of: record.path, isReused: false))
                } catch { events.append(summary.skip(error.path, error)) }
            }
            let (store, made) = (store, records)
            try await Task { try await store.put(made) }.value
            try events.forEach(body)
        }
        try await store.refreshBackground(with: model)
        return summary
    }

    static func record(
        _ given: GivenEmbedding, dimension: Int, known: KnownItem?
    ) throws(IndexInputError) -> ItemRecord {
        let values = given.embedding.values
        guard values.count == dimension else {
            throw IndexInputError(
                path: given.path, reason: "its embedding has \(values.count) numbers, the model's have \(dimension)")
        }
        let length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard length.isFinite, length > 1e-6 else {
            throw IndexInputError(path: given.path, reason: "its embedding has no direction: its length is \(length)")
        }
        let unit = values.map { Float(Double($0) / length) }
        // The image's own hash is not known. This one is none of an image's, and equal for equal embeddings.
        var bytes = Data("diptych embedding".utf8)
        for value in unit { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
        return ItemRecord(
            path: given.path, content: ContentHash(of: bytes), embedding: Embedding(values: unit),
            caption: given.caption ?? known?.caption, attributes: given.attributes ?? known?.attributes ?? [:])
    }
}
