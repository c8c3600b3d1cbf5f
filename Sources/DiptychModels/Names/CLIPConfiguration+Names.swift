public import DiptychCheckpoints

extension CLIPConfiguration {
    /// The tensors of a model as transformers names and stores them, by name.
    ///
    /// - Throws: ``ConfigurationError`` where transformers has no place for the model.
    public func huggingFaceTensors(of checkpoint: Checkpoint) throws -> [WrittenTensor] {
        let views = parameters(of: checkpoint)
        guard names != .huggingFace else { return views.map { WrittenTensor($0.name, [$0]) } }
        if case .resNet = vision.architecture {
            throw ConfigurationError(
                path: checkpoint.path, "a residual network has no place in Hugging Face's layout; write open_clip's")
        }
        guard !views.contains(where: { $0.name == "logit_bias" }) else {
            throw ConfigurationError(
                path: checkpoint.path, "a logit_bias has no place in Hugging Face's CLIP; write open_clip's layout")
        }
        return try views.flatMap { view -> [WrittenTensor] in
            guard let name = TensorNames.huggingFace(of: view.name, names) else { throw unknown(view, checkpoint) }
            if name.isProjection { return [WrittenTensor(name.text, [view], isTransposed: true)] }
            guard let suffix = name.packed else { return [WrittenTensor(name.text, [view])] }
            let width = (view.shape.first ?? 0) / 3
            return ["q", "k", "v"].enumerated().map { part, letter in
                WrittenTensor(
                    "\(name.text).\(letter)_proj.\(suffix)", [view.rows(part * width..<(part + 1) * width)])
            }
        }.sorted { $0.name < $1.name }
    }

    /// The tensors of a model as open_clip names and stores them, by name.
    ///
    /// - Throws: ``ConfigurationError`` where open_clip has no place for the model.
    public func openCLIPTensors(of checkpoint: Checkpoint) throws -> [WrittenTensor] {
        guard family == .clip else {
            throw ConfigurationError(
                path: checkpoint.path,
                "a model of the family \(family.rawValue) is not written in open_clip's layout; write "
                    + "Hugging Face's")
        }
        return try originalTensors(of: checkpoint)
    }

    /// The tensors of a model as OpenAI, open_clip and Chinese-CLIP name and store them, by name.
    func originalTensors(of checkpoint: Checkpoint) throws -> [WrittenTensor] {
        let views = parameters(of: checkpoint)
        guard names == .huggingFace else {
            return views.map { WrittenTensor(TensorNames.withoutFlash($0.name), [$0]) }.sorted { $0.name < $1.name }
        }
        var parts: [String: [(Int, TensorView)]] = [:]
        var written: [WrittenTensor] = []
        for view in views {
            guard let name = TensorNames.original(of: view.name) else { throw unknown(view, checkpoint) }
            if let part = name.part {
                parts[name.text, default: []].append((part, view))
            } else {
                written.append(WrittenTensor(name.text, [view], isTransposed: name.isProjection))
            }
        }
        written += parts.map { name, parts in WrittenTensor(name, parts.sorted { $0.0 < $1.0 }.map(\.1)) }
        return written.sorted { $0.name < $1.name }
    }

    private func parameters(of checkpoint: Checkpoint) -> [TensorView] {
        checkpoint.tensors.values.filter { !Self.isNoParameter($0.name) }.sorted { $0.name < $1.name }
    }

    private func unknown(_ view: TensorView, _ checkpoint: Checkpoint) -> ConfigurationError {
        ConfigurationError(path: checkpoint.path, "tensor '\(view.name)' has no name in the other layout")
    }
}

/// Names of tensors in both layouts.
enum TensorNames {
    private static let fixed = [
        ("logit_scale", "logit_scale"),
        ("token_embedding.weight", "text_model.embeddings.token_embedding.weight"),
        ("positional_embedding", "text_model.embeddings.position_embedding.weight"),
        ("ln_final.weight", "text_model.final_layer_norm.weight"),
        ("ln_final.bias", "text_model.final_layer_norm.bias"),
        ("text_projection", "text_projection.weight"), ("visual.proj", "visual_projection.weight"),
        ("visual.class_embedding", "vision_model.embeddings.class_embedding"),
        ("visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight"),
        ("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
        ("visual.ln_pre.weight", "vision_model.pre_layrnorm.weight"),
        ("visual.ln_pre.bias", "vision_model.pre_layrnorm.bias"),
        ("visual.ln_post.weight", "vision_model.post_layernorm.weight"),
        ("visual.ln_post.bias", "vision_model.post_layernorm.bias"),
    ]
    private static let block = [
        ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("attn.out_proj", "self_attn.out_proj"),
        ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2"),
    ]
    private static let places = [
        ("visual.transformer.resblocks.", "vision_model.encoder.layers."),
        ("transformer.resblocks.", "text_model.encoder.layers."),
    ]

    /// The tensor's name in transformers.
    struct HuggingFaceName {
        var text: String
        /// Whether it is a projection, which is stored the other way round.
        var isProjection = false
        /// `weight` or `bias` where one tensor becomes three, of which ``text`` is the place.
        var packed: String?
    }

    static func huggingFace(of name: String, _ names: CLIPConfiguration.Names) -> HuggingFaceName? {
        var name = withoutFlash(name)
        if names == .originalWithTextPrefix, name.hasPrefix("text.") { name.removeFirst("text.".count) }
        if let known = fixed.first(where: { $0.0 == name }) {
            return HuggingFaceName(text: known.1, isProjection: name == "text_projection" || name == "visual.proj")
        }
        // BERT's own names are transformers'.
        if name.hasPrefix("bert.") { return HuggingFaceName(text: "text_model." + name.dropFirst("bert.".count)) }
        guard let place = places.first(where: { name.hasPrefix($0.0) }) else { return nil }
        let parts = name.dropFirst(place.0.count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let layer = place.1 + parts[0]
        for kind in ["weight", "bias"] where parts[1] == "attn.in_proj_\(kind)" {
            return HuggingFaceName(text: "\(layer).self_attn", packed: kind)
        }
        for (own, other) in block where parts[1].hasPrefix(own + ".") {
            return HuggingFaceName(text: "\(layer).\(other)\(parts[1].dropFirst(own.count))")
        }
        return nil
    }

    /// What open_clip calls a tensor of transformers'.
    struct OriginalName {
        var text: String
        var isProjection = false
        /// Its place among queries, keys and values, which are one tensor there.
        var part: Int?
    }

    static func original(of name: String) -> OriginalName? {
        // BERT's own names are transformers'; its embeddings and layers are called otherwise than CLIP's.
        let bert = [
            "text_model.embeddings.word_embeddings", "text_model.embeddings.position_embeddings.",
            "text_model.embeddings.token_type_embeddings", "text_model.embeddings.LayerNorm",
            "text_model.encoder.layer.",
        ]
        if bert.contains(where: name.hasPrefix) {
            return OriginalName(text: "bert." + name.dropFirst("text_model.".count))
        }
        if let known = fixed.first(where: { $0.1 == name }) {
            return OriginalName(
                text: known.0, isProjection: known.0 == "text_projection" || known.0 == "visual.proj")
        }
        guard let place = places.first(where: { name.hasPrefix($0.1) }) else { return nil }
        let parts = name.dropFirst(place.1.count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let layer = place.0 + parts[0]
        for (part, letter) in ["q", "k", "v"].enumerated() {
            for kind in ["weight", "bias"] where parts[1] == "self_attn.\(letter)_proj.\(kind)" {
                return OriginalName(text: "\(layer).attn.in_proj_\(kind)", part: part)
            }
        }
        for (other, own) in block where parts[1].hasPrefix(own + ".") {
            return OriginalName(text: "\(layer).\(other)\(parts[1].dropFirst(own.count))")
        }
        return nil
    }

    /// The name that a layer of FlashAttention's has in the plain module.
    static func withoutFlash(_ name: String) -> String {
        for kind in ["weight", "bias"] where name.hasSuffix(".attn.Wqkv.\(kind)") {
            return name.dropLast("Wqkv.\(kind)".count) + "in_proj_\(kind)"
        }
        return name
    }
}
