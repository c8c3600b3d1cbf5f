import DiptychEngine
import DiptychModels
import DiptychCheckpoints
import Foundation
import Testing

/// The towers of every family against the project that each comes from (Scripts/fixtures/families.py).
@Suite struct FamilyParityTests {
    static let models = [
        "openai-vit", "openai-resnet", "openclip-gelu", "openclip-custom-text", "chinese-vit", "chinese-flash",
        "chinese-resnet", "chinese-hugging-face", "siglip",
    ]

    struct Fixture {
        let folder: URL
        let checkpoint: Checkpoint
        let configuration: CLIPConfiguration
        let pixels: PixelBatch
        let texts: [[Int32]]
        let imageFeatures: [Float]
        let textFeatures: [Float]

        init(_ name: String) throws {
            folder = try #require(Bundle.module.url(forResource: "Fixtures/families/\(name)", withExtension: nil))
            checkpoint = try Checkpoint(at: folder)
            let config = folder.appendingPathComponent("config.json")
            configuration =
                FileManager.default.fileExists(atPath: config.path)
                ? try CLIPConfiguration(huggingFace: config) : try FamilyParityTests.stated(folder, checkpoint)
            let expected = try SafetensorsFile(url: folder.appendingPathComponent("expected.safetensors")).tensors
            let values = try #require(expected["pixels"])
            pixels = PixelBatch(values: values.floats(), count: values.shape[0], size: values.shape[3])
            imageFeatures = try #require(expected["image_features"]).floats()
            textFeatures = try #require(expected["text_features"]).floats()
            texts = try JSONDecoder().decode(
                [[Int32]].self, from: Data(contentsOf: folder.appendingPathComponent("texts.json")))
        }

        /// The features that `engine` computes.
        func features(_ engine: CPUEngine) throws -> (images: [Float], texts: [Float]) {
            let root = Parameters(checkpoint)
            let vision = try VisionTower(root, configuration, engine: engine)
            let text = try TextTower(root, configuration, engine: engine)
            return (try vision(pixels).floats(), try text(TokenBatch(texts)).floats())
        }
    }

    /// What open_clip's file says, or what the shapes say of checkpoints that come without one.
    static func stated(_ folder: URL, _ checkpoint: Checkpoint) throws -> CLIPConfiguration {
        let file = folder.appendingPathComponent("open_clip_config.json")
        return FileManager.default.fileExists(atPath: file.path)
            ? try CLIPConfiguration(openCLIP: file)
            : try CLIPConfiguration(inferredFrom: checkpoint, heads: heads[folder.lastPathComponent])
    }

    /// The heads of small towers of Chinese-CLIP, 64 wide as Scripts/fixtures/families.py makes them.
    private static let heads = [
        "chinese-vit": HeadCounts(image: 2, text: 2), "chinese-flash": HeadCounts(image: 1, text: 1),
        "chinese-resnet": HeadCounts(image: 4, text: 1),
    ]

    /// The worst 1 − cosine that the issue of parity allows.
    static func tolerance(_ configuration: CLIPConfiguration, _ precision: Precision) -> Double {
        if precision == .fp32 { return 1e-5 }
        // Rows of 32 to 64 bytes: the errors of so few average out less than those of real widths.
        if precision == .int8 { return 1e-2 }
        if case .resNet = configuration.vision.architecture { return 5e-3 }
        return 2e-3
    }

    @Test(arguments: models, Precision.allCases)
    func featuresAgreeWithTheReference(model: String, precision: Precision) throws {
        let fixture = try Fixture(model)
        let engine = try CPUEngine(precision: precision, threads: 2)
        let (images, texts) = try fixture.features(engine)
        let dimension = fixture.configuration.embeddingDimension
        #expect(fixture.textFeatures.count == fixture.texts.count * dimension)
        #expect(fixture.imageFeatures.count == fixture.pixels.count * dimension)
        let tolerance = Self.tolerance(fixture.configuration, precision)
        let imageLoss = CLIPParityTests.worst(images, fixture.imageFeatures, dimension: dimension)
        #expect(imageLoss <= tolerance)
        let textLoss = CLIPParityTests.worst(texts, fixture.textFeatures, dimension: dimension)
        #expect(textLoss <= tolerance)
        print("\(model) \(engine.precision.rawValue): images \(imageLoss), texts \(textLoss)")
    }

    @Test(arguments: models)
    func everyTensorOfTheCheckpointIsUsed(model: String) throws {
        let fixture = try Fixture(model)
        let root = Parameters(fixture.checkpoint)
        let engine = CostEngine()
        _ = try VisionTower(root, fixture.configuration, engine: engine)
        _ = try TextTower(root, fixture.configuration, engine: engine)
        _ = try LogitParameters(root, fixture.configuration)
        try root.finish(ignoring: CLIPConfiguration.isNoParameter)
    }

    @Test(arguments: ["openai-vit", "openai-resnet", "openclip-custom-text"])
    func sizesAreInferredFromShapes(model: String) throws {
        let fixture = try Fixture(model)
        var stated = fixture.configuration
        var inferred = try CLIPConfiguration(
            inferredFrom: fixture.checkpoint, activation: stated.vision.activation,
            heads: HeadCounts(image: stated.vision.heads, text: stated.text.heads))
        // A residual network has no feed-forward layer whose non-linearity could be stated.
        (inferred.vision.activation, stated.vision.activation) = (.gelu, .gelu)
        #expect(inferred == stated)
    }

    @Test func anUnstatedActivationIsRefused() throws {
        let fixture = try Fixture("openai-vit")
        let error = #expect(throws: ConfigurationError.self) {
            try CLIPConfiguration(inferredFrom: fixture.checkpoint, heads: HeadCounts(image: 2, text: 1))
        }
        #expect(error?.description.contains("activation") == true)
        // Chinese-CLIP's models all use the same.
        let chinese = try CLIPConfiguration(
            inferredFrom: Fixture("chinese-vit").checkpoint, heads: HeadCounts(image: 2, text: 2))
        #expect(chinese.vision.activation == .quickGELU)
    }

    @Test(arguments: ["openai-resnet", "siglip", "chinese-vit"], Precision.allCases)
    func imageFeaturesDoNotDependOnTheBatch(model: String, precision: Precision) throws {
        let fixture = try Fixture(model)
        let engine = try CPUEngine(precision: precision, threads: 2)
        let tower = try VisionTower(Parameters(fixture.checkpoint), fixture.configuration, engine: engine)
        let together = try tower(fixture.pixels).floats()
        let (dimension, each) = (fixture.configuration.embeddingDimension, fixture.pixels.values.count / 4)
        for index in 0..<4 {
            let pixels = PixelBatch(
                values: Array(fixture.pixels.values[index * each..<(index + 1) * each]), count: 1,
                size: fixture.pixels.size)
            let expected = Array(together[index * dimension..<(index + 1) * dimension])
            #expect(CLIPParityTests.worst(try tower(pixels).floats(), expected, dimension: dimension) <= 1e-5)
        }
    }

    /// Random residual networks tend to one vector for every image, on which agreement would prove nothing.
    @Test(arguments: ["openai-resnet", "chinese-resnet"])
    func imageFeaturesDiffer(model: String) throws {
        let fixture = try Fixture(model)
        let images = try fixture.features(CPUEngine(precision: .fp32, threads: 1)).images
        let dimension = fixture.configuration.embeddingDimension
        let first = Array(images[..<dimension])
        for index in 1..<4 {
            let other = Array(images[index * dimension..<(index + 1) * dimension])
            #expect(CLIPParityTests.worst(first, other, dimension: dimension) > 0.01)
        }
    }
}
