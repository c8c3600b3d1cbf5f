public import DiptychEngine
public import DiptychTensors

/// CLIP's text tower: token ids to embeddings.
public struct CLIPTextTower<E: Engine> {
    private let embedding: E.TokenEmbedding
    private let blocks: [TransformerBlock<E>]
    private let finalNorm: E.Norm
    private let projection: E.Linear
    private let endRule: EndOfText
    private let engine: E

    /// Takes the tower's parameters from a Hugging Face checkpoint.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration, engine: E) throws {
        let sizes = configuration.text
        let model = root / "text_model"
        embedding = try engine.prepare(
            TokenEmbeddingParameters(
                tokens: (model / "embeddings" / "token_embedding").tensor(
                    "weight", shape: [sizes.vocabularySize, sizes.width]),
                positions: (model / "embeddings" / "position_embedding").tensor(
                    "weight", shape: [sizes.contextLength, sizes.width])))
        blocks = try (0..<sizes.layers).map { index in
            try TransformerBlock(
                huggingFace: model / "encoder" / "layers" / index, width: sizes.width,
                feedForwardWidth: sizes.feedForwardWidth, heads: sizes.heads, mask: .causal,
                activation: sizes.nonlinearity, epsilon: Float(sizes.epsilon), engine: engine)
        }
        finalNorm = try engine.prepare(
            NormParameters(model / "final_layer_norm", width: sizes.width, epsilon: Float(sizes.epsilon)))
        projection = try engine.prepare(
            LinearParameters(
                root / "text_projection", inputs: sizes.width, outputs: configuration.embeddingDimension, bias: false))
        endRule = sizes.endRule
        self.engine = engine
    }

    /// The embeddings of a batch of texts, not normalised: [texts, dimension].
    public func callAsFunction(_ tokens: E.Tokens) throws -> E.Tensor {
        var x = try engine.embed(tokens, with: embedding)  // [positions, width]
        for block in blocks.dropLast() { try block(&x, engine: engine) }
        let pool = { try engine.endRows(of: $0, tokens: tokens, rule: endRule) }
        let pooled = try blocks.last?(last: x, engine: engine, pool: pool) ?? pool(x)  // [texts, width]
        let normed = try engine.layerNorm(pooled, finalNorm, as: .operand)
        return try engine.linear(normed, projection, activation: nil, as: .stream)  // [texts, dimension]
    }
}
