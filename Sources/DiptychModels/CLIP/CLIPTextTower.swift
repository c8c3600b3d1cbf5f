public import DiptychEngine
public import DiptychCheckpoints

/// The text tower of CLIP and of SigLIP: a transformer from token ids to embeddings.
///
/// CLIP's positions see what stands before them, and the end token's row stands for the text. SigLIP's see all of a text that is
/// padded to the context, and the last row stands for it.
public struct CLIPTextTower<E: Engine> {
    private let embedding: E.TokenEmbedding
    private let blocks: [TransformerBlock<E>]
    private let finalNorm: E.Norm
    private let projection: E.Linear
    private let endRule: EndOfText
    private let engine: E

    /// Takes the tower's parameters from a checkpoint.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration, engine: E) throws {
        let (sizes, model) = (configuration.text, configuration.places(root).text)
        let (width, epsilon) = (sizes.width, Float(sizes.epsilon))
        let blockSizes = TransformerBlock<E>.Sizes(
            width: width, feedForwardWidth: sizes.feedForwardWidth, heads: sizes.heads,
            mask: sizes.architecture == .siglip ? .none : .causal,
            activation: sizes.activation, epsilon: epsilon)
        let (words, positions) = ([sizes.vocabularySize, width], [sizes.contextLength, width])
        switch configuration.names {
        case .huggingFace:
            let embeddings = model / "embeddings"
            embedding = try engine.prepare(
                TokenEmbeddingParameters(
                    tokens: (embeddings / "token_embedding").tensor("weight", shape: words),
                    positions: (embeddings / "position_embedding").tensor("weight", shape: positions)))
            blocks = try (0..<sizes.layers).map {
                try TransformerBlock(huggingFace: model / "encoder" / "layers" / $0, blockSizes, engine: engine)
            }
            finalNorm = try engine.prepare(NormParameters(model / "final_layer_norm", width: width, epsilon: epsilon))
        case .original, .originalWithTextPrefix:
            embedding = try engine.prepare(
                TokenEmbeddingParameters(
                    tokens: (model / "token_embedding").tensor("weight", shape: words),
                    positions: model.tensor("positional_embedding", shape: positions)))
            blocks = try (0..<sizes.layers).map {
                try TransformerBlock(original: model / "transformer" / "resblocks" / $0, blockSizes, engine: engine)
            }
            finalNorm = try engine.prepare(NormParameters(model / "ln_final", width: width, epsilon: epsilon))
        }
        let place = configuration.names == .originalWithTextPrefix ? model : root
        projection = try engine.prepare(
            sizes.architecture == .siglip
                ? LinearParameters(model / "head", inputs: width, outputs: configuration.embeddingDimension)
                : LinearParameters(textProjectionIn: place, configuration, inputs: width))
        endRule = sizes.endRule
        self.engine = engine
    }

    /// The embeddings of a batch of texts, not normalised: [texts, dimension].
    public func callAsFunction(_ tokens: E.Tokens) throws -> E.Tensor {
        var x = try engine.embed(tokens, with: embedding)  // [positions, width]
        try blocks.dropLast()(&x, engine: engine)
        let pool = { try engine.endRows(of: $0, tokens: tokens, rule: endRule) }
        let pooled = try blocks.last?(last: x, engine: engine, pool: pool) ?? pool(x)  // [texts, width]
        let normed = try engine.layerNorm(pooled, finalNorm, as: .operand)
        return try engine.linear(normed, projection, activation: nil, as: .stream)  // [texts, dimension]
    }
}

extension LinearParameters {
    /// The projection of a text tower into the shared space, which the projects store in different ways.
    init(textProjectionIn place: Parameters, _ configuration: CLIPConfiguration, inputs: Int) throws {
        let outputs = configuration.embeddingDimension
        switch configuration.names {
        case .huggingFace:
            try self.init(place / "text_projection", inputs: inputs, outputs: outputs, bias: false)
        case .original, .originalWithTextPrefix:
            try self.init(
                place, weight: "text_projection", inputs: inputs, outputs: outputs, layout: .inputsByOutputs)
        }
    }
}
