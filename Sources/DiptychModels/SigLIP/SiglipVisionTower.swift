public import DiptychEngine
public import DiptychCheckpoints

/// SigLIP's image tower: a vision transformer closed by attention pooling with a learned query.
public struct SiglipVisionTower<E: Engine> {
    private let embedding: E.PatchEmbedding
    private let blocks: [TransformerBlock<E>]
    private let finalNorm: E.Norm
    private let head: QueryPool<E>
    private let engine: E

    /// Takes the tower's parameters from a Hugging Face checkpoint.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration, engine: E) throws {
        let (sizes, model) = (configuration.vision, configuration.places(root).vision)
        let (width, epsilon, embeddings) = (sizes.width, Float(sizes.epsilon), model / "embeddings")
        let patch = embeddings / "patch_embedding"
        embedding = try engine.prepare(
            PatchEmbeddingParameters(
                projection: patch.tensor("weight", shape: [width, 3, sizes.patchSize, sizes.patchSize]),
                bias: patch.tensor("bias", shape: [width]), classToken: nil,
                positions: (embeddings / "position_embedding").tensor("weight", shape: [sizes.patches, width]),
                imageSize: sizes.imageSize, patchSize: sizes.patchSize, width: width))
        let blockSizes = TransformerBlock<E>.Sizes(
            width: width, feedForwardWidth: sizes.feedForwardWidth, heads: sizes.heads, mask: .none,
            activation: sizes.activation, epsilon: epsilon)
        blocks = try (0..<sizes.layers).map {
            try TransformerBlock(huggingFace: model / "encoder" / "layers" / $0, blockSizes, engine: engine)
        }
        finalNorm = try engine.prepare(NormParameters(model / "post_layernorm", width: width, epsilon: epsilon))
        head = try QueryPool(model / "head", sizes, engine: engine)
        self.engine = engine
    }

    /// The embeddings of a batch of images, not normalised: [images, 3, size, size] → [images, width].
    public func callAsFunction(_ pixels: E.Pixels) throws -> E.Tensor {
        var x = try engine.embed(pixels, with: embedding)  // [images · patches, width]
        try blocks[...](&x, engine: engine)
        return try head(engine.layerNorm(x, finalNorm, as: .operand), engine: engine)  // [images, width]
    }
}

/// Attention of one learned query over all positions, then a feed-forward layer with a residual (Lee et al. 2019).
struct QueryPool<E: Engine> {
    private let probe: E.Table
    private let query: E.Linear
    private let keysValues: E.Linear
    private let attentionOutput: E.Linear
    private let norm: E.Norm
    private let expand: E.Linear
    private let contract: E.Linear
    private let heads: Int
    private let activation: Activation

    init(_ place: Parameters, _ sizes: CLIPConfiguration.Vision, engine: E) throws {
        let (width, inner) = (sizes.width, sizes.feedForwardWidth)
        probe = try engine.prepare(TableParameters(place.tensor("probe", shape: [1, 1, width])))
        let attention = place / "attention"
        let packed = try LinearParameters(
            attention, weight: "in_proj_weight", bias: "in_proj_bias", inputs: width, outputs: 3 * width)
        query = try engine.prepare(packed.outputs(in: 0..<width))
        keysValues = try engine.prepare(packed.outputs(in: width..<3 * width))
        attentionOutput = try engine.prepare(LinearParameters(attention / "out_proj", inputs: width, outputs: width))
        norm = try engine.prepare(NormParameters(place / "layernorm", width: width, epsilon: Float(sizes.epsilon)))
        expand = try engine.prepare(LinearParameters(place / "mlp" / "fc1", inputs: width, outputs: inner))
        contract = try engine.prepare(LinearParameters(place / "mlp" / "fc2", inputs: inner, outputs: width))
        heads = sizes.heads
        activation = sizes.activation
    }

    /// [images · patches, width] → [images, width].
    func callAsFunction(_ x: E.Tensor, engine: E) throws -> E.Tensor {
        let asked = try engine.linear(
            engine.row(of: probe, forEachSequenceOf: x), query, activation: nil, as: .operand)
        let known = try engine.linear(x, keysValues, activation: nil, as: .operand)  // [images · patches, 2 · width]
        let answer = try engine.attention(query: asked, keysValues: known, heads: heads)  // [images, width]
        var pooled = try engine.linear(answer, attentionOutput, activation: nil, as: .stream)
        let hidden = try engine.linear(
            engine.layerNorm(pooled, norm, as: .operand), expand, activation: activation, as: .operand)
        try engine.addLinear(hidden, contract, to: &pooled)
        return pooled
    }
}
