import DiptychEngine
import DiptychModels
import DiptychCheckpoints
import Foundation
import Testing

/// Models that start from initial values, as the projects set them (OpenAI's `CLIP.initialize_parameters`, torchvision's ResNet).
@Suite struct InitialValueTests {
    private static var configuration: CLIPConfiguration {
        var configuration = CLIPConfiguration()
        configuration.names = .original
        (configuration.text.vocabularySize, configuration.text.width, configuration.text.layers) = (400, 64, 2)
        (configuration.text.heads, configuration.text.feedForwardWidth, configuration.text.contextLength) = (2, 256, 16)
        (configuration.vision.width, configuration.vision.layers, configuration.vision.heads) = (64, 2, 2)
        (configuration.vision.feedForwardWidth, configuration.vision.imageSize, configuration.vision.patchSize) =
            (256, 32, 8)
        configuration.embeddingDimension = 32
        return configuration
    }

    private static func deviation(_ view: TensorView) -> Double {
        let values = view.floats().map(Double.init)
        let mean = values.reduce(0, +) / Double(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    }

    @Test func aCLIPStartsAsOpenAIsDoes() throws {
        let configuration = Self.configuration
        let root = Parameters(startingFrom: try configuration.initialValues(seed: 3))
        let engine = try CPUEngine(precision: .fp32, threads: 1)
        let (text, vision) = try (
            TextTower(root, configuration, engine: engine), VisionTower(root, configuration, engine: engine)
        )
        let logits = try LogitParameters(root, configuration)
        #expect(abs(logits.scale - 1 / 0.07) < 1e-3)
        let features = try text(TokenBatch([[1, 5, 399]])).floats()
        let pixels = PixelBatch(values: (0..<3 * 32 * 32).map { Float($0 % 7) / 7 }, count: 1, size: 32)
        #expect(
            try features.count == 32 && features.allSatisfy(\.isFinite)
                && vision(pixels).floats().allSatisfy(\.isFinite))

        let tensors = root.checkpoint.tensors
        let block = "transformer.resblocks.1."
        // Width 64, two layers: 64^-½ and (64 · 2 · 2)^-½ and so on, as in initialize_parameters.
        let expected = [
            ("token_embedding.weight", 0.02), ("positional_embedding", 0.01), ("text_projection", 0.125),
            (block + "attn.in_proj_weight", 0.125), (block + "attn.out_proj.weight", 0.0625),
            (block + "mlp.c_fc.weight", 0.0884), (block + "mlp.c_proj.weight", 0.0625), ("visual.proj", 0.125),
            ("visual.class_embedding", 0.125),
        ]
        for (name, deviation) in expected {
            let found = Self.deviation(try #require(tensors[name], "\(name)"))
            #expect(abs(found / deviation - 1) < (name.hasSuffix("class_embedding") ? 0.4 : 0.08), "\(name): \(found)")
        }
        for name in ["ln_final.weight", "visual.ln_post.weight", block + "ln_1.weight"] {
            #expect(tensors[name]?.floats() == [Float](repeating: 1, count: 64), "\(name)")
        }
        for name in ["ln_final.bias", "visual.ln_pre.bias", block + "attn.out_proj.bias"] {
            #expect(tensors[name]?.floats() == [Float](repeating: 0, count: 64), "\(name)")
        }
    }

    @Test func transformersNamesAreRefused() {
        #expect(throws: ConfigurationError.self) { try CLIPConfiguration().initialValues(seed: 1) }
    }
}
