public import Diptych

/// What to search for, and how.
public struct SearchRequest: Sendable {
    /// A point in the space of the store's model, of any length but 0.
    public var query: Embedding
    /// The most items to give.
    public var limit: Int
    /// Items below this cosine are left out; nil for none.
    public var minimumSimilarity: Float?
    /// Only items that it accepts are found; nil for all.
    public var filter: Filter?
    /// Whether every item must be compared by its full embedding.
    public var isExact: Bool
    /// Goes on behind the last item of an earlier page, among the items that the store held then; nil begins.
    public var after: SearchCursor?
    /// Whether each result carries its embedding.
    public var includesEmbeddings: Bool

    /// Searches for what is nearest to `query`.
    public init(
        _ query: Embedding, limit: Int = 10, minimumSimilarity: Float? = nil, filter: Filter? = nil,
        isExact: Bool = false, after: SearchCursor? = nil, includesEmbeddings: Bool = false
    ) {
        self.query = query
        self.limit = limit
        self.minimumSimilarity = minimumSimilarity
        self.filter = filter
        self.isExact = isExact
        self.after = after
        self.includesEmbeddings = includesEmbeddings
    }

    /// Checks what does not depend on what the store holds, and gives the query at length 1.
    ///
    /// - Parameters:
    ///   - dimension: the width of the store's embeddings.
    ///   - name: the store, for errors.
    /// - Throws: ``StoreError`` when the query has another dimension, or it or the minimum is not a number.
    public func unitQuery(dimension: Int, store name: String) throws -> [Float] {
        guard query.values.count == dimension else {
            throw StoreError(
                .otherModel, path: name,
                "holds embeddings of \(dimension) numbers, the query has \(query.values.count): it is another model's")
        }
        guard query.values.allSatisfy(\.isFinite) else {
            throw StoreError(.invalidRequest, path: name, "the query is not finite")
        }
        guard minimumSimilarity?.isNaN != true else {
            throw StoreError(.invalidRequest, path: name, "the minimum similarity is not a number")
        }
        return Embeddings(values: query.values, dimension: dimension).normalized().values
    }
}
