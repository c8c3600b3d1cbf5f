/// What a model needs from whatever runs it: a few coarse operations that an engine can fuse.
///
/// A model is written once as generic Swift over this protocol; an engine interprets it. ``CPUEngine`` computes,
/// ``CostEngine`` counts. An engine prepares parameters in its own form (packed, recorded, counted) and runs operations
/// on tensors of its own form, so a model never sees memory.
///
/// A tensor is a matrix of one row for each position of a *packed* batch: sequences of different lengths stand one
/// after the other without padding, and only attention and pooling look at where each starts.
public protocol Engine: AnyObject {
    /// Activations: a matrix [positions, width] and the layout of its sequences.
    associatedtype Tensor
    /// A batch of token ids.
    associatedtype Tokens
    /// A batch of preprocessed pictures.
    associatedtype Pixels
    /// A prepared linear layer.
    associatedtype Linear
    /// A prepared layer normalisation.
    associatedtype Norm
    /// Prepared token and position tables.
    associatedtype TokenEmbedding
    /// A prepared patch projection with its class and position tables.
    associatedtype PatchEmbedding

    /// Prepares a linear layer.
    func prepare(_ parameters: LinearParameters) throws -> Linear
    /// Prepares a layer normalisation.
    func prepare(_ parameters: NormParameters) throws -> Norm
    /// Prepares token and position tables.
    func prepare(_ parameters: TokenEmbeddingParameters) throws -> TokenEmbedding
    /// Prepares a patch embedding.
    func prepare(_ parameters: PatchEmbeddingParameters) throws -> PatchEmbedding

    /// Token plus position embeddings: [positions, width], a ``TensorRole/stream``.
    func embed(_ tokens: Tokens, with embedding: TokenEmbedding) throws -> Tensor
    /// The class token and the projected patches plus positions: [pictures · (1 + patches), width], a stream.
    func embed(_ pixels: Pixels, with embedding: PatchEmbedding) throws -> Tensor
    /// Layer normalisation of each row of a stream (Ba et al. 2016).
    func layerNorm(_ x: Tensor, _ norm: Norm, as role: TensorRole) throws -> Tensor
    /// x · Wᵀ + b, through `activation` if given: [positions, outputs].
    func linear(_ x: Tensor, _ layer: Linear, activation: Activation?, as role: TensorRole) throws -> Tensor
    /// Adds x · Wᵀ + b to `residual`, which is a stream of the same shape as the product.
    func addLinear(_ x: Tensor, _ layer: Linear, to residual: inout Tensor) throws
    /// Multi-head attention inside each sequence: [positions, 3 · width] → [positions, width].
    func attention(_ queriesKeysValues: Tensor, heads: Int, mask: AttentionMask) throws -> Tensor
    /// The first row of each sequence: [sequences, width].
    func firstRows(of x: Tensor) throws -> Tensor
    /// The row of each text's end token: [sequences, width].
    func endRows(of x: Tensor, tokens: Tokens, rule: EndOfText) throws -> Tensor
}

/// What a tensor is for, which decides the precision that an engine keeps it in.
public enum TensorRole: Sendable, Hashable {
    /// The residual stream and results: always full precision.
    case stream
    /// The input of a matrix product: the engine's precision.
    case operand
}

/// The non-linearity of a feed-forward layer.
public enum Activation: String, Sendable, Hashable {
    /// x · σ(1.702 x), the approximation that OpenAI's CLIP was trained with (Hendrycks & Gimpel 2016).
    case quickGELU = "quick_gelu"
    /// x · Φ(x), exact, by the error function.
    case gelu
}

/// Which positions a position attends to.
public enum AttentionMask: Sendable, Hashable {
    /// Every position of its own sequence.
    case none
    /// Itself and the positions before it.
    case causal
}

/// How the row that stands for a text is found.
public enum EndOfText: Sendable, Hashable {
    /// The first position of the highest id, as the original does and configurations with the legacy end id 2 expect.
    case highestID
    /// The first position of this id.
    case firstID(Int32)

    /// The position in `ids`, or nil when the id does not occur.
    public func position(in ids: some Collection<Int32>) -> Int? {
        switch self {
        case .highestID:
            guard let highest = ids.max() else { return nil }
            return ids.enumerated().first { $0.element == highest }?.offset
        case .firstID(let id):
            return ids.enumerated().first { $0.element == id }?.offset
        }
    }
}
