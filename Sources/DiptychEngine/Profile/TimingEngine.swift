/// An engine that runs another and notes how long each operation took.
///
/// Running the same model over a ``CostEngine`` gives the same operations in the same order with their FLOPs, so that
/// the two lists pair up into a profile.
public final class TimingEngine<Base: Engine>: Engine {
    /// The activations of the engine that is timed.
    public typealias Tensor = Base.Tensor
    /// The token batches of the engine that is timed.
    public typealias Tokens = Base.Tokens
    /// The image batches of the engine that is timed.
    public typealias Pixels = Base.Pixels
    /// The linear layers of the engine that is timed.
    public typealias Linear = Base.Linear
    /// The layer normalisations of the engine that is timed.
    public typealias Norm = Base.Norm
    /// The token tables of the engine that is timed.
    public typealias TokenEmbedding = Base.TokenEmbedding
    /// The patch embeddings of the engine that is timed.
    public typealias PatchEmbedding = Base.PatchEmbedding
    /// The feature maps of the engine that is timed.
    public typealias FeatureMap = Base.FeatureMap
    /// The convolutions of the engine that is timed.
    public typealias Convolution = Base.Convolution
    /// The tables of the engine that is timed.
    public typealias Table = Base.Table

    private let base: Base
    private let clock = ContinuousClock()
    /// How long each operation since the last ``reset()`` took, in order.
    public private(set) var durations: [Duration] = []

    /// Times the operations of `base`.
    public init(_ base: Base) { self.base = base }

    /// Forgets the durations noted so far.
    public func reset() { durations = [] }

    private func timed<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = clock.now
        let result = try body()
        durations.append(clock.now - start)
        return result
    }
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension TimingEngine {
    public func tokens(_ batch: TokenBatch) throws -> Tokens { try base.tokens(batch) }
    public func pixels(_ batch: PixelBatch) throws -> Pixels { try base.pixels(batch) }
    public func floats(of x: Tensor) throws -> [Float] { try base.floats(of: x) }

    public func prepare(_ parameters: LinearParameters) throws -> Linear { try base.prepare(parameters) }
    public func prepare(_ parameters: NormParameters) throws -> Norm { try base.prepare(parameters) }
    public func prepare(_ parameters: TokenEmbeddingParameters) throws -> TokenEmbedding {
        try base.prepare(parameters)
    }
    public func prepare(_ parameters: PatchEmbeddingParameters) throws -> PatchEmbedding {
        try base.prepare(parameters)
    }
    public func prepare(_ parameters: ConvolutionParameters) throws -> Convolution { try base.prepare(parameters) }
    public func prepare(_ parameters: TableParameters) throws -> Table { try base.prepare(parameters) }

    public func embed(_ tokens: Tokens, with embedding: TokenEmbedding) throws -> Tensor {
        try timed { try base.embed(tokens, with: embedding) }
    }
    public func embed(_ pixels: Pixels, with embedding: PatchEmbedding) throws -> Tensor {
        try timed { try base.embed(pixels, with: embedding) }
    }
    public func layerNorm(_ x: Tensor, _ norm: Norm, as role: TensorRole) throws -> Tensor {
        try timed { try base.layerNorm(x, norm, as: role) }
    }
    public func linear(
        _ x: Tensor, _ layer: Linear, activation: Activation?, as role: TensorRole
    ) throws -> Tensor {
        try timed { try base.linear(x, layer, activation: activation, as: role) }
    }
    public func addLinear(_ x: Tensor, _ layer: Linear, to residual: inout Tensor) throws {
        try timed { try base.addLinear(x, layer, to: &residual) }
    }
    public func attention(_ x: Tensor, heads: Int, mask: AttentionMask, dropout: Float) throws -> Tensor {
        try timed { try base.attention(x, heads: heads, mask: mask, dropout: dropout) }
    }
    public func operand(of x: Tensor) throws -> Tensor { try timed { try base.operand(of: x) } }
    public func attention(query: Tensor, keysValues: Tensor, heads: Int) throws -> Tensor {
        try timed { try base.attention(query: query, keysValues: keysValues, heads: heads) }
    }
    public func firstRows(of x: Tensor) throws -> Tensor { try timed { try base.firstRows(of: x) } }
    public func endRows(of x: Tensor, tokens: Tokens, rule: EndOfText) throws -> Tensor {
        try timed { try base.endRows(of: x, tokens: tokens, rule: rule) }
    }
    public func row(of table: Table, forEachSequenceOf x: Tensor) throws -> Tensor {
        try timed { try base.row(of: table, forEachSequenceOf: x) }
    }

    public func featureMap(of pixels: Pixels, side: Int) throws -> FeatureMap {
        try timed { try base.featureMap(of: pixels, side: side) }
    }
    public func convolve(_ x: FeatureMap, _ layer: Convolution, activation: Activation?) throws -> FeatureMap {
        try timed { try base.convolve(x, layer, activation: activation) }
    }
    public func addConvolution(
        _ x: FeatureMap, _ layer: Convolution, to residual: inout FeatureMap, activation: Activation?
    ) throws {
        try timed { try base.addConvolution(x, layer, to: &residual, activation: activation) }
    }
    public func averagePool(_ x: FeatureMap, window: Int) throws -> FeatureMap {
        try timed { try base.averagePool(x, window: window) }
    }
    public func maxPool(_ x: FeatureMap, window: Int, stride: Int) throws -> FeatureMap {
        try timed { try base.maxPool(x, window: window, stride: stride) }
    }
    public func mean(of x: FeatureMap) throws -> Tensor { try timed { try base.mean(of: x) } }
    public func meanAndPositions(of x: FeatureMap, adding table: Table) throws -> Tensor {
        try timed { try base.meanAndPositions(of: x, adding: table) }
    }
}
