public import DiptychCheckpoints
internal import DiptychEngine

extension CLIPConfiguration {
    /// The model's tensors under the names that its project trains, and the configuration of that layout: of a CLIP or Chinese-CLIP in
    /// transformers' layout, the original's names; else those that it has.
    ///
    /// - Throws: ``ConfigurationError`` for a tensor without a place there.
    public func trainingTensors(of checkpoint: Checkpoint) throws -> (
        configuration: CLIPConfiguration, checkpoint: Checkpoint
    ) {
        guard family != .siglip else { return (self, checkpoint) }
        var configuration = self
        if names == .huggingFace { configuration.names = .original }
        // FlashAttention's names stand for the same numbers.
        let isPlain = names != .huggingFace && !checkpoint.tensors.keys.contains { $0.contains("Wqkv") }
        if isPlain { return (configuration, checkpoint) }
        var tensors: [String: TensorView] = [:]
        for written in try originalTensors(of: checkpoint) {
            var values: [Float] = []
            values.reserveCapacity(written.shape.reduce(1, *))
            try written.floats { values += $0 }
            tensors[written.name] = TensorView(name: written.name, shape: written.shape, floats: values)
        }
        return (configuration, Checkpoint(path: checkpoint.path, tensors: tensors))
    }
}

/// The order of a model's parameters in PyTorch: that in which the original projects' modules have them.
///
/// An optimiser's state names parameters by their numbers in it.
public enum ParameterOrder {
    /// The parts of names in the order in which modules register them: what a module owns itself comes before its modules.
    private static let ranks: [String: Int] = Dictionary(
        uniqueKeysWithValues: [
            "class_embedding", "positional_embedding", "text_projection", "logit_scale", "logit_bias", "proj", "text",
            "visual",
            "bert", "embeddings", "encoder", "word_embeddings", "position_embeddings", "token_type_embeddings",
            "in_proj_weight", "in_proj_bias", "conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "downsample", "layer1",
            "layer2",
            "layer3", "layer4", "attnpool", "k_proj", "q_proj", "v_proj", "ln_pre", "transformer", "ln_post",
            "token_embedding", "ln_final", "attn", "out_proj", "attention", "intermediate", "self", "output", "query",
            "key",
            "value", "dense", "LayerNorm", "ln_1", "mlp", "ln_2", "c_fc", "c_proj", "weight", "bias",
        ].enumerated().map { ($1, $0) })

    /// The names in their order.
    public static func sorted(_ names: some Sequence<String>) -> [String] {
        names.map { (key(of: $0), $0) }.sorted { first, second in
            if first.0 != second.0 { return first.0.lexicographicallyPrecedes(second.0) }
            return first.1 < second.1
        }.map(\.1)
    }

    private static func key(of name: String) -> [Int] {
        name.split(separator: ".").map { part in
            Int(part) ?? ranks[String(part)].map { $0 - ranks.count } ?? ranks.count
        }
    }
}
