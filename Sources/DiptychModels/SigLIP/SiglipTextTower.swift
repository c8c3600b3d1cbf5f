public import DiptychEngine
public import DiptychTensors

/// SigLIP's text tower: a bidirectional transformer over padded texts, whose last row stands for the text.
public struct SiglipTextTower<E: Engine> {
    private let embedding: E.TokenEmbedding
    private let blocks: [TransformerBlock<E>]
    private let finalNorm: E.Norm
    private let head: E.Linear
    private let endRule: EndOfText
    private let engine: E

    /// Takes the tower's parameters from a Hugging Face checkpoint.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration, engine: E) throws {
        let (sizes, model) = (configuration.text, configuration.places(root).text)
        let (width, epsilon, embeddings) = (sizes.width, Float(sizes.epsilon), model / "embeddings")
        embedding = try engine.prepare(
            TokenEmbeddingParameters(
                tokens: (embeddings / "token_embedding").tensor("weight", shape: [sizes.vocabularySize, width]),
                positions: (embeddings / "position_embedding").tensor(
                    "weight", shape: [sizes.contextLength, width])))
        let blockSizes = TransformerBlock<E>.Sizes(
            width: width, feedForwardWidth: sizes.feedForwardWidth, heads: sizes.heads, mask: .none,
            activation: sizes.activation, epsilon: epsilon)
        blocks = try (0..<sizes.layers).map {
            try TransformerBlock(huggingFace: model / "encoder" / "layers" / $0, blockSizes, engine: engine)
        }
        finalNorm = try engine.prepare(NormParameters(model / "final_layer_norm", width: width, epsilon: epsilon))
        head = try engine.prepare(
            LinearParameters(model / "head", inputs: width, outputs: configuration.embeddingDimension))
        endRule = sizes.endRule
        self.engine = engine
    }

    /// The embeddings of a batch of padded texts, not normalised: [texts, dimension].
    public func callAsFunction(_ tokens: E.Tokens) throws -> E.Tensor {
        var x = try engine.embed(tokens, with: embedding)  // [positions, width]
        for block in blocks.dropLast() { try block(&x, engine: engine) }
        let pool = { try engine.endRows(of: $0, tokens: tokens, rule: endRule) }
        let pooled = try blocks.last?(last: x, engine: engine, pool: pool) ?? pool(x)  // [texts, width]
        let normed = try engine.layerNorm(pooled, finalNorm, as: .operand)
        return try engine.linear(normed, head, activation: nil, as: .stream)  // [texts, dimension]
    }
}
