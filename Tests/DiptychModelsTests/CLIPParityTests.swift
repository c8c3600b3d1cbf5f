import DiptychEngine
import DiptychModels
import DiptychCheckpoints
import Foundation
import Testing

/// The towers against transformers' CLIPModel on seeded random weights (Scripts/fixtures/clip.py).
@Suite struct CLIPParityTests {
    static let models = ["quickgelu-legacy-end", "gelu-first-end"]

    /// A fixture: the model and what the reference computed.
    struct Fixture {
        let configuration: CLIPConfiguration
        let checkpoint: Checkpoint
        let pixels: [Float]
        let texts: [[Int32]]
        let imageFeatures: [Float]
        let textFeatures: [Float]

        init(_ name: String) throws {
            let folder = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
            configuration = try CLIPConfiguration(huggingFace: folder.appendingPathComponent("config.json"))
            checkpoint = try Checkpoint(at: folder)
            let expected = try SafetensorsFile(url: folder.appendingPathComponent("expected.safetensors")).tensors
            pixels = try #require(expected["pixels"]).floats()
            imageFeatures = try #require(expected["image_features"]).floats()
            textFeatures = try #require(expected["text_features"]).floats()
            texts = try JSONDecoder().decode(
                [[Int32]].self, from: Data(contentsOf: folder.appendingPathComponent("texts.json")))
        }

        func batch(_ indices: [Int]) -> PixelBatch {
            let size = configuration.vision.imageSize
            let each = 3 * size * size
            return PixelBatch(
                values: indices.flatMap { pixels[$0 * each..<($0 + 1) * each] }, count: indices.count, size: size)
        }
    }

    /// 1 − cosine of each row of `a` to the same row of `b`, the worst.
    static func worst(_ a: [Float], _ b: [Float], dimension: Int) -> Double {
        stride(from: 0, to: b.count, by: dimension).map { start in
            var (dot, aa, bb) = (0.0, 0.0, 0.0)
            for i in start..<start + dimension {
                dot += Double(a[i]) * Double(b[i])
                aa += Double(a[i]) * Double(a[i])
                bb += Double(b[i]) * Double(b[i])
            }
            return 1 - dot / (aa * bb).squareRoot()
        }.max() ?? .infinity
    }

    @Test(arguments: models, Precision.allCases)
    func embeddingsAgreeWithTheReference(model: String, precision: Precision) throws {
        let fixture = try Fixture(model)
        let engine = try CPUEngine(precision: precision, threads: 2)
        let root = Parameters(fixture.checkpoint)
        let text = try CLIPTextTower(root, fixture.configuration, engine: engine)
        let vision = try CLIPVisionTower(root, fixture.configuration, engine: engine)
        let tolerance = precision == .fp32 ? 1e-5 : 2e-3
        let dimension = fixture.configuration.embeddingDimension
        #expect(fixture.textFeatures.count == fixture.texts.count * dimension)

        let images = try vision(fixture.batch(Array(0..<5)))
        let imageLoss = Self.worst(images.floats(), fixture.imageFeatures, dimension: dimension)
        #expect(imageLoss <= tolerance)
        let texts = try text(TokenBatch(fixture.texts))
        let textLoss = Self.worst(texts.floats(), fixture.textFeatures, dimension: dimension)
        #expect(textLoss <= tolerance)
        print("\(model) \(engine.precision.rawValue): images \(imageLoss), texts \(textLoss)")
    }

    @Test(arguments: models, Precision.allCases)
    func embeddingsDoNotDependOnTheBatch(model: String, precision: Precision) throws {
        let fixture = try Fixture(model)
        let engine = try CPUEngine(precision: precision, threads: 2)
        let root = Parameters(fixture.checkpoint)
        let text = try CLIPTextTower(root, fixture.configuration, engine: engine)
        let vision = try CLIPVisionTower(root, fixture.configuration, engine: engine)
        let dimension = fixture.configuration.embeddingDimension
        let tolerance = 1e-6

        let together = try text(TokenBatch(fixture.texts)).floats()
        let reversed = try text(TokenBatch(fixture.texts.reversed())).floats()
        for (index, ids) in fixture.texts.enumerated() {
            let expected = Array(together[index * dimension..<(index + 1) * dimension])
            let alone = try text(TokenBatch([ids])).floats()
            let start = (fixture.texts.count - 1 - index) * dimension
            #expect(Self.worst(alone, expected, dimension: dimension) <= tolerance)
            #expect(Self.worst(Array(reversed[start..<start + dimension]), expected, dimension: dimension) <= tolerance)
        }
        let images = try vision(fixture.batch([0, 1, 2, 3, 4])).floats()
        for index in 0..<5 {
            let alone = try vision(fixture.batch([index])).floats()
            let expected = Array(images[index * dimension..<(index + 1) * dimension])
            #expect(Self.worst(alone, expected, dimension: dimension) <= tolerance)
        }
    }

    @Test func everyTensorOfTheCheckpointIsUsed() throws {
        for model in Self.models {
            let fixture = try Fixture(model)
            let engine = try CPUEngine(precision: .fp32, threads: 1)
            let root = Parameters(fixture.checkpoint)
            _ = try CLIPTextTower(root, fixture.configuration, engine: engine)
            #expect(throws: CheckpointError.self) { try root.finish() }
            _ = try CLIPVisionTower(root, fixture.configuration, engine: engine)
            _ = try root.tensor("logit_scale", shape: [])
            try root.finish()
        }
    }
}
