internal import Diptych
internal import DiptychMedia
internal import Foundation

/// Puts the items of several stores into one.
///
/// Of items with one path the last store's counts. Safe to repeat and to interrupt: what is in its place already is left
/// alone. Embeddings, captions, attributes, boxes and spans, and annotations come along; items whose file has vanished stay behind.
public struct StoreMerge: Sendable {
    /// What merging did.
    public struct Summary: Sendable, Equatable {
        /// Items that were new.
        public var added = 0
        /// Items that took the place of another of their path.
        public var updated = 0
        /// Items that were there already.
        public var unchanged = 0
        /// Items of which a later store has another with the same path.
        public var overruled = 0
        /// Items that stayed behind because their file has vanished.
        public var vanished = 0

        /// The boxes and spans that are new.
        public var parts = 0
        /// The annotations that are new.
        public var annotations = 0

        /// Nothing done yet.
        public init() {}
    }

    private let sources: [any VectorStore]
    private let target: any VectorStore

    /// How many items are moved at once: as a transaction, which waits for the disk once.
    private static let step = 4096

    /// Merges `sources`, all of `target`'s model, into `target`. Whoever opened them has checked that they are.
    public init(of sources: [any VectorStore], into target: any VectorStore) {
        self.sources = sources
        self.target = target
    }

    /// Merges.
    ///
    /// - Parameter body: told of the store at work and of what was done so far, after each step.
    /// - Throws: ``StoreError``, of kind `busy` when another process indexes into the target.
    public func run(onStep body: (Int, Summary) throws -> Void = { _, _ in }) async throws -> Summary {
        let lock = try target.lockForIndexing()
        defer { withExtendedLifetime(lock) {} }
        var summary = Summary()
        for (index, source) in sources.enumerated() {
            let others = try await PartCopy(from: source, to: target)
            var last: String?
            while true {
                try Task.checkCancellation()
                let page = try await source.items(after: last, limit: Self.step, filter: nil)
                guard let end = page.last?.0.id else { break }
                last = end
                let moved = try await move(page, from: source, later: Array(sources[(index + 1)...]), &summary)
                if let others {
                    let counts = try await others.copy(moved)
                    summary.parts += counts.parts
                    summary.annotations += counts.annotations
                }
                try body(index, summary)
            }
        }
        try await target.buildIndex()
        try await Self.copyBackground(from: sources, to: target)
        return summary
    }

    /// Gives a store without a background that of the largest source, for measuring one takes a model. A part of a job is
    /// a fair sample of the whole; for other stores it serves until the next indexing.
    private static func copyBackground(from sources: [any VectorStore], to target: any VectorStore) async throws {
        guard try await target.background() == nil else { return }
        var largest: (count: Int, note: Data)?
        for source in sources {
            let count = try await source.info().count
            guard count > largest?.count ?? 0, let note = try await source.note(EmbeddedStore.backgroundKey) else {
                continue
            }
            largest = (count, note)
        }
        if let largest { try await target.setNote(EmbeddedStore.backgroundKey, largest.note) }
    }

    /// - Returns: the items that are this source's in the target now.
    private func move(
        _ page: [(StoredItem, Embedding)], from source: any VectorStore, later: [any VectorStore],
        _ summary: inout Summary
    ) async throws -> [StoredItem] {
        let items = page.filter { !$0.0.missing }
        summary.vanished += page.count - items.count
        let paths = items.map(\.0.path)
        // The times to the nanosecond are not among what a store lists.
        let known = try await source.known(paths)
        let present = try await target.known(paths)
        var records: [ItemRecord] = []
        var moved: [StoredItem] = []
        for (index, (item, embedding)) in items.enumerated() {
            // Gone since the page was read.
            guard let here = known[index], !here.isMissing else {
                summary.vanished += 1
                continue
            }
            if let there = present[index] {
                guard there != here else {
                    summary.unchanged += 1
                    moved.append(item)
                    continue
                }
                // In a second run, a later store's item stands there already.
                if !there.isMissing, try await Self.isKnown(item.path, in: later) {
                    summary.overruled += 1
                    continue
                }
                summary.updated += 1
            } else {
                summary.added += 1
            }
            moved.append(item)
            records.append(ItemRecord(item, embedding, as: here))
        }
        try await target.put(records)
        return moved
    }

    private static func isKnown(_ path: String, in stores: [any VectorStore]) async throws -> Bool {
        for store in stores {
            if let known = try await store.known([path])[0], !known.isMissing { return true }
        }
        return false
    }
}

extension ItemRecord {
    /// The record that puts a stored item into another store.
    init(_ item: StoredItem, _ embedding: Embedding, as known: KnownItem) {
        let attributes = item.attributes
        var metadata = ImageMetadata()
        metadata.format = attributes.type.flatMap { type in
            ImageFormat.allCases.first { $0.rawValue.lowercased() == type }
        }
        metadata.taken = attributes.taken
        metadata.camera = attributes.camera
        metadata.latitude = attributes.latitude
        metadata.longitude = attributes.longitude
        self.init(
            path: item.path, bytes: known.bytes, modified: known.modified, isSettled: known.isSettled,
            content: known.content, kind: attributes.kind, embedding: embedding,
            image: ImageFacts(width: attributes.width, height: attributes.height, metadata: metadata),
            caption: known.caption, attributes: known.attributes)
    }
}
