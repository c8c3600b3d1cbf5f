internal import DiptychEngine
public import Foundation

/// The sizes of a CLIP model, as the `config.json` of a Hugging Face directory states them.
///
/// Keys that are absent take the defaults of `CLIPTextConfig` and `CLIPVisionConfig` in transformers.
public struct CLIPConfiguration: Sendable, Hashable {
    /// The text tower's sizes.
    public struct Text: Sendable, Hashable {
        /// The number of token ids.
        public var vocabularySize = 49408
        /// The width of the residual stream.
        public var width = 512
        /// The width of the feed-forward layer.
        public var feedForwardWidth = 2048
        /// The number of blocks.
        public var layers = 12
        /// The number of attention heads.
        public var heads = 8
        /// The most tokens that a text may have, start and end included.
        public var contextLength = 77
        /// The feed-forward non-linearity.
        public var activation = "quick_gelu"
        /// What layer normalisation adds to the variance.
        public var epsilon = 1e-5
        /// The id whose position stands for the text; 2 is a legacy value and means the highest id.
        public var endID = 49407
    }

    /// The image tower's sizes.
    public struct Vision: Sendable, Hashable {
        /// The width of the residual stream.
        public var width = 768
        /// The width of the feed-forward layer.
        public var feedForwardWidth = 3072
        /// The number of blocks.
        public var layers = 12
        /// The number of attention heads.
        public var heads = 12
        /// The side of the square picture in pixels.
        public var imageSize = 224
        /// The side of a patch in pixels.
        public var patchSize = 32
        /// The number of colour channels, always 3.
        public var channels = 3
        /// The feed-forward non-linearity.
        public var activation = "quick_gelu"
        /// What layer normalisation adds to the variance.
        public var epsilon = 1e-5

        /// The patches of a picture.
        public var patches: Int { (imageSize / patchSize) * (imageSize / patchSize) }
    }

    /// The text tower.
    public var text = Text()
    /// The image tower.
    public var vision = Vision()
    /// The width of the shared embedding.
    public var embeddingDimension = 512

    /// Reads the configuration file at `url`.
    ///
    /// - Throws: ``ConfigurationError`` naming the key that is missing, of the wrong kind or out of range.
    public init(contentsOf url: URL) throws {
        let data: Data
        do { data = try Data(contentsOf: url) } catch {
            throw ConfigurationError(path: url.path, "cannot be read: a model directory needs a config.json")
        }
        let root = try ConfigurationObject(json: data, path: url.path)
        let family = try root.string("model_type") ?? "clip"
        guard family == "clip" else {
            throw ConfigurationError(path: url.path, "model_type is '\(family)'; known families: clip")
        }
        try self.init(root)
    }

    private init(_ root: ConfigurationObject) throws {
        embeddingDimension = try root.count("projection_dim", default: embeddingDimension)

        // Older files repeat a tower's values under another key, and there they win, as in transformers.
        let text = try root.object("text_config").overridden(by: root.object("text_config_dict"))
        self.text.vocabularySize = try text.count("vocab_size", default: self.text.vocabularySize)
        self.text.width = try text.count("hidden_size", default: self.text.width)
        self.text.feedForwardWidth = try text.count("intermediate_size", default: self.text.feedForwardWidth)
        self.text.layers = try text.count("num_hidden_layers", default: self.text.layers)
        self.text.heads = try text.count("num_attention_heads", default: self.text.heads)
        self.text.contextLength = try text.count("max_position_embeddings", default: self.text.contextLength)
        self.text.activation = try text.string("hidden_act") ?? self.text.activation
        self.text.epsilon = try text.positive("layer_norm_eps", default: self.text.epsilon)
        self.text.endID = try text.count("eos_token_id", default: self.text.endID, atLeast: 0)

        let vision = try root.object("vision_config").overridden(by: root.object("vision_config_dict"))
        self.vision.width = try vision.count("hidden_size", default: self.vision.width)
        self.vision.feedForwardWidth = try vision.count("intermediate_size", default: self.vision.feedForwardWidth)
        self.vision.layers = try vision.count("num_hidden_layers", default: self.vision.layers)
        self.vision.heads = try vision.count("num_attention_heads", default: self.vision.heads)
        self.vision.imageSize = try vision.count("image_size", default: self.vision.imageSize)
        self.vision.patchSize = try vision.count("patch_size", default: self.vision.patchSize)
        self.vision.channels = try vision.count("num_channels", default: self.vision.channels)
        self.vision.activation = try vision.string("hidden_act") ?? self.vision.activation
        self.vision.epsilon = try vision.positive("layer_norm_eps", default: self.vision.epsilon)

        guard self.text.width % self.text.heads == 0 else {
            throw text.error("hidden_size \(self.text.width) does not split into \(self.text.heads) heads")
        }
        guard self.vision.width % self.vision.heads == 0 else {
            throw vision.error("hidden_size \(self.vision.width) does not split into \(self.vision.heads) heads")
        }
        guard self.vision.channels == 3 else {
            throw vision.error("num_channels is \(self.vision.channels), only 3 is supported")
        }
        guard self.vision.imageSize % self.vision.patchSize == 0 else {
            throw vision.error(
                "image_size \(self.vision.imageSize) is not a multiple of patch_size \(self.vision.patchSize)")
        }
        for (object, name) in [(text, self.text.activation), (vision, self.vision.activation)] {
            guard Activation(rawValue: name) != nil else {
                throw object.error("hidden_act is '\(name)'; supported: quick_gelu, gelu")
            }
        }
    }
}

extension CLIPConfiguration.Text {
    var nonlinearity: Activation { Activation(rawValue: activation) ?? .quickGELU }
    var endRule: EndOfText { endID == 2 ? .highestID : .firstID(Int32(endID)) }
}

extension CLIPConfiguration.Vision {
    var nonlinearity: Activation { Activation(rawValue: activation) ?? .quickGELU }
}
