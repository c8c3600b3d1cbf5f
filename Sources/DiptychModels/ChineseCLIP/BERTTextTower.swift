public import DiptychEngine
public import DiptychCheckpoints

/// Chinese-CLIP's text tower: a BERT (Devlin et al. 2018) whose first row stands for the text.
public struct BERTTextTower<E: Engine> {
    private let embedding: E.TokenEmbedding
    private let firstNorm: E.Norm
    private let blocks: [BERTBlock<E>]
    private let projection: E.Linear
    private let engine: E

    /// Takes the tower's parameters from a checkpoint of Chinese-CLIP's or of Hugging Face's.
    ///
    /// - Throws: ``CheckpointError`` when a tensor is missing or misshapen, ``EngineError`` when it cannot be prepared.
    public init(_ root: Parameters, _ configuration: CLIPConfiguration, engine: E) throws {
        let (sizes, model) = (configuration.text, configuration.places(root).text)
        let (width, epsilon) = (sizes.width, Float(sizes.epsilon))
        let embeddings = model / "embeddings"
        embedding = try engine.prepare(
            TokenEmbeddingParameters(
                tokens: (embeddings / "word_embeddings").tensor("weight", shape: [sizes.vocabularySize, width]),
                positions: (embeddings / "position_embeddings").tensor("weight", shape: [sizes.contextLength, width]),
                segments: (embeddings / "token_type_embeddings").tensor("weight", shape: [sizes.segments, width])))
        firstNorm = try engine.prepare(
            NormParameters(
                embeddings / "LayerNorm", width: width, epsilon: epsilon, dropout: Float(sizes.hiddenDropout)))
        blocks = try (0..<sizes.layers).map {
            try BERTBlock(model / "encoder" / "layer" / $0, sizes, engine: engine)
        }
        projection = try engine.prepare(LinearParameters(textProjectionIn: root, configuration, inputs: width))
        self.engine = engine
    }

    /// The embeddings of a batch of texts, not normalised: [texts, dimension].
    public func callAsFunction(_ tokens: E.Tokens) throws -> E.Tensor {
        let embedded = try engine.embed(tokens, with: embedding)  // [positions, width]
        var x = try engine.layerNorm(embedded, firstNorm, as: .stream)
        try blocks.dropLast()(&x, engine: engine)
        let pool = { try engine.firstRows(of: $0) }
        let pooled = try blocks.last?(last: x, engine: engine, pool: pool) ?? pool(x)  // [texts, width]
        return try engine.linear(engine.operand(of: pooled), projection, activation: nil, as: .stream)
    }
}

/// A post-normalisation block: norm(x + attention(x)), then norm(x + feed-forward(x)).
struct BERTBlock<E: Engine>: RepeatedBlock {
    private let queriesKeysValues: E.Linear
    private let attentionOutput: E.Linear
    private let attentionNorm: E.Norm
    private let expand: E.Linear
    private let contract: E.Linear
    private let feedForwardNorm: E.Norm
    private let heads: Int
    private let attentionDropout: Float
    private let activation: Activation

    init(_ place: Parameters, _ sizes: CLIPConfiguration.Text, engine: E) throws {
        let (width, epsilon) = (sizes.width, Float(sizes.epsilon))
        let attention = place / "attention" / "self"
        // FlashAttention's layer joins the projections and holds the output's too.
        let isFlash = attention.contains("Wqkv.weight")
        queriesKeysValues = try engine.prepare(
            isFlash
                ? LinearParameters(attention / "Wqkv", inputs: width, outputs: 3 * width)
                : LinearParameters(
                    [attention / "query", attention / "key", attention / "value"], inputs: width, outputs: width))
        let output = place / "attention" / "output"
        let dropout = Float(sizes.hiddenDropout)
        attentionOutput = try engine.prepare(
            LinearParameters(isFlash ? attention / "out_proj" : output / "dense", inputs: width, outputs: width)
                .with(dropout: dropout))
        attentionNorm = try engine.prepare(NormParameters(output / "LayerNorm", width: width, epsilon: epsilon))
        expand = try engine.prepare(
            LinearParameters(place / "intermediate" / "dense", inputs: width, outputs: sizes.feedForwardWidth))
        contract = try engine.prepare(
            LinearParameters(place / "output" / "dense", inputs: sizes.feedForwardWidth, outputs: width)
                .with(dropout: dropout))
        feedForwardNorm = try engine.prepare(
            NormParameters(place / "output" / "LayerNorm", width: width, epsilon: epsilon))
        heads = sizes.heads
        attentionDropout = Float(sizes.attentionDropout)
        activation = sizes.activation
    }

    /// Runs the block over a packed batch, in place: [rows, width].
    func callAsFunction(_ x: inout E.Tensor, engine: E) throws {
        try engine.addLinear(attended(x, engine), attentionOutput, to: &x)
        try feedForward(&x, engine)
    }

    /// Runs the last block, of which only the rows that `pool` keeps are needed: [rows, width] → [sequences, width].
    func callAsFunction(last x: E.Tensor, engine: E, pool: (E.Tensor) throws -> E.Tensor) throws -> E.Tensor {
        let attended = try pool(attended(x, engine))  // [sequences, width]
        var kept = try pool(x)  // [sequences, width]
        try engine.addLinear(attended, attentionOutput, to: &kept)
        try feedForward(&kept, engine)
        return kept
    }

    private func attended(_ x: E.Tensor, _ engine: E) throws -> E.Tensor {
        // [rows, width] → [rows, 3 · width] → [rows, width]
        let projected = try engine.linear(
            engine.operand(of: x), queriesKeysValues, activation: nil, as: .operand)
        return try engine.attention(projected, heads: heads, mask: .none, dropout: attentionDropout)
    }

    private func feedForward(_ x: inout E.Tensor, _ engine: E) throws {
        x = try engine.layerNorm(x, attentionNorm, as: .stream)
        let hidden = try engine.linear(engine.operand(of: x), expand, activation: activation, as: .operand)
        try engine.addLinear(hidden, contract, to: &x)
        x = try engine.layerNorm(x, feedForwardNorm, as: .stream)
    }
}
