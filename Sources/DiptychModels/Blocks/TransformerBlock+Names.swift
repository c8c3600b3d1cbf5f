internal import DiptychEngine
internal import DiptychCheckpoints

extension TransformerBlock {
    /// The sizes of a block.
    struct Sizes {
        let width: Int
        let feedForwardWidth: Int
        let heads: Int
        let mask: AttentionMask
        let activation: Activation
        let epsilon: Float
    }

    /// A block with the parameter names of a Hugging Face tower.
    init(huggingFace place: Parameters, _ sizes: Sizes, engine: E) throws {
        let (width, attention) = (sizes.width, place / "self_attn")
        try self.init(
            sizes, engine: engine, attentionNorm: place / "layer_norm1", feedForwardNorm: place / "layer_norm2",
            queriesKeysValues: LinearParameters(
                [attention / "q_proj", attention / "k_proj", attention / "v_proj"], inputs: width, outputs: width),
            attentionOutput: attention / "out_proj", expand: place / "mlp" / "fc1", contract: place / "mlp" / "fc2")
    }

    /// A block with the parameter names of OpenAI, open_clip and Chinese-CLIP, or those of FlashAttention's layer.
    init(original place: Parameters, _ sizes: Sizes, engine: E) throws {
        let (width, attention) = (sizes.width, place / "attn")
        try self.init(
            sizes, engine: engine, attentionNorm: place / "ln_1", feedForwardNorm: place / "ln_2",
            queriesKeysValues: attention.contains("Wqkv.weight")
                ? LinearParameters(attention / "Wqkv", inputs: width, outputs: 3 * width)
                : LinearParameters(
                    attention, weight: "in_proj_weight", bias: "in_proj_bias", inputs: width, outputs: 3 * width),
            attentionOutput: attention / "out_proj", expand: place / "mlp" / "c_fc", contract: place / "mlp" / "c_proj")
    }

    private init(
        _ sizes: Sizes, engine: E, attentionNorm: Parameters, feedForwardNorm: Parameters,
        queriesKeysValues: LinearParameters, attentionOutput: Parameters, expand: Parameters, contract: Parameters
    ) throws {
        let (width, inner) = (sizes.width, sizes.feedForwardWidth)
        self.attentionNorm = try engine.prepare(NormParameters(attentionNorm, width: width, epsilon: sizes.epsilon))
        self.queriesKeysValues = try engine.prepare(queriesKeysValues)
        self.attentionOutput = try engine.prepare(LinearParameters(attentionOutput, inputs: width, outputs: width))
        self.feedForwardNorm = try engine.prepare(
            NormParameters(feedForwardNorm, width: width, epsilon: sizes.epsilon))
        self.expand = try engine.prepare(LinearParameters(expand, inputs: width, outputs: inner))
        self.contract = try engine.prepare(LinearParameters(contract, inputs: inner, outputs: width))
        heads = sizes.heads
        mask = sizes.mask
        activation = sizes.activation
    }
}
