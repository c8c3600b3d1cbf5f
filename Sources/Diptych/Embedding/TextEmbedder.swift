public import DiptychModels

/// What turns texts into points of a model's space: the model itself, or something in front of it that shares work between
/// callers.
public protocol TextEmbedder: Sendable {
    /// The width of its embeddings.
    var dimension: Int { get }
    /// What turns cosines into scores.
    var logits: LogitParameters { get }
    /// The embeddings of `texts`, in their order, scaled to length 1 unless `normalize` is false.
    func embed(texts: [String], normalize: Bool) async throws -> Embeddings
}

extension TextEmbedder {
    /// The embeddings of `texts`, in their order, scaled to length 1.
    public func embed(texts: [String]) async throws -> Embeddings { try await embed(texts: texts, normalize: true) }
}
