import DiptychEngine
import DiptychCheckpoints

/// The model that Documentation/engine.md explains: a text tower without attention, from token ids to embeddings.
struct FeedForwardTextTower<E: Engine> {
    struct Sizes {
        var (vocabulary, context, width, inner, layers, outputs) = (50, 8, 12, 20, 2, 6)
    }

    private let embedding: E.TokenEmbedding
    private let blocks: [(norm: E.Norm, expand: E.Linear, contract: E.Linear)]
    private let projection: E.Linear
    private let engine: E

    init(_ root: Parameters, _ sizes: Sizes, engine: E) throws {
        let width = sizes.width
        embedding = try engine.prepare(
            TokenEmbeddingParameters(
                tokens: (root / "tokens").tensor("weight", shape: [sizes.vocabulary, width]),
                positions: (root / "positions").tensor("weight", shape: [sizes.context, width])))
        blocks = try (0..<sizes.layers).map {
            let place = root / "blocks" / $0
            return (
                try engine.prepare(NormParameters(place / "norm", width: width, epsilon: 1e-5)),
                try engine.prepare(LinearParameters(place / "expand", inputs: width, outputs: sizes.inner)),
                try engine.prepare(LinearParameters(place / "contract", inputs: sizes.inner, outputs: width))
            )
        }
        projection = try engine.prepare(
            LinearParameters(root / "projection", inputs: width, outputs: sizes.outputs, bias: false))
        self.engine = engine
    }

    /// The embeddings of a batch of texts: [texts, outputs].
    func callAsFunction(_ tokens: E.Tokens) throws -> E.Tensor {
        var x = try engine.embed(tokens, with: embedding)  // [positions, width]
        for block in blocks {
            let normed = try engine.layerNorm(x, block.norm, as: .operand)
            let hidden = try engine.linear(normed, block.expand, activation: .gelu, as: .operand)  // [positions, inner]
            try engine.addLinear(hidden, block.contract, to: &x)
        }
        let pooled = try engine.endRows(of: x, tokens: tokens, rule: .last)  // [texts, width]
        return try engine.linear(engine.operand(of: pooled), projection, activation: nil, as: .stream)
    }
}
