import DiptychCheckpoints
import DiptychEngine
import DiptychModels
import DiptychTestSupport
import DiptychTorch
import Foundation
import Testing

/// Gradients of every family against the project that it comes from (Scripts/fixtures/gradients.py).
@Suite(.enabled(if: TorchInstallation.isPresent, "the torch engine is not installed; `make test-torch` builds it"))
struct TorchGradientTests {
    /// +1 or −1 for each index, as the script has them: the highest bit of SplitMix64's output.
    private static func sign(_ pattern: Int, _ index: Int) -> Double {
        var z = (UInt64(index) &+ UInt64(pattern) << 32) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return (z ^ (z >> 31)) >> 63 == 1 ? -1 : 1
    }

    /// The sums of a gradient under the script's patterns of signs.
    private static func sums(_ gradient: [Float], patterns: Int) -> [Double] {
        (0..<patterns).map { pattern in
            gradient.enumerated().reduce(0) { $0 + sign(pattern, $1.offset) * Double($1.element) }
        }
    }

    /// A model with its first four images and texts.
    private struct Pairs {
        let folder: URL
        let checkpoint: Checkpoint
        let configuration: CLIPConfiguration
        let pixels: PixelBatch
        let texts: TokenBatch

        init(_ model: String) throws {
            if CLIPParityTests.models.contains(model) {
                folder = try #require(Bundle.module.url(forResource: "Fixtures/\(model)", withExtension: nil))
                let fixture = try CLIPParityTests.Fixture(model)
                (checkpoint, configuration) = (fixture.checkpoint, fixture.configuration)
                pixels = fixture.batch([0, 1, 2, 3])
                texts = TokenBatch(Array(fixture.texts.prefix(4)))
                return
            }
            let fixture = try FamilyParityTests.Fixture(model)
            (folder, checkpoint, configuration) = (fixture.folder, fixture.checkpoint, fixture.configuration)
            let size = fixture.pixels.size
            pixels = PixelBatch(
                values: Array(fixture.pixels.values.prefix(4 * 3 * size * size)), count: 4, size: size)
            texts = TokenBatch(Array(fixture.texts.prefix(4)))
        }
    }

    @Test(arguments: CLIPParityTests.models + FamilyParityTests.models)
    func `gradients are the reference's`(model: String) throws {
        let fixture = try Pairs(model)
        let file = fixture.folder.appendingPathComponent("gradients.safetensors")
        var expected = try SafetensorsFile(url: file).tensors
        let expectedLoss = try #require(expected.removeValue(forKey: "loss")?.floats().first)
        let engine = try TorchEngine(TorchPlugin.load(TorchInstallation.path), threads: 2, recordsGradients: true)
        let root = Parameters(fixture.checkpoint)
        let vision = try VisionTower(root, fixture.configuration, engine: engine)
        let text = try TextTower(root, fixture.configuration, engine: engine)
        let shape = fixture.checkpoint.tensors["logit_scale"]?.shape ?? []
        let scale = try engine.scalar(root.tensor("logit_scale", shape: shape))
        let loss = try engine.contrastiveLoss(
            images: vision(engine.pixels(fixture.pixels)), texts: text(engine.tokens(fixture.texts)), scale: scale)
        let value = Float(try engine.number(of: loss))
        #expect(abs(value - expectedLoss) <= 1e-5 * expectedLoss)
        try engine.backward(from: loss)

        #expect(Set(expected.keys).isSubset(of: engine.parameterNames) && expected.count > 30)
        var differences: [Double] = []
        for (name, digest) in expected {
            let digest = digest.floats().map(Double.init)
            let count = try #require(fixture.checkpoint.tensors[name]?.count)
            let sums = Self.sums(try engine.gradient(of: name, count: count), patterns: digest.count - 1)
            // The mean square of a difference's sums is its squared norm.
            let squares = zip(sums, digest.dropFirst()).map { ($0 - $1) * ($0 - $1) }
            let difference = (squares.reduce(0, +) / Double(squares.count)).squareRoot() / digest[0]
            #expect(difference <= 1e-4, "\(name): \(difference)")
            differences.append(difference)
        }
        let sorted = differences.sorted()
        print(
            "torch gradients \(model): \(sorted.count) tensors, worst \(sorted.last ?? 0), median "
                + "\(sorted[sorted.count / 2])")
    }
}
