/// What a model needs from whatever runs it: a few coarse operations that an engine can fuse.
///
/// A model is written once as generic Swift over this protocol; an engine interprets it. ``CPUEngine`` computes,
/// ``CostEngine`` counts. An engine prepares parameters in its own form (packed, recorded, counted) and runs operations
/// on tensors of its own form, so a model never sees memory. Arrays go in by ``tokens(_:)`` and ``pixels(_:)`` and come out by
/// ``floats(of:)``, so that whoever runs a model needs to know no engine either: an ``EngineFactory`` makes it.
///
/// A tensor is a matrix of one row for each position of a *packed* batch: sequences of different lengths stand one
/// after the other without padding, and only attention and pooling look at where each starts.
public protocol Engine: AnyObject {
    /// Activations: a matrix [positions, width] and the layout of its sequences.
    associatedtype Tensor
    /// A batch of token ids.
    associatedtype Tokens
    /// A batch of preprocessed images.
    associatedtype Pixels
    /// A prepared linear layer.
    associatedtype Linear
    /// A prepared layer normalisation.
    associatedtype Norm
    /// Prepared token and position tables.
    associatedtype TokenEmbedding
    /// A prepared patch projection with its class and position tables.
    associatedtype PatchEmbedding
    /// Feature maps of a convolutional network: [images, side, side, channels] in an order of the engine's own.
    associatedtype FeatureMap
    /// A prepared convolution with its batch normalisation.
    associatedtype Convolution
    /// A prepared table of learned rows.
    associatedtype Table

    /// Brings a batch of token ids to where the engine computes.
    func tokens(_ batch: TokenBatch) throws -> Tokens
    /// Brings a batch of preprocessed images to where the engine computes.
    func pixels(_ batch: PixelBatch) throws -> Pixels
    /// The numbers of a tensor, row by row: [positions · width].
    ///
    /// - Throws: ``EngineError`` where the engine only records and has none.
    func floats(of x: Tensor) throws -> [Float]

    /// Prepares a linear layer.
    func prepare(_ parameters: LinearParameters) throws -> Linear
    /// Prepares a layer normalisation.
    func prepare(_ parameters: NormParameters) throws -> Norm
    /// Prepares token and position tables.
    func prepare(_ parameters: TokenEmbeddingParameters) throws -> TokenEmbedding
    /// Prepares a patch embedding.
    func prepare(_ parameters: PatchEmbeddingParameters) throws -> PatchEmbedding
    /// Prepares a convolution.
    func prepare(_ parameters: ConvolutionParameters) throws -> Convolution
    /// Prepares a table of learned rows.
    func prepare(_ parameters: TableParameters) throws -> Table

    /// Token plus position embeddings: [positions, width], a ``TensorRole/stream``.
    func embed(_ tokens: Tokens, with embedding: TokenEmbedding) throws -> Tensor
    /// The class token, if there is one, and the projected patches plus positions: [images · positions, width], a
    /// stream.
    func embed(_ pixels: Pixels, with embedding: PatchEmbedding) throws -> Tensor
    /// Layer normalisation of each row of a stream (Ba et al. 2016).
    func layerNorm(_ x: Tensor, _ norm: Norm, as role: TensorRole) throws -> Tensor
    /// A stream as the input of a matrix product.
    func operand(of x: Tensor) throws -> Tensor
    /// x · Wᵀ + b, through `activation` if given: [positions, outputs].
    func linear(_ x: Tensor, _ layer: Linear, activation: Activation?, as role: TensorRole) throws -> Tensor
    /// Adds x · Wᵀ + b to `residual`, which is a stream of the same shape as the product.
    func addLinear(_ x: Tensor, _ layer: Linear, to residual: inout Tensor) throws
    /// Multi-head attention inside each sequence: [positions, 3 · width] → [positions, width].
    ///
    /// - Parameter dropout: The share of attention weights that an engine which trains sets to 0; others ignore it.
    func attention(_ queriesKeysValues: Tensor, heads: Int, mask: AttentionMask, dropout: Float) throws -> Tensor
    /// Multi-head attention of one query a sequence to all of its positions: [sequences, width] and
    /// [positions, 2 · width] → [sequences, width].
    func attention(query: Tensor, keysValues: Tensor, heads: Int) throws -> Tensor
    /// The first row of each sequence: [sequences, width].
    func firstRows(of x: Tensor) throws -> Tensor
    /// The row of each text's end token: [sequences, width].
    func endRows(of x: Tensor, tokens: Tokens, rule: EndOfText) throws -> Tensor
    /// The only row of `table` once for each sequence of `x`: [sequences, width], an operand.
    func row(of table: Table, forEachSequenceOf x: Tensor) throws -> Tensor

    /// Whether blocks go through ``recomputing(_:_:)``: only where gradients are recorded, and memory is short.
    var recomputes: Bool { get }
    /// Changes `x` as `body` does. An engine that trains may keep nothing of what `body` computes and call it again when gradients
    /// ask for it (Chen et al. 2016); others call it once.
    func recomputing(_ x: inout Tensor, _ body: @escaping (inout Tensor) throws -> Void) throws

    /// Images as the input of a convolution: [images, side, side, 3].
    func featureMap(of pixels: Pixels, side: Int) throws -> FeatureMap
    /// The convolution of `x`, normalised, through `activation` if given: [images, side / stride, side / stride, outputs].
    func convolve(_ x: FeatureMap, _ layer: Convolution, activation: Activation?) throws -> FeatureMap
    /// Adds the normalised convolution of `x` to `residual`, then applies `activation` if given.
    func addConvolution(
        _ x: FeatureMap, _ layer: Convolution, to residual: inout FeatureMap, activation: Activation?
    ) throws
    /// Averages each `window` × `window` block of the map: [images, side / window, …].
    func averagePool(_ x: FeatureMap, window: Int) throws -> FeatureMap
    /// The highest of each `window` × `window` positions, `stride` apart, with half a window of nothing around the map:
    /// [images, (side − 1) / stride + 1, …]. The window is odd.
    func maxPool(_ x: FeatureMap, window: Int, stride: Int) throws -> FeatureMap
    /// The mean of each image's positions: [images, channels], a stream.
    func mean(of x: FeatureMap) throws -> Tensor
    /// The mean of each image's positions and then the positions, each plus its row of `table`:
    /// [images · (1 + side · side), channels], an operand.
    func meanAndPositions(of x: FeatureMap, adding table: Table) throws -> Tensor
}

extension Engine {
    /// No.
    public var recomputes: Bool { false }
    /// Calls `body`.
    public func recomputing(_ x: inout Tensor, _ body: @escaping (inout Tensor) throws -> Void) throws { try body(&x) }
}

/// What a tensor is for, which decides the precision that an engine keeps it in.
public enum TensorRole: Sendable, Hashable {
    /// The residual stream and results: always full precision.
    case stream
    /// The input of a matrix product: the engine's precision.
    case operand
}

/// A non-linearity, with the name that Hugging Face configurations use.
public enum Activation: String, Sendable, Hashable, CaseIterable {
    /// x · σ(1.702 x), the approximation that OpenAI's CLIP was trained with (Hendrycks & Gimpel 2016).
    case quickGELU = "quick_gelu"
    /// x · Φ(x), exact, by the error function.
    case gelu
    /// x · Φ(x) with Φ approximated by the hyperbolic tangent, as SigLIP was trained (Hendrycks & Gimpel 2016).
    case geluTanh = "gelu_pytorch_tanh"
    /// max(x, 0).
    case relu
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
    /// The last position, whatever stands there: SigLIP's texts are padded to one length.
    case last

    /// The position in `ids`, or nil when the id does not occur.
    public func position(in ids: some Collection<Int32>) -> Int? {
        switch self {
        case .highestID:
            guard let highest = ids.max() else { return nil }
            return ids.enumerated().first { $0.element == highest }?.offset
        case .firstID(let id):
            return ids.enumerated().first { $0.element == id }?.offset
        case .last: return ids.isEmpty ? nil : ids.count - 1
        }
    }
}
