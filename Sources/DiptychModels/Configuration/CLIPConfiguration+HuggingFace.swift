internal import DiptychEngine
public import Foundation

extension CLIPConfiguration {
    /// Reads a Hugging Face `config.json`.
    ///
    /// Keys that are absent take the defaults of the configuration classes in transformers. Every other key is followed,
    /// known to change no embedding (``HuggingFaceKeys``), or refused by name.
    ///
    /// - Throws: ``ConfigurationError`` naming the key that is missing, of the wrong kind or out of range.
    public init(huggingFace url: URL) throws {
        let root = try ConfigurationObject(contentsOf: url)
        let name = try root.string("model_type") ?? Family.clip.rawValue
        guard let family = Family(rawValue: name) else {
            let known = Family.allCases.map(\.rawValue).joined(separator: ", ")
            let hint = name == "siglip2" ? " (its models of variable resolution are not supported)" : ""
            throw ConfigurationError(path: url.path, "model_type is '\(name)'\(hint); known families: \(known)")
        }
        self.init()
        self.family = family
        names = .huggingFace
        setDefaults(of: family)

        try root.refuseUnknown(
            known: Self.followedRootKeys.union(HuggingFaceKeys.withoutEffect), neutral: HuggingFaceKeys.neutral)
        // Older files repeat a tower's values under another key, and there they win, as in transformers.
        let text = try root.object("text_config").overridden(by: root.object("text_config_dict"))
        try readText(text)
        let vision = try root.object("vision_config").overridden(by: root.object("vision_config_dict"))
        try readVision(vision)
        if family == .siglip {
            // SigLIP has no projections: its text head gives what the image tower gives.
            embeddingDimension = try text.count("projection_size", default: self.text.width)
            guard embeddingDimension == self.vision.width else {
                throw text.error(
                    "projection_size \(embeddingDimension) is not the image tower's width \(self.vision.width)")
            }
        } else {
            embeddingDimension = try root.count("projection_dim", default: embeddingDimension)
        }
        try check(text: text, vision: vision, width: "hidden_size")
    }

    private mutating func setDefaults(of family: Family) {
        switch family {
        case .clip: break
        case .chineseCLIP:
            text.architecture = .bert
            (text.vocabularySize, text.width, text.feedForwardWidth, text.heads) = (30522, 768, 3072, 12)
            (text.contextLength, text.activation, text.epsilon, text.endID) = (512, .gelu, 1e-12, 0)
        case .siglip:
            text.architecture = .siglip
            (text.vocabularySize, text.width, text.feedForwardWidth, text.heads) = (32000, 768, 3072, 12)
            (text.contextLength, text.activation, text.epsilon) = (64, .geluTanh, 1e-6)
            vision.architecture = .siglip
            (vision.patchSize, vision.activation, vision.epsilon) = (16, .geluTanh, 1e-6)
        }
    }

    private static let followedRootKeys: Set = [
        "model_type", "text_config", "text_config_dict", "vision_config", "vision_config_dict", "projection_dim",
    ]
    private static let followedTextKeys: Set = [
        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "max_position_embeddings", "hidden_act", "layer_norm_eps",
    ]
    private static let followedVisionKeys: Set = [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "image_size", "patch_size",
        "hidden_act", "layer_norm_eps", "num_channels",
    ]

    /// The keys of a text tower that only some families have.
    private var ownTextKeys: Set<String> {
        switch family {
        case .clip: ["eos_token_id"]
        case .chineseCLIP: ["type_vocab_size"]
        case .siglip: ["projection_size"]
        }
    }

    /// Refuses a tower of another design, such as a BERT in a CLIP.
    private func requireType(_ object: ConfigurationObject, _ suffix: String) throws {
        guard let type = try object.string("model_type"), !type.isEmpty else { return }
        let own = [family.rawValue, family.rawValue + suffix]
        guard own.contains(type) else {
            throw object.error("model_type is '\(type)'; a tower of \(family.rawValue) is '\(own[1])'")
        }
    }

    private mutating func readText(_ object: ConfigurationObject) throws {
        try requireType(object, "_text_model")
        try object.refuseUnknown(
            known: Self.followedTextKeys.union(ownTextKeys).union(HuggingFaceKeys.withoutEffect),
            neutral: HuggingFaceKeys.neutral)
        text.vocabularySize = try object.count("vocab_size", default: text.vocabularySize)
        text.width = try object.count("hidden_size", default: text.width)
        text.feedForwardWidth = try object.count("intermediate_size", default: text.feedForwardWidth)
        text.layers = try object.count("num_hidden_layers", default: text.layers)
        text.heads = try object.count("num_attention_heads", default: text.heads)
        text.contextLength = try object.count("max_position_embeddings", default: text.contextLength)
        text.activation = try object.activation("hidden_act", default: text.activation)
        text.epsilon = try object.positive("layer_norm_eps", default: text.epsilon)
        if family == .clip { text.endID = try object.count("eos_token_id", default: text.endID, atLeast: 0) }
        guard family == .chineseCLIP else { return }
        text.segments = try object.count("type_vocab_size", default: text.segments)
        text.hiddenDropout = try object.share("hidden_dropout_prob", default: 0.1)
        text.attentionDropout = try object.share("attention_probs_dropout_prob", default: 0.1)
    }

    private mutating func readVision(_ object: ConfigurationObject) throws {
        try requireType(object, "_vision_model")
        try object.refuseUnknown(
            known: Self.followedVisionKeys.union(family == .siglip ? ["vision_use_head"] : [])
                .union(HuggingFaceKeys.withoutEffect), neutral: HuggingFaceKeys.neutral)
        vision.width = try object.count("hidden_size", default: vision.width)
        vision.feedForwardWidth = try object.count("intermediate_size", default: vision.feedForwardWidth)
        vision.layers = try object.count("num_hidden_layers", default: vision.layers)
        vision.heads = try object.count("num_attention_heads", default: vision.heads)
        vision.imageSize = try object.count("image_size", default: vision.imageSize)
        vision.patchSize = try object.count("patch_size", default: vision.patchSize)
        vision.activation = try object.activation("hidden_act", default: vision.activation)
        vision.epsilon = try object.positive("layer_norm_eps", default: vision.epsilon)
        let channels = try object.count("num_channels", default: 3)
        guard channels == 3 else { throw object.error("num_channels is \(channels), only 3 is supported") }
        guard try object.bool("vision_use_head") ?? true else {
            throw object.error("vision_use_head is false; only models with the pooling head are supported")
        }
    }

    /// Refuses sizes that do not fit together.
    func check(text: ConfigurationObject, vision: ConfigurationObject, width: String) throws {
        guard self.text.width % self.text.heads == 0 else {
            throw text.error("\(width) \(self.text.width) does not split into \(self.text.heads) heads")
        }
        if case .resNet = self.vision.architecture {
        } else {
            guard self.vision.width % self.vision.heads == 0 else {
                throw vision.error("\(width) \(self.vision.width) does not split into \(self.vision.heads) heads")
            }
        }
        guard self.vision.imageSize % self.vision.patchSize == 0 else {
            throw vision.error(
                "image_size \(self.vision.imageSize) is not a multiple of patch_size \(self.vision.patchSize)")
        }
    }
}
