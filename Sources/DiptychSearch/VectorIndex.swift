public import Diptych

/// What finds neighbours: the embeddings of one space, by the parts that they are of.
///
/// It can always be filled again from what the ``Catalogue`` knows and from the files. It ranks the items of its catalogue.
public protocol VectorIndex: Sendable {
    /// The space that it holds.
    var space: StoreSpace { get }

    /// The items nearest to each request's query by cosine, best first; equal ones by id.
    ///
    /// - Throws: ``StoreError`` when a query has another dimension than the store, or it or a minimum is not a number.
    func search(_ requests: [SearchRequest]) async throws -> [SearchResults]

    /// The first parts behind one that have no embedding here, and whose item has not vanished, in the order of their numbers.
    func unembeddedParts(after id: Int64, limit: Int) async throws -> [UnembeddedPart]
    /// Adds embeddings of parts; those that are there already stay, and parts that are gone meanwhile are passed over.
    func putEmbeddings(_ embeddings: [(part: StoredPart, embedding: Embedding)]) async throws
    /// Removes the embeddings of these parts, which can be added again; the parts stay.
    ///
    /// - Returns: the number of embeddings removed.
    func removeEmbeddings(ofParts ids: [Int64]) async throws -> Int
    /// The embeddings of some items, drawn at random; fewer where the store holds fewer.
    func sample(_ count: Int) async throws -> [Embedding]
    /// Has the index built of what was added, as far as that is not done already; of use after adding much, never needed. A server
    /// may still be at work when this returns.
    func buildIndex() async throws
    /// How far the index has been built. Searches give right results meanwhile; they only take longer.
    func indexProgress() async throws -> IndexProgress
}

/// How far the index of a store has been built.
public struct IndexProgress: Sendable, Codable, Equatable {
    /// Whether it is being built.
    public enum State: String, Sendable, Codable {
        /// All embeddings are in it, or they are too few to need one.
        case finished
        /// Some embeddings are not in it yet.
        case building
        /// The server could not build it.
        case failed
    }

    /// The kind of index: `codes` in a directory, the server's name for it otherwise, such as `IVF_FLAT`.
    public var kind: String
    /// How it measures: `IP` (inner product), `COSINE` or `L2`. All rank embeddings, whose length is 1, in the same order.
    public var metric: String
    /// The embeddings that are in it.
    public var indexed: Int
    /// The embeddings that there are.
    public var total: Int
    /// Whether it is being built.
    public var state: State
    /// Why it could not be built; nil where it could.
    public var reason: String?

    /// Collects what is known about an index.
    public init(
        kind: String, metric: String = "IP", indexed: Int, total: Int, state: State, reason: String? = nil
    ) {
        self.kind = kind
        self.metric = metric
        self.indexed = indexed
        self.total = total
        self.state = state
        self.reason = reason
    }
}
