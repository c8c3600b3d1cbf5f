public import DiptychEngine
internal import DiptychCheckpoints

/// The sizes of a model with an image tower and a text tower, and the names that its checkpoint uses.
///
/// It comes from a Hugging Face `config.json` (``init(huggingFace:)``), from an `open_clip_config.json`
/// (``init(openCLIP:)``), or from the shapes of a checkpoint (``init(inferredFrom:activation:)``).
public struct CLIPConfiguration: Sendable, Hashable {
    /// Which project's model it is, by the `model_type` that Hugging Face gives it.
    public enum Family: String, Sendable, Hashable, CaseIterable {
        /// OpenAI's CLIP and open_clip's (Radford et al. 2021).
        case clip
        /// Chinese-CLIP: a BERT as text tower (Yang et al. 2022).
        case chineseCLIP = "chinese_clip"
        /// SigLIP and SigLIP 2 of fixed resolution (Zhai et al. 2023, Tschannen et al. 2025).
        case siglip
    }

    /// How a checkpoint names its tensors.
    public enum Names: Sendable, Hashable {
        /// As transformers does: `text_model.encoder.layers.0…`, `vision_model…`.
        case huggingFace
        /// As OpenAI, open_clip and Chinese-CLIP do: `visual.transformer.resblocks.0…`, `transformer…`, `bert…`.
        case original
        /// As open_clip does for a text tower of its own: `text.transformer.resblocks.0…`.
        case originalWithTextPrefix
    }

    /// How open_clip's tokenizer cleans a text after repairing it, by the names that its configurations use.
    public enum TextCleaning: String, Sendable, Hashable, CaseIterable {
        /// White space is collapsed, letters become lower case: the default, as in OpenAI's code.
        case lower
        /// White space is collapsed.
        case whitespace
        /// Underscores become spaces, white space is collapsed.
        case whitespaceUnderscore = "whitespace_underscore"
        /// Underscores become spaces, ASCII punctuation goes, letters become lower case, white space is collapsed: big_vision's
        /// rule for SigLIP.
        case canonicalize
    }

    /// The text tower's sizes.
    public struct Text: Sendable, Hashable {
        /// How the tower is built.
        public enum Architecture: String, Sendable, Hashable {
            /// A causal transformer; the end token's row stands for the text.
            case clip
            /// A bidirectional transformer with normalisation after each sum; the first row stands for the text.
            case bert
            /// A bidirectional transformer over texts padded to the context; the last row stands for the text.
            case siglip
        }

        /// How the tower is built.
        public var architecture = Architecture.clip
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
        public var activation = Activation.quickGELU
        /// What layer normalisation adds to the variance.
        public var epsilon = 1e-5
        /// The id whose position stands for the text in ``Architecture/clip``; 2 is a legacy value and means the highest id.
        public var endID = 49407
        /// The rows of BERT's table of segments.
        public var segments = 2
        /// The share of a BERT's activations that training sets to 0.
        public var hiddenDropout = 0.0
        /// The share of a BERT's attention weights that training sets to 0.
        public var attentionDropout = 0.0
        /// How open_clip's tokenizer cleans texts; of no effect in other layouts, whose tokenizer files say.
        public var cleaning = TextCleaning.lower

        /// Makes a configuration of the defaults.
        public init() {}
    }

    /// The image tower's sizes.
    public struct Vision: Sendable, Hashable {
        /// How the tower is built.
        public enum Architecture: Sendable, Hashable {
            /// A vision transformer whose class token stands for the image.
            case transformer
            /// A residual network of these numbers of blocks, closed by attention pooling.
            case resNet(stages: [Int])
            /// A vision transformer closed by attention pooling with a learned query.
            case siglip
        }

        /// How the tower is built.
        public var architecture = Architecture.transformer
        /// The width of the residual stream, or of the first stage.
        public var width = 768
        /// The width of the feed-forward layer; not for residual networks.
        public var feedForwardWidth = 3072
        /// The number of blocks.
        public var layers = 12
        /// The number of attention heads, of the pooling in residual networks.
        public var heads = 12
        /// The side of the square image in pixels.
        public var imageSize = 224
        /// The side of a patch in pixels, or of the square that one position of a residual network's last map covers.
        public var patchSize = 32
        /// The feed-forward non-linearity.
        public var activation = Activation.quickGELU
        /// What layer normalisation adds to the variance.
        public var epsilon = 1e-5

        /// Makes a configuration of the defaults.
        public init() {}

        /// The patches of a picture.
        public var patches: Int { (imageSize / patchSize) * (imageSize / patchSize) }
    }

    /// Which project's model it is.
    public var family = Family.clip
    /// How the checkpoint names its tensors.
    public var names = Names.huggingFace
    /// The text tower.
    public var text = Text()
    /// The image tower.
    public var vision = Vision()
    /// The width of the shared embedding.
    public var embeddingDimension = 512

    /// Makes a configuration of the defaults: OpenAI's ViT-B/32.
    public init() {}

    /// The place of the text tower's parameters in a checkpoint, and of the image tower's.
    func places(_ root: Parameters) -> (text: Parameters, vision: Parameters) {
        switch names {
        case .huggingFace: (root / "text_model", root / "vision_model")
        case .original: (family == .chineseCLIP ? root / "bert" : root, root / "visual")
        case .originalWithTextPrefix: (root / "text", root / "visual")
        }
    }

    /// Whether the tensor called `name` is none of a model's: counters and lists of 0, 1, 2, … that files also hold.
    public static func isNoParameter(_ name: String) -> Bool {
        noParameters.contains(name) || noParameterSuffixes.contains { name.hasSuffix($0) }
    }

    // OpenAI's archives state three sizes; Chinese-CLIP's text tower leaves BERT's pooler unused; causal masks and position
    // lists are constants that old versions of the projects saved.
    private static let noParameters: Set = [
        "input_resolution", "context_length", "vocab_size", "attn_mask", "text.attn_mask", "bert.pooler.dense.weight",
        "bert.pooler.dense.bias", "text_model.pooler.dense.weight", "text_model.pooler.dense.bias",
    ]
    private static let noParameterSuffixes = ["embeddings.position_ids", ".num_batches_tracked"]
}

extension CLIPConfiguration.Text {
    var endRule: EndOfText {
        switch architecture {
        case .clip: endID == 2 ? .highestID : .firstID(Int32(endID))
        case .bert: .highestID
        case .siglip: .last
        }
    }
}
