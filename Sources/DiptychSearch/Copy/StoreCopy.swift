internal import Diptych

/// Brings the items of one store with their parts and annotations into another, of whatever kind, and checks that they are there.
/// Embeddings of boxes and spans, and of further models, are made again by ``SpaceFiller``.
///
/// Safe to interrupt and to repeat: what the other store has already, unchanged, is left alone. The time at which an item was first
/// stored begins anew, as do ids where the stores number items differently.
public struct StoreCopy: Sendable {
    private let source: any VectorStore
    private let destination: any VectorStore

    /// The items that are read, compared and written at once.
    private static let step = 256
    /// The embeddings that are read back and compared at the end.
    private static let sampleLimit = 200

    /// What a copy did.
    public struct Summary: Sendable, Equatable {
        /// The items that were written.
        public var copied = 0
        /// The items that were there already.
        public var unchanged = 0
        /// The items of both stores together with those whose files have vanished.
        public var total = 0
        /// The boxes and spans that are new.
        public var parts = 0
        /// The annotations that are new.
        public var annotations = 0
        /// The embeddings that were read back and are the same.
        public var compared = 0
    }

    /// Copies from `source` to `destination`; the caller has made sure that they are of the same model.
    public init(from source: any VectorStore, to destination: any VectorStore) {
        self.source = source
        self.destination = destination
    }

    /// Copies, then verifies the number of items and a sample of the embeddings.
    ///
    /// - Parameter body: told of the items done so far; an error that it throws ends the run.
    /// - Throws: ``StoreError``, also when the verification finds a difference.
    public func run(onProgress body: (Int) throws -> Void = { _ in }) async throws -> Summary {
        var summary = Summary()
        let others = try await PartCopy(from: source, to: destination)
        var sample: [(path: String, embedding: Embedding)] = []
        // Spread over all items whatever their number: each takes a place with falling probability (reservoir sampling).
        var chance = SurroundingChance()
        var last: String?
        while true {
            try Task.checkCancellation()
            let page = try await source.items(after: last, limit: Self.step, filter: nil)
            guard let end = page.last?.0.id else { break }
            last = end
            let paths = page.map(\.0.path)
            // The source is asked again, for what it knows to the nanosecond.
            let (exact, known) = (try await source.known(paths), try await destination.known(paths))
            var (records, missing): ([ItemRecord], [String]) = ([], [])
            for (index, (item, embedding)) in page.enumerated() {
                // Removed since it was read.
                guard let facts = exact[index] else { continue }
                summary.total += 1
                if sample.count < Self.sampleLimit {
                    sample.append((item.path, embedding))
                } else {
                    let place = Int.random(in: 0..<summary.total, using: &chance)
                    if place < sample.count { sample[place] = (item.path, embedding) }
                }
                if known[index] == facts {
                    summary.unchanged += 1
                    continue
                }
                records.append(ItemRecord(item, embedding, as: facts))
                if facts.isMissing { missing.append(item.path) }
            }
            try await destination.put(records)
            if let others {
                let counts = try await others.copy(page.map(\.0))
                summary.parts += counts.parts
                summary.annotations += counts.annotations
            }
            try await destination.markMissing(missing)
            summary.copied += records.count
            try body(summary.total)
        }
        try await destination.buildIndex()
        try await verify(&summary, sample)
        return summary
    }

    private func verify(_ summary: inout Summary, _ sample: [(path: String, embedding: Embedding)]) async throws {
        let info = try await destination.info()
        guard info.count + info.missing == summary.total else {
            let other = info.count + info.missing
            throw StoreError(
                .invalidRequest, path: destination.name,
                other > summary.total
                    ? "holds \(other) items, \(other - summary.total) more than \(source.name): it held others before, or "
                        + "somebody adds to it; everything was copied"
                    : "holds \(other) of the \(summary.total) items of \(source.name): run the copy again")
        }
        for (path, embedding) in sample {
            let found = try await destination.items(after: nil, limit: 1, filter: .compare(.path, .equal, .text(path)))
            let isSame = found.first.map { copy in
                copy.1.values.count == embedding.values.count
                    && zip(copy.1.values, embedding.values).allSatisfy { abs($0 - $1) < 1e-6 }
            }
            guard isSame == true else {
                throw StoreError(
                    .damaged, path: destination.name,
                    "the embedding of \(path) is \(isSame == nil ? "not there" : "another") after copying; remove it with "
                        + "`diptych store remove` and run the copy again")
            }
            summary.compared += 1
        }
    }
}
