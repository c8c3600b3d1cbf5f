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

/// Numbers that hang together: union by size, paths halved (Tarjan 1975).
private struct Forest {
    private var parents: [Int64: Int64] = [:]
    private var sizes: [Int64: Int] = [:]
    private var weakest: [Int64: Float] = [:]

    private mutating func root(of number: Int64) -> Int64 {
        var number = number
        while let parent = parents[number], parent != number {
            let grandparent = parents[parent] ?? parent
            parents[number] = grandparent
            number = grandparent
        }
        if parents[number] == nil { parents[number] = number }
        return number
    }

    /// Joins the groups of two numbers; of the links between groups, the one that joined them counts.
    mutating func join(_ a: Int64, _ b: Int64, by similarity: Float) {
        var (first, second) = (root(of: a), root(of: b))
        guard first != second else { return }
        if sizes[first, default: 1] < sizes[second, default: 1] { swap(&first, &second) }
        parents[second] = first
        sizes[first] = sizes[first, default: 1] + sizes[second, default: 1]
        weakest[first] = min(similarity, weakest[first] ?? 1, weakest[second] ?? 1)
    }

    /// The groups, members and groups in the order of their numbers.
    var groups: [(members: [Int64], similarity: Float)] {
        var copy = self
        var members: [Int64: [Int64]] = [:]
        for number in parents.keys.sorted() { members[copy.root(of: number), default: []].append(number) }
        return members.map { (members: $0.value, similarity: weakest[$0.key] ?? 1) }
            .sorted { $0.members[0] < $1.members[0] }
    }
}
