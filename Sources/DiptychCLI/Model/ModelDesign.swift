import Diptych
import DiptychModels

/// The architecture as `models inspect` prints it.
protocol ModelDesign {
    /// The family's name.
    var family: String { get }
    /// The configuration, under snake_case keys.
    var json: JSON { get }
    /// The same for reading, a line each.
    var facts: [(String, String)] { get }
}

/// The two towers of a CLIP model.
struct CLIPDesign: ModelDesign {
    let model: CLIPModel

    private var text: CLIPConfiguration.Text { model.configuration.text }
    private var vision: CLIPConfiguration.Vision { model.configuration.vision }

    var family: String { model.configuration.family.rawValue }

    var json: JSON {
        [
            "family": .string(family), "dimension": .int(model.dimension),
            "logit_scale": .float(model.logits.scale), "logit_bias": model.logits.bias.map(JSON.float) ?? .null,
            "text": [
                "architecture": .string(text.architecture.rawValue),
                "vocabulary_size": .int(text.vocabularySize), "context_length": .int(text.contextLength),
                "width": .int(text.width), "feed_forward_width": .int(text.feedForwardWidth),
                "layers": .int(text.layers), "heads": .int(text.heads),
                "activation": .string(text.activation.rawValue),
            ],
            "vision": [
                "architecture": .string(vision.architecture.name), "stages": stages,
                "image_size": .int(vision.imageSize), "patch_size": .int(vision.patchSize),
                "width": .int(vision.width), "feed_forward_width": .int(vision.feedForwardWidth),
                "layers": .int(vision.layers), "heads": .int(vision.heads),
                "activation": .string(vision.activation.rawValue),
            ],
        ]
    }

    var facts: [(String, String)] {
        [
            ("embedding", "\(model.dimension) numbers, logit scale \(model.logits.scale)"),
            ("pictures", images),
            (
                "texts",
                "\(text.contextLength) tokens of \(text.vocabularySize), width \(text.width), \(text.layers) layers, "
                    + "\(text.heads) heads, \(text.activation.rawValue)"
            ),
        ]
    }

    private var stages: JSON {
        guard case .resNet(let stages) = vision.architecture else { return .null }
        return .array(stages.map(JSON.int))
    }

    /// The image tower's design, in words.
    private var images: String {
        let size = "\(vision.imageSize) × \(vision.imageSize)"
        switch vision.architecture {
        case .resNet(let stages):
            return "\(size), residual network of \(stages.map(String.init).joined(separator: ", ")) blocks, width "
                + "\(vision.width), attention pooling with \(vision.heads) heads"
        case .transformer, .siglip:
            return "\(size) in patches of \(vision.patchSize), width \(vision.width), \(vision.layers) layers, "
                + "\(vision.heads) heads, \(vision.activation.rawValue)"
        }
    }
}

/// A plain residual network.
struct ResNetDesign: ModelDesign {
    let configuration: ResNetConfiguration

    let family = "resnet"

    var json: JSON {
        [
            "family": .string(family), "dimension": .int(configuration.embeddingDimension), "logit_scale": .null,
            "logit_bias": .null, "text": .null,
            "vision": [
                "architecture": .string(family), "stages": .array(configuration.stages.map { .int($0.blocks) }),
                "image_size": .int(configuration.imageSize), "width": .int(configuration.stemWidth),
                "bottlenecks": .bool(configuration.hasBottlenecks),
            ],
        ]
    }

    var facts: [(String, String)] {
        let blocks = configuration.stages.map { "\($0.blocks)" }.joined(separator: ", ")
        let kind = configuration.hasBottlenecks ? "bottleneck blocks" : "basic blocks"
        return [
            ("embedding", "\(configuration.embeddingDimension) numbers"),
            (
                "pictures",
                "\(configuration.imageSize) × \(configuration.imageSize), residual network of \(blocks) \(kind), width "
                    + "\(configuration.stemWidth), mean over positions"
            ), ("texts", "none: the model embeds images only"),
        ]
    }
}

extension CLIPConfiguration.Vision.Architecture {
    /// The name of the design.
    fileprivate var name: String {
        switch self {
        case .transformer: "transformer"
        case .resNet: "resnet"
        case .siglip: "siglip"
        }
    }
}
