public import Diptych
public import DiptychMedia

/// A place that keeps embeddings with what they stand for, and finds the nearest to a query: a ``Catalogue`` and a ``VectorIndex``
/// of one of its spaces, together.
///
/// It belongs to one model and one way of reading images.
public protocol VectorStore: Catalogue, VectorIndex {}

extension VectorIndex {
    /// The width of its embeddings.
    public var dimension: Int { space.identity.dimension }

    /// The items nearest to one query.
    public func search(_ request: SearchRequest) async throws -> SearchResults {
        try await search([request])[0]
    }

    /// The `limit` items nearest to `query` by cosine, best first; below `minimumSimilarity` none.
    public func search(
        _ query: Embedding, limit: Int = 10, minimumSimilarity: Float? = nil
    ) async throws -> SearchResults {
        try await search(SearchRequest(query, limit: limit, minimumSimilarity: minimumSimilarity))
    }
}

extension VectorStore {
    /// Whether its images were turned upright by their EXIF orientation.
    public var appliesOrientation: Bool { space.identity.appliesOrientation }
    /// How its images were decoded.
    public var decode: ImageOptions.Decode { space.identity.decode }
}

extension Catalogue {
    /// What was ever said about a part, for all tasks.
    public func annotations(ofPart part: Int64) async throws -> [StoredAnnotation] {
        try await annotations(ofPart: part, task: nil)
    }

    /// What holds now for a task, the first thousand parts.
    public func currentAnnotations(task: String) async throws -> [StoredAnnotation] {
        try await currentAnnotations(task: task, after: 0, limit: 1000)
    }

    /// Makes a space that is full the current one.
    public func switchSpace(to name: String) async throws -> StoreSpace {
        try await switchSpace(to: name, acceptsGaps: false)
    }
}
