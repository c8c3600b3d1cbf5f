import Diptych
import DiptychMedia
import DiptychCheckpoints
import DiptychTestSupport
import Foundation
import Testing

/// Residual networks of torchvision's, from image files to embeddings, against torchvision's own transforms and network
/// (Scripts/fixtures/resnet.py).
@Suite struct ResNetTests {
    static let fixtures = LayoutTests.tests.appendingPathComponent("DiptychTests/Fixtures/resnet")

    static func load(
        _ path: String, _ precision: ModelOptions.PrecisionChoice = .fp32
    ) async throws -> any Embedder {
        try await ModelLoader.load(
            fixtures.appendingPathComponent(path).path, options: ModelOptions(precision: precision, threads: 2))
    }

    @Test(
        arguments: ["bottleneck/resnet.pth", "bottleneck/resnet.safetensors", "basic/resnet.safetensors"],
        [(ModelOptions.PrecisionChoice.fp32, 1e-6), (.bf16, 5e-3), (.auto, 5e-3)])
    func embeddingsAgree(path: String, precision: (ModelOptions.PrecisionChoice, Double)) async throws {
        let model = try await Self.load(path, precision.0)
        let folder = Self.fixtures.appendingPathComponent(path).deletingLastPathComponent()
        let expected = try SafetensorsFile(url: folder.appendingPathComponent("expected.safetensors")).tensors
        let inputs = try LayoutTests.inputs()
        // What a data set of torchvision's loads: as stored, alpha left out.
        var options = ImageOptions()
        options.appliesOrientation = false
        options.alpha = .dropped
        let images = try await model.embed(
            images: inputs.pictures.map { .file(LayoutTests.tests.appendingPathComponent($0).path) }, options: options)
        let reference = Embeddings(values: try #require(expected["images"]).floats(), dimension: model.dimension)
        let loss = worstLoss(images, reference)
        #expect(loss <= precision.1)
        print("\(path) \(precision.0): \(loss)")
    }

    @Test func aStateDictAndItsSafetensorsAreTheSameModel() async throws {
        let (one, other) = try await (
            Self.load("bottleneck/resnet.pth"), Self.load("bottleneck/resnet.safetensors")
        )
        #expect(await one.fingerprint() == other.fingerprint())
        #expect(await one.fingerprint() != (try await Self.load("basic/resnet.safetensors")).fingerprint())
        #expect(one.kinds == [.image] && one.dimension == 256 && one.name == "resnet.pth")
    }

    @Test func textsAreRefusedInOneLine() async throws {
        let model = try await Self.load("bottleneck/resnet.pth")
        let line = "resnet.pth embeds images only; a text needs a model with a text tower"
        let error = try #require(throws: ModelError.self) { try model.requireTexts() }
        #expect(error.description == line)
        let path = model.path
        let other = try await #require(throws: ModelError.self) { try await CLIPModel.load(path) }
        #expect(other.description == line)
        let clip: any Embedder = try await TinyModel.load()
        #expect(try await clip.requireTexts().embed(texts: ["a cat"]).count == 1)
    }

    @Test func damagedNetworksAreNamedByTheirTensor() async throws {
        let directory = try TemporaryDirectory()
        let whole = try TensorFile(contentsOf: Self.fixtures.appendingPathComponent("basic/resnet.safetensors").path)
        var lacking = whole
        lacking.tensors["layer3.0.bn1.running_var"] = nil
        var more = whole
        more.tensors["layer1.0.se.weight"] = whole.tensors["bn1.weight"]
        for (file, name) in [(lacking, "layer3.0.bn1.running_var"), (more, "layer1.0.se.weight")] {
            let path = try directory.write(file.bytes(), to: "resnet18.safetensors")
            let error = try await #require(throws: (any Error).self) { try await ModelLoader.load(path) }
            #expect("\(error)".contains(name) && "\(error)".contains("resnet18"), "\(error)")
        }
    }

    @Test func pixelsOfAnotherSizeAreRefused() async throws {
        let model = try await Self.load("basic/resnet.safetensors")
        await #expect(throws: ModelError.self) { try await model.encode([0, 0, 0], count: 1) }
        await #expect(throws: ModelError.self) {
            try await model.encode([Float](repeating: 0, count: 3 * 224 * 224), count: 2)
        }
    }
}
