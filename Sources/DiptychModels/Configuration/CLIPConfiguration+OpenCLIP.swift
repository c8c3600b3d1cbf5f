internal import DiptychEngine
public import Foundation

extension CLIPConfiguration {
    /// Reads open_clip's `open_clip_config.json`: its `model_cfg`.
    ///
    /// Every key that changes what a model computes is either followed or refused by name.
    ///
    /// - Throws: ``ConfigurationError`` naming the key.
    public init(openCLIP url: URL) throws {
        let file = try ConfigurationObject(contentsOf: url)
        let root = try file.object("model_cfg")
        try root.refuseUnknown(
            known: [
                "embed_dim", "quick_gelu", "vision_cfg", "text_cfg", "custom_text", "init_logit_scale",
                "init_logit_bias", "nonscalar_logit_scale",
            ], neutral: [:])
        self.init()
        names = try root.bool("custom_text") == true ? .originalWithTextPrefix : .original
        embeddingDimension = try root.count("embed_dim", default: 0)
        // open_clip's default is the exact function, OpenAI's weights need the approximation: the file decides.
        let activation = try root.bool("quick_gelu") == true ? Activation.quickGELU : .gelu
        let text = try root.object("text_cfg")
        let vision = try root.object("vision_cfg")
        try readOpenCLIP(text: text, activation)
        try readOpenCLIP(vision: vision, activation)
        try check(text: text, vision: vision, width: "width")
    }

    // What blocks of other designs are switched on by; false, null or absent everywhere else.
    private static let neutral: [String: any Sendable & Equatable] = [
        "final_ln_after_pool": false, "qk_norm": false, "scaled_cosine_attn": false, "scale_heads": false,
        "scale_attn_inner": false, "scale_attn": false, "scale_fc": false, "block_type": "default",
    ]

    private mutating func readOpenCLIP(text object: ConfigurationObject, _ activation: Activation) throws {
        if let name = try object.string("hf_model_name") {
            throw object.error("hf_model_name is '\(name)'; text towers from transformers are not supported")
        }
        try object.refuseUnknown(
            known: [
                "context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "hf_tokenizer_name",
                "tokenizer_kwargs", "tokenizer_mode", "pad_id", "eos_id", "output_tokens", "hf_model_pretrained",
                "hf_proj_type", "hf_pooler_type",
            ],
            neutral: Self.neutral.merging([
                "embed_cls": false, "no_causal_mask": false, "pool_type": "argmax", "proj_bias": false,
                "proj_type": "linear",
            ]) { $1 })
        text.vocabularySize = try object.count("vocab_size", default: text.vocabularySize)
        text.width = try object.count("width", default: text.width)
        text.layers = try object.count("layers", default: text.layers)
        text.heads = try object.count("heads", default: text.heads)
        text.contextLength = try object.count("context_length", default: text.contextLength)
        text.feedForwardWidth = try object.feedForwardWidth(of: text.width)
        text.activation = activation
        // The end is the highest id, whatever it is.
        text.endID = 2
    }

    private mutating func readOpenCLIP(vision object: ConfigurationObject, _ activation: Activation) throws {
        if let name = try object.string("timm_model_name") {
            throw object.error("timm_model_name is '\(name)'; image towers from timm are not supported")
        }
        try object.refuseUnknown(
            known: [
                "layers", "width", "head_width", "mlp_ratio", "patch_size", "image_size", "patch_dropout",
                "output_tokens", "attn_pooler_queries", "attn_pooler_heads", "timm_model_pretrained", "timm_pool",
                "timm_proj", "timm_proj_bias", "timm_drop", "timm_drop_path",
            ],
            neutral: Self.neutral.merging([
                "attentional_pool": false, "no_ln_pre": false, "pos_embed_type": "learnable", "pool_type": "tok",
            ]) { $1 })
        vision.width = try object.count("width", default: vision.width)
        vision.imageSize = try object.count("image_size", default: vision.imageSize)
        vision.activation = activation
        let headWidth = try object.count("head_width", default: 64)
        if let stages = try object.counts("layers") {
            guard stages.count == 4 else { throw object.error("'layers' lists \(stages.count) stages, not 4") }
            setResNet(stages: stages, headWidth: headWidth)
        } else {
            vision.layers = try object.count("layers", default: vision.layers)
            vision.patchSize = try object.count("patch_size", default: 16)
            vision.feedForwardWidth = try object.feedForwardWidth(of: vision.width)
            vision.heads = max(1, vision.width / headWidth)
        }
    }

    /// A residual network of the present width, as OpenAI builds it.
    mutating func setResNet(stages: [Int], headWidth: Int = 64) {
        vision.architecture = .resNet(stages: stages)
        vision.layers = stages.reduce(0, +)
        vision.patchSize = 32
        vision.heads = max(1, vision.width * 32 / headWidth)
        vision.feedForwardWidth = 0
    }
}

extension ConfigurationObject {
    /// `width` times `mlp_ratio`, rounded down as open_clip does.
    fileprivate func feedForwardWidth(of width: Int) throws -> Int {
        let ratio = try positive("mlp_ratio", default: 4)
        guard ratio * Double(width) >= 1, ratio * Double(width) <= Double(1 << 24) else {
            throw error("mlp_ratio is \(ratio), which gives no feed-forward layer of a possible width")
        }
        return Int(ratio * Double(width))
    }
}
