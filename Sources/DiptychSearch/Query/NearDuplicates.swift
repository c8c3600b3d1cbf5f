/// Finds groups of items that show nearly the same.
public struct NearDuplicates: Sendable {
    /// Items that hang together: each is near to another one of them.
    public struct Group: Sendable, Equatable {
        /// The items, in the order of their ids.
        public let items: [ItemPlace]
        /// The lowest cosine by which an item hangs on.
        public let similarity: Float
    }

    private let store: any VectorStore
    private let threshold: Float
    private let filter: Filter?

    /// The most neighbours of an item that are looked at: enough to hang a group of any size together.
    private static let neighbours = 50
    private static let batch = 64

    /// Looks for items of `store` that `filter` accepts and that have a cosine of at least `threshold` to each other.
    public init(in store: any VectorStore, threshold: Float = 0.97, filter: Filter? = nil) {
        self.store = store
        self.threshold = threshold
        self.filter = filter
    }

    /// The groups of two and more, the largest first.
    ///
    /// Every item is searched for once, so it takes as long as that many searches; memory grows by a few bytes an item.
    ///
    /// - Parameter progress: told of the number of items looked at so far.
    /// - Throws: ``StoreError``, `CancellationError`.
    public func groups(progress: (Int) -> Void = { _ in }) async throws -> [Group] {
        guard (-1...1).contains(threshold) else {
            throw StoreError(.invalidRequest, path: store.name, "items are grouped by a cosine, not by \(threshold)")
        }
        var parents = Forest()
        var (last, looked): (String?, Int) = (nil, 0)
        while true {
            try Task.checkCancellation()
            let page = try await store.items(after: last, limit: Self.batch, filter: filter)
            guard let end = page.last?.0.id else { break }
            last = end
            let present = page.filter { !$0.0.missing }
            let requests = present.map { _, embedding in
                SearchRequest(embedding, limit: Self.neighbours, minimumSimilarity: threshold, filter: filter)
            }
            for ((item, _), results) in zip(present, try await store.search(requests)) {
                guard let id = Int64(item.id) else { continue }
                for hit in results where hit.id != item.id {
                    if let other = Int64(hit.id) { parents.join(id, other, by: hit.similarity) }
                }
            }
            looked += page.count
            progress(looked)
        }
        var groups: [Group] = []
        for (members, similarity) in parents.groups {
            let items = try await store.items(ids: members.map(String.init)).map(\.0)
            let places = items.map { ItemPlace(id: $0.id, path: $0.path, missing: $0.missing) }
            if places.count > 1 { groups.append(Group(items: places, similarity: similarity)) }
        }
        return groups.sorted { $0.items.count > $1.items.count }
    }
}
