/// The attention heads of a model's towers.
public struct HeadCounts: Sendable, Hashable {
    /// Those of the image tower; of the attention pooling in residual networks.
    public let image: Int
    /// Those of the text tower.
    public let text: Int

    /// States both.
    public init(image: Int, text: Int) {
        self.image = image
        self.text = text
    }
}

/// The attention heads of published towers, by sizes that a checkpoint's shapes tell. No two published towers of the same sizes
/// differ in their heads.
///
/// Sources: `model_configs` of open_clip (https://github.com/mlfoundations/open_clip), `clip/model_configs` of Chinese-CLIP
/// (https://github.com/OFA-Sys/Chinese-CLIP), and OpenAI CLIP's models, which open_clip lists too.
enum KnownTowers {
    private struct Sizes: Hashable {
        let width: Int
        let layers: Int
        let feedForwardWidth: Int

        init(_ width: Int, _ layers: Int, _ feedForwardWidth: Int) {
            self.width = width
            self.layers = layers
            self.feedForwardWidth = feedForwardWidth
        }
    }

    private struct Network: Hashable {
        let width: Int
        let stages: [Int]
    }

    /// Vision transformers: S, M, B, B-plus, L, H, g, bigG, e.
    private static let visionTransformers: [Sizes: Int] = [
        Sizes(384, 12, 1536): 6, Sizes(512, 12, 2048): 8, Sizes(768, 12, 3072): 12, Sizes(896, 12, 3584): 14,
        Sizes(1024, 24, 4096): 16, Sizes(1280, 32, 5120): 16, Sizes(1408, 40, 6144): 16, Sizes(1664, 48, 8192): 16,
        Sizes(1792, 56, 15360): 16,
    ]

    /// RN50, RN101, RN50x4, RN50x16, RN50x64.
    private static let residualNetworks: [Network: Int] = [
        Network(width: 64, stages: [3, 4, 6, 3]): 32, Network(width: 64, stages: [3, 4, 23, 3]): 32,
        Network(width: 80, stages: [4, 6, 10, 6]): 40, Network(width: 96, stages: [6, 8, 18, 8]): 48,
        Network(width: 128, stages: [3, 15, 36, 10]): 64,
    ]

    /// Causal transformers.
    private static let texts: [Sizes: Int] = [
        Sizes(256, 10, 1024): 4, Sizes(384, 12, 1536): 6, Sizes(512, 12, 2048): 8, Sizes(640, 12, 2560): 10,
        Sizes(768, 12, 3072): 12, Sizes(768, 16, 3072): 12, Sizes(1024, 12, 4096): 16, Sizes(1024, 20, 4096): 16,
        Sizes(1024, 24, 4096): 16, Sizes(1280, 24, 5120): 20, Sizes(1280, 32, 5120): 20, Sizes(1280, 36, 5120): 20,
    ]

    /// RBT3, RoBERTa-wwm-ext-base and -large.
    private static let berts: [Sizes: Int] = [
        Sizes(768, 3, 3072): 12, Sizes(768, 12, 3072): 12, Sizes(1024, 24, 4096): 16,
    ]

    /// The heads of a published image tower of these sizes; nil where there is none.
    static func heads(of vision: CLIPConfiguration.Vision) -> Int? {
        if case .resNet(let stages) = vision.architecture {
            return residualNetworks[Network(width: vision.width, stages: stages)]
        }
        return visionTransformers[Sizes(vision.width, vision.layers, vision.feedForwardWidth)]
    }

    /// The heads of a published text tower of these sizes; nil where there is none.
    static func heads(of text: CLIPConfiguration.Text) -> Int? {
        let table = text.architecture == .bert ? berts : texts
        return table[Sizes(text.width, text.layers, text.feedForwardWidth)]
    }
}
