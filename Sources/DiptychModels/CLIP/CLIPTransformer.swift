internal import DiptychEngine
internal import DiptychTensors

extension TransformerBlock {
    /// A block with the parameter names of a Hugging Face CLIP tower.
    init(
        huggingFace place: Parameters, width: Int, feedForwardWidth: Int, heads: Int, mask: AttentionMask,
        activation: Activation, epsilon: Float, engine: E
    ) throws {
        let attention = place / "self_attn"
        attentionNorm = try engine.prepare(NormParameters(place / "layer_norm1", width: width, epsilon: epsilon))
        queriesKeysValues = try engine.prepare(
            LinearParameters(
                [attention / "q_proj", attention / "k_proj", attention / "v_proj"], inputs: width, outputs: width))
        attentionOutput = try engine.prepare(LinearParameters(attention / "out_proj", inputs: width, outputs: width))
        feedForwardNorm = try engine.prepare(NormParameters(place / "layer_norm2", width: width, epsilon: epsilon))
        expand = try engine.prepare(
            LinearParameters(place / "mlp" / "fc1", inputs: width, outputs: feedForwardWidth))
        contract = try engine.prepare(
            LinearParameters(place / "mlp" / "fc2", inputs: feedForwardWidth, outputs: width))
        self.heads = heads
        self.mask = mask
        self.activation = activation
    }
}
