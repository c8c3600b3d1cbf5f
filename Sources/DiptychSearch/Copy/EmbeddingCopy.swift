internal import Diptych

/// Puts embeddings that another program made into a store, a page at a time, and checks that they are there.
///
/// Safe to interrupt and to repeat: what is there already, unchanged, is left alone. Of several with one path the last counts.
public struct EmbeddingCopy {
    /// What was done so far.
    public struct Summary: Sendable, Equatable {
        /// The items that were written.
        public var copied = 0
        /// The items that were there already.
        public var unchanged = 0
        /// The embeddings that could not be used, the first of them with reasons.
        public var skipped: [IndexSummary.Skipped] = []
        /// Their number.
        public var skippedCount = 0
        /// All embeddings that were given.
        public var total = 0
        /// The embeddings that were read back and are the same.
        public var compared = 0
    }

    private let destination: any VectorStore
    /// What was done so far.
    public private(set) var summary = Summary()
    private var sample: [String: Embedding] = [:]

    private static let sampleLimit = 200

    /// Copies into `destination`; the caller vouches that the embeddings are of its model.
    public init(to destination: any VectorStore) { self.destination = destination }

    /// Adds embeddings; their length is made 1.
    ///
    /// - Throws: ``StoreError``.
    public mutating func add(_ page: [Result<GivenEmbedding, IndexInputError>]) async throws {
        let known = try await destination.known(page.map { (try? $0.get().path) ?? "" })
        var records: [ItemRecord] = []
        for (given, known) in zip(page, known) {
            summary.total += 1
            do throws(IndexInputError) {
                let record = try Indexer.record(given.get(), dimension: destination.dimension, known: known)
                // The first ones are read back at the end.
                if sample[record.path] != nil || sample.count < Self.sampleLimit {
                    sample[record.path] = record.embedding
                }
                if let known, !known.isMissing, known.content == record.content,
                    known.attributes == record.attributes.mapValues(\.canonical)
                {
                    summary.unchanged += 1
                } else {
                    records.append(record)
                    summary.copied += 1
                }
            } catch {
                summary.skippedCount += 1
                if summary.skipped.count < IndexSummary.listedLimit {
                    summary.skipped.append(.init(path: error.path, reason: error.reason))
                }
            }
        }
        try await destination.put(records)
    }

    /// Has the index built, and reads some embeddings back.
    ///
    /// - Throws: ``StoreError`` where one is another, or not there.
    public mutating func verify() async throws {
        try await destination.buildIndex()
        for (path, embedding) in sample {
            let found = try await destination.items(after: nil, limit: 1, filter: .compare(.path, .equal, .text(path)))
            let isSame = found.first.map { copy in
                copy.1.values.count == embedding.values.count
                    && zip(copy.1.values, embedding.values).allSatisfy { abs($0 - $1) < 1e-6 }
            }
            guard isSame == true else {
                throw StoreError(
                    .damaged, path: destination.name,
                    "the embedding of \(path) is \(isSame == nil ? "not there" : "another") after copying; run the copy again"
                )
            }
            summary.compared += 1
        }
    }
}
