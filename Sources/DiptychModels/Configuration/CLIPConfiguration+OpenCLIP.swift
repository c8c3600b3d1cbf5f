internal import DiptychBasics
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
        try file.refuseUnknown(known: ["model_cfg", "preprocess_cfg"], neutral: [:])
        let root = try file.object("model_cfg")
        try root.refuseUnknown(
            known: [
                "embed_dim", "quick_gelu", "vision_cfg", "text_cfg", "custom_text", "init_logit_scale",
                "init_logit_bias", "nonscalar_logit_scale", "cast_dtype", "output_dict",
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
    private static let neutral: [String: JSONValue] = [
        "final_ln_after_pool": false, "qk_norm": false, "scaled_cosine_attn": false, "scale_heads": false,
        "scale_attn_inner": false, "scale_attn": false, "scale_fc": false, "block_type": "default",
    ]

    private mutating func readOpenCLIP(text object: ConfigurationObject, _ activation: Activation) throws {
        if let name = try object.string("hf_model_name") {
            throw object.error("hf_model_name is '\(name)'; text towers from transformers are not supported")
        }
        if let name = try object.string("hf_tokenizer_name"), !name.isEmpty {
            throw object.error(
                "hf_tokenizer_name is '\(name)'; only OpenAI's tokenizer is supported in an open_clip configuration")
        }
        try object.refuseUnknown(
            known: [
                "context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "hf_tokenizer_name",
                "tokenizer_kwargs", "norm_kwargs", "act_kwargs",
                // Without effect: the position of the end is that of the highest id, and what follows it is masked.
                "pad_id", "bos_id", "eos_id",
                // Without effect unless a tower or a tokenizer comes from transformers.
                "tokenizer_mode", "hf_model_name", "hf_model_pretrained", "hf_model_config", "hf_proj_type",
                "hf_pooler_type",
            ],
            neutral: Self.neutral.merging([
                "embed_cls": false, "no_causal_mask": false, "output_tokens": false, "pool_type": "argmax",
                "proj_bias": false, "proj_type": "linear", "text_arch": "clip", "tokenizer_type": "",
                "variable_text": false,
            ]) { $1 })
        try readTokenizer(try object.object("tokenizer_kwargs"))
        text.vocabularySize = try object.count("vocab_size", default: text.vocabularySize)
        text.width = try object.count("width", default: text.width)
        text.layers = try object.count("layers", default: text.layers)
        text.heads = try object.count("heads", default: text.heads)
        text.contextLength = try object.count("context_length", default: text.contextLength)
        text.feedForwardWidth = try object.feedForwardWidth(of: text.width)
        text.activation = try object.activation(activation)
        text.epsilon = try object.epsilon(default: text.epsilon)
        // The end is the highest id, whatever it is.
        text.endID = 2
    }

    /// How the tokenizer cleans texts.
    private mutating func readTokenizer(_ object: ConfigurationObject) throws {
        try object.refuseUnknown(known: ["clean"], neutral: ["reduction_mask": ""])
        guard let name = try object.string("clean") else { return }
        guard let cleaning = TextCleaning(rawValue: name) else {
            let known = TextCleaning.allCases.map(\.rawValue).joined(separator: ", ")
            throw object.error("clean is '\(name)'; supported: \(known)")
        }
        text.cleaning = cleaning
    }

    private mutating func readOpenCLIP(vision object: ConfigurationObject, _ activation: Activation) throws {
        if let name = try object.string("timm_model_name") {
            throw object.error("timm_model_name is '\(name)'; image towers from timm are not supported")
        }
        try object.refuseUnknown(
            known: [
                "layers", "width", "head_width", "mlp_ratio", "patch_size", "image_size", "norm_kwargs", "act_kwargs",
                // Without effect: training only, or unless a tower comes from timm or pools by attention.
                "patch_dropout", "attn_pooler_queries", "attn_pooler_heads", "timm_model_name", "timm_model_pretrained",
                "timm_model_kwargs", "timm_pool", "timm_proj", "timm_proj_bias", "timm_drop", "timm_drop_path",
            ],
            neutral: Self.neutral.merging([
                "attentional_pool": false, "no_ln_pre": false, "output_tokens": false, "pos_embed_type": "learnable",
                "pool_type": "tok",
            ]) { $1 })
        vision.width = try object.count("width", default: vision.width)
        vision.imageSize = try object.count("image_size", default: vision.imageSize)
        let isResNet = try object.counts("layers") != nil
        vision.activation = isResNet ? activation : try object.activation(activation)
        if !isResNet { vision.epsilon = try object.epsilon(default: vision.epsilon) }
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
    /// The non-linearity with its arguments: only the exact function takes one, its approximation by tanh.
    fileprivate func activation(_ activation: Activation) throws -> Activation {
        let arguments = try object("act_kwargs")
        try arguments.refuseUnknown(known: ["approximate"], neutral: [:])
        guard let name = try arguments.string("approximate") else { return activation }
        switch (activation, name) {
        case (.gelu, "none"): return .gelu
        case (.gelu, "tanh"): return .geluTanh
        default: throw arguments.error("approximate is '\(name)', which \(activation.rawValue) does not have")
        }
    }

    /// What layer normalisation adds to the variance.
    fileprivate func epsilon(default fallback: Double) throws -> Double {
        let arguments = try object("norm_kwargs")
        try arguments.refuseUnknown(known: ["eps"], neutral: [:])
        return try arguments.positive("eps", default: fallback)
    }

    /// `width` times `mlp_ratio`, rounded down as open_clip does.
    fileprivate func feedForwardWidth(of width: Int) throws -> Int {
        let ratio = try positive("mlp_ratio", default: 4)
        guard ratio * Double(width) >= 1, ratio * Double(width) <= Double(1 << 24) else {
            throw error("mlp_ratio is \(ratio), which gives no feed-forward layer of a possible width")
        }
        return Int(ratio * Double(width))
    }
}
