import DiptychCheckpoints
import DiptychEngine
import DiptychModels
import DiptychTestSupport
import DiptychTorch
import Foundation
import Testing

/// The towers on the torch engine against CPUEngine and against the projects that they come from. `make test-torch` builds the
/// engine and runs them.
@Suite(.enabled(if: TorchInstallation.isPresent, "the torch engine is not installed; `make test-torch` builds it"))
struct TorchParityTests {
    /// The features of a fixture's images and texts.
    private func features<E: Engine>(
        _ fixture: FamilyParityTests.Fixture, _ engine: E
    ) throws -> (images: [Float], texts: [Float]) {
        let root = Parameters(fixture.checkpoint)
        let vision = try VisionTower(root, fixture.configuration, engine: engine)
        let text = try TextTower(root, fixture.configuration, engine: engine)
        return (
            try engine.floats(of: vision(engine.pixels(fixture.pixels))),
            try engine.floats(of: text(engine.tokens(TokenBatch(fixture.texts))))
        )
    }

    @Test(arguments: FamilyParityTests.models, [Precision.fp32, .bf16])
    func `the features of every family are the reference's and the built-in engine's`(
        model: String, precision: Precision
    ) throws {
        let fixture = try FamilyParityTests.Fixture(model)
        let engine = try TorchEngine(TorchPlugin.load(TorchInstallation.path), precision: precision, threads: 2)
        let (images, texts) = try features(fixture, engine)
        let dimension = fixture.configuration.embeddingDimension
        #expect(images.count == fixture.pixels.count * dimension && texts.count == fixture.texts.count * dimension)
        let tolerance = FamilyParityTests.tolerance(fixture.configuration, precision)
        func loss(_ a: [Float], _ b: [Float]) -> Double { CLIPParityTests.worst(a, b, dimension: dimension) }
        let own = try features(fixture, CPUEngine(precision: .fp32, threads: 2))
        let losses = [
            loss(images, fixture.imageFeatures), loss(texts, fixture.textFeatures), loss(images, own.images),
            loss(texts, own.texts),
        ]
        #expect(losses.allSatisfy { $0 <= tolerance })
        print(
            "torch \(model) \(engine.precision.rawValue): images \(losses[0]), texts \(losses[1]); against the built-in "
                + "engine: images \(losses[2]), texts \(losses[3])")
    }

    /// transformers' CLIP, whose fixtures are of another script.
    @Test(arguments: CLIPParityTests.models, [Precision.fp32, .bf16])
    func `the features of transformers' CLIP are the reference's`(model: String, precision: Precision) throws {
        let fixture = try CLIPParityTests.Fixture(model)
        let engine = try TorchEngine(TorchPlugin.load(TorchInstallation.path), precision: precision, threads: 2)
        let root = Parameters(fixture.checkpoint)
        let vision = try VisionTower(root, fixture.configuration, engine: engine)
        let text = try TextTower(root, fixture.configuration, engine: engine)
        let dimension = fixture.configuration.embeddingDimension
        let images = try engine.floats(of: vision(engine.pixels(fixture.batch(Array(0..<5)))))
        let texts = try engine.floats(of: text(engine.tokens(TokenBatch(fixture.texts))))
        let losses = (
            CLIPParityTests.worst(images, fixture.imageFeatures, dimension: dimension),
            CLIPParityTests.worst(texts, fixture.textFeatures, dimension: dimension)
        )
        #expect(max(losses.0, losses.1) <= (precision == .fp32 ? 1e-5 : 2e-3))
        print("torch \(model) \(engine.precision.rawValue): images \(losses.0), texts \(losses.1)")
    }

    /// torchvision's networks, which alone pool by maxima; `ResNetTests` holds the built-in engine against torchvision.
    @Test(arguments: ["basic", "bottleneck"], [Precision.fp32, .bf16])
    func `a ResNet's features are the built-in engine's`(kind: String, precision: Precision) throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let checkpoint = try Checkpoint(
            at: tests.appendingPathComponent("DiptychTests/Fixtures/resnet/\(kind)/resnet.safetensors"))
        let configuration = try ResNetConfiguration(inferredFrom: checkpoint)
        let size = configuration.imageSize
        let values = (0..<2 * 3 * size * size).map { Float(($0 / 9 * 7 + $0 / size * 5) % 23) / 11 - 1 }
        let pixels = PixelBatch(values: values, count: 2, size: size)
        func features<E: Engine>(_ engine: E) throws -> [Float] {
            let tower = try configuration.imageTower(Parameters(checkpoint), engine: engine)
            return try engine.floats(of: tower(engine.pixels(pixels)))
        }
        let torch = try features(
            TorchEngine(TorchPlugin.load(TorchInstallation.path), precision: precision, threads: 2))
        let own = try features(CPUEngine(precision: .fp32, threads: 2))
        let loss = CLIPParityTests.worst(torch, own, dimension: configuration.embeddingDimension)
        #expect(loss <= (precision == .fp32 ? 1e-5 : 5e-3) && own.contains { $0 != 0 })
        print("torch resnet \(kind) \(precision.rawValue): images \(loss)")
    }

    @Test(arguments: ["openai-vit", "chinese-hugging-face", "siglip"])
    func `features do not depend on the batch`(model: String) throws {
        let fixture = try FamilyParityTests.Fixture(model)
        let engine = try TorchEngine(TorchPlugin.load(TorchInstallation.path), threads: 2)
        let tower = try TextTower(Parameters(fixture.checkpoint), fixture.configuration, engine: engine)
        let dimension = fixture.configuration.embeddingDimension
        for (index, ids) in fixture.texts.enumerated() {
            let alone = try engine.floats(of: tower(engine.tokens(TokenBatch([ids]))))
            let expected = Array(fixture.textFeatures[index * dimension..<(index + 1) * dimension])
            #expect(CLIPParityTests.worst(alone, expected, dimension: dimension) <= 1e-5)
        }
    }

    @Test func `bad input is refused in one line`() throws {
        let fixture = try FamilyParityTests.Fixture("openai-vit")
        let plugin = try TorchPlugin.load(TorchInstallation.path)
        let engine = try TorchEngine(plugin, threads: 1)
        let root = Parameters(fixture.checkpoint)
        let vision = try VisionTower(root, fixture.configuration, engine: engine)
        let text = try TextTower(root, fixture.configuration, engine: engine)
        func reason(_ body: () throws -> Void) throws -> String {
            let error = try #require(throws: EngineError.self, performing: body)
            #expect(!error.description.contains("\n"))
            return error.description
        }
        #expect(try reason { _ = try text(engine.tokens(TokenBatch([[1, 150]]))) }.contains("vocabulary of 150"))
        #expect(
            try reason { _ = try text(engine.tokens(TokenBatch([[Int32](repeating: 1, count: 21)]))) }
                .contains("21 tokens, the model reads 20"))
        let small = PixelBatch(values: [Float](repeating: 0, count: 3 * 16 * 16), count: 1, size: 16)
        #expect(try reason { _ = try vision(engine.pixels(small)) }.contains("16 pixels wide, the model reads 24"))
        #expect(
            try reason { _ = try TorchEngine(plugin, device: .cuda(99), threads: 1) }.contains("cannot use cuda:99"))
    }
}

/// What happens where there is no plug-in, or another file in its place.
@Suite struct TorchPluginTests {
    private func reason(_ path: String) throws -> String {
        try #require(throws: EngineError.self) { try TorchPlugin.load(path) }.description
    }

    @Test func `a missing plug-in is named with the command that builds it`() throws {
        let reason = try reason("/no/such/libdiptych_torch.so")
        #expect(reason.contains("/no/such/libdiptych_torch.so") && reason.contains("diptych engine build torch"))
    }

    @Test func `a file that is not the plug-in is refused in one line`() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).so")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("not a library".utf8).write(to: file)
        let reason = try reason(file.path)
        #expect(reason.hasPrefix(file.path) && reason.contains("cannot be loaded") && !reason.contains("\n"))
    }

    #if os(Linux)
        @Test func `a library without the plug-in's function is refused`() throws {
            let library = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6", "/lib64/libm.so.6"]
                .first { FileManager.default.fileExists(atPath: $0) }
            guard let library else { return }
            #expect(try reason(library).contains("is not a torch engine"))
        }
    #endif
}
