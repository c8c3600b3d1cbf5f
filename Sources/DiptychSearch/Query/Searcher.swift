public import Diptych
internal import DiptychMedia

/// Searches a store for texts, images and items, with a model.
public struct Searcher: Sendable {
    private let store: any VectorStore
    private let model: any Embedder
    private let texts: (any TextEmbedder)?

    /// How a search goes on from its query.
    public struct Options: Sendable {
        /// The most results.
        public var limit = 10
        /// Results below this cosine are left out; nil for none.
        public var minimumSimilarity: Float?
        /// Only items that it accepts are found; nil for all.
        public var filter: Filter?
        /// Whether every item must be compared by its full embedding.
        public var isExact = false
        /// Goes on behind the last result of an earlier page.
        public var after: SearchCursor?
        /// Whether results carry their embeddings.
        public var includesEmbeddings = false
        /// Whether results carry a match probability where the store was measured.
        public var ratesMatches = true
        /// Whether results that are no better than chance are left out.
        public var onlyRelevant = false
        /// From which cosine between two results on they count as nearly the same, and only the better one has a rank;
        /// nil ranks all.
        public var groupsFrom: Float?

        /// The usual: ten results, rated.
        public init() {}
    }

    /// Searches `store` with `model`, which must be the store's: see ``VectorStore/require(_:)``.
    ///
    /// - Parameter texts: what embeds texts with the model, where that is not the model itself.
    public init(store: any VectorStore, model: any Embedder, texts: (any TextEmbedder)? = nil) {
        self.store = store
        self.model = model
        self.texts = texts ?? model as? any TextEmbedder
    }

    /// The query as one point of length 1: the sum of what is wanted, without what is not.
    ///
    /// - Throws: ``StoreError`` when an item is none of the store's, when terms have no weight, or when they cancel each
    ///   other out; ``ModelError``, also for a text where the model embeds none.
    public func embedding(of query: SearchQuery) async throws -> Embedding {
        func refused(_ reason: String) -> StoreError { StoreError(.invalidRequest, path: store.name, reason) }
        guard query.terms.allSatisfy(\.weight.isFinite), query.terms.contains(where: { $0.weight > 0 }) else {
            throw refused("a search needs a text, an image or an item with a weight above 0")
        }
        let texts = query.terms.compactMap { if case .text(let text) = $0.content { text } else { nil } }
        let images = query.terms.compactMap { if case .image(let image) = $0.content { image } else { nil } }
        let embedder: (any TextEmbedder)? = texts.isEmpty ? nil : try self.texts ?? model.requireTexts()
        let items = try await store.items(ids: query.items)
        let textEmbeddings = try await embedder?.embed(texts: texts)
        let imageEmbeddings = images.isEmpty ? nil : try await model.embed(images: images)
        var (text, image) = (0, 0)
        var sum = [Double](repeating: 0, count: store.dimension)
        for term in query.terms {
            let embedding: Embedding?
            switch term.content {
            case .text:
                embedding = textEmbeddings?[text]
                text += 1
            case .image:
                embedding = imageEmbeddings?[image]
                image += 1
            case .embedding(let given):
                guard given.values.count == store.dimension, given.values.allSatisfy(\.isFinite) else {
                    throw refused("holds embeddings of \(store.dimension) numbers; a given one is of another kind")
                }
                embedding = Embeddings(values: given.values, dimension: store.dimension).normalized()[0]
            case .item(let id):
                embedding = items.first { $0.0.id == id }?.1
                guard embedding != nil else { throw refused("has no item \(id)") }
                guard embedding?.values.count == store.dimension else {
                    throw StoreError(
                        .damaged, path: store.name, "the embedding of item \(id) has the wrong size; run `store verify`"
                    )
                }
            }
            for (index, value) in (embedding?.values ?? []).enumerated() {
                sum[index] += Double(term.weight) * Double(value)
            }
        }
        // What is left of terms that cancel out is rounding.
        let scale = query.terms.reduce(0) { $0 + abs(Double($1.weight)) }
        guard sum.contains(where: { abs($0) > 1e-6 * scale }) else {
            throw refused("the terms of the search cancel each other out; nothing is left to search for")
        }
        return Embeddings(values: sum.map { Float($0 / scale) }, dimension: store.dimension).normalized()[0]
    }

    /// The store's background. A store that keeps none is measured only where results depend on it.
    private func background(isNeeded: Bool) async throws -> NullDistribution? {
        if let known = try await store.background() { return known }
        return isNeeded && !store.keepsNotes ? try await store.measuredBackground(with: model) : nil
    }

    /// The items that fit best, best first. Items that the query names are not among them.
    ///
    /// - Parameter known: the embedding of `query`, where it is known already.
    /// - Throws: ``StoreError``, ``ModelError``.
    public func search(
        _ query: SearchQuery, embedding known: Embedding? = nil, _ options: Options = Options()
    ) async throws -> SearchResults {
        let embedding: Embedding
        if let known { embedding = known } else { embedding = try await self.embedding(of: query) }
        var filter = options.filter
        if !query.items.isEmpty {
            let others = Filter.not(.oneOf(.id, query.items.map(FilterValue.text)))
            filter = filter.map { .all([$0, others]) } ?? others
        }
        let request = SearchRequest(
            embedding, limit: options.limit, minimumSimilarity: options.minimumSimilarity, filter: filter,
            isExact: options.isExact, after: options.after, includesEmbeddings: options.includesEmbeddings)
        var results: SearchResults
        if options.groupsFrom == nil, let kinds = try await KindRanking(store: store, embedding, query.kind) {
            return try await kinds.search(request, options)
        }
        if let threshold = options.groupsFrom {
            results = try await SearchGroups(store: store, threshold: threshold).search(request)
        } else {
            results = try await store.search(request)
        }
        for index in results.hits.indices { results.hits[index].joinMoments(within: 0) }
        guard options.ratesMatches || options.onlyRelevant,
            let background = try await background(isNeeded: options.onlyRelevant),
            let estimate = MatchCalibration(of: embedding, kind: query.kind, against: background)
        else { return results }
        for index in results.hits.indices {
            results.hits[index].matchProbability = estimate.probability(similarity: results.hits[index].similarity)
        }
        if options.onlyRelevant {
            let found = results.hits.count
            // Probabilities fall with similarity: what is left out stands at the end.
            results.hits.removeAll { ($0.matchProbability ?? 1) < MatchCalibration.relevantFrom }
            if results.hits.count < found { results.next = nil }
        }
        return results
    }
}
