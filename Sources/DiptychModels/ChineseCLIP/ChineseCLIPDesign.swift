internal import DiptychEngine

/// The towers of Chinese-CLIP by the names that its training scripts give (`cn_clip/clip/model_configs`).
public enum ChineseCLIPDesign {
    /// The image towers' names.
    public static let visionModels = ["RN50", "ViT-B-16", "ViT-B-32", "ViT-L-14", "ViT-L-14-336", "ViT-H-14"]
    /// The text towers' names.
    public static let textModels = ["RBT3-chinese", "RoBERTa-wwm-ext-base-chinese", "RoBERTa-wwm-ext-large-chinese"]

    /// The sizes of a model; nil for a name that is not known. `ViT-B/16` is `ViT-B-16`.
    public static func configuration(vision: String, text: String) -> CLIPConfiguration? {
        var configuration = CLIPConfiguration()
        (configuration.family, configuration.names) = (.chineseCLIP, .original)
        configuration.vision.activation = .quickGELU
        func transformer(_ width: Int, _ layers: Int, patch: Int, size: Int, dimension: Int) {
            configuration.vision.width = width
            (configuration.vision.feedForwardWidth, configuration.vision.layers) = (4 * width, layers)
            (configuration.vision.patchSize, configuration.vision.imageSize) = (patch, size)
            configuration.embeddingDimension = dimension
        }
        switch vision.map({ $0 == "/" ? "-" : $0 }).map(String.init).joined() {
        case "RN50":
            configuration.vision.width = 64
            configuration.vision.imageSize = 224
            configuration.setResNet(stages: [3, 4, 6, 3])
            configuration.embeddingDimension = 1024
        case "ViT-B-16": transformer(768, 12, patch: 16, size: 224, dimension: 512)
        case "ViT-B-32": transformer(768, 12, patch: 32, size: 224, dimension: 512)
        case "ViT-L-14": transformer(1024, 24, patch: 14, size: 224, dimension: 768)
        case "ViT-L-14-336": transformer(1024, 24, patch: 14, size: 336, dimension: 768)
        case "ViT-H-14": transformer(1280, 32, patch: 14, size: 224, dimension: 1024)
        default: return nil
        }
        func bert(_ width: Int, _ layers: Int) {
            configuration.text.width = width
            (configuration.text.feedForwardWidth, configuration.text.layers) = (4 * width, layers)
        }
        switch text {
        case "RBT3-chinese": bert(768, 3)
        case "RoBERTa-wwm-ext-base-chinese": bert(768, 12)
        case "RoBERTa-wwm-ext-large-chinese": bert(1024, 24)
        default: return nil
        }
        configuration.text.architecture = .bert
        (configuration.text.vocabularySize, configuration.text.contextLength) = (21_128, 512)
        (configuration.text.activation, configuration.text.epsilon, configuration.text.endID) = (.gelu, 1e-12, 0)
        (configuration.text.hiddenDropout, configuration.text.attentionDropout) = (0.1, 0.1)
        guard let visionHeads = KnownTowers.heads(of: configuration.vision),
            let textHeads = KnownTowers.heads(of: configuration.text)
        else { return nil }
        (configuration.vision.heads, configuration.text.heads) = (visionHeads, textHeads)
        return configuration
    }
}
