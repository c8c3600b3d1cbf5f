import Diptych
import DiptychCheckpoints
import DiptychTestSupport
import Foundation
import Testing

/// Models that were written in either layout give the embeddings that they gave before. `Scripts/parity/written_models.py` compares
/// what transformers and open_clip make of such files.
@Suite struct SavingTests {
    /// Which layout takes which model.
    static let pairs: [(LayoutTests.Layout, ModelFileLayout)] = LayoutTests.layouts.flatMap { layout in
        let targets: [ModelFileLayout] = layout.name.hasPrefix("open") ? [.huggingFace, .openCLIP] : [.huggingFace]
        return targets.map { (layout, $0) }
    }

    static let texts = ["a big red star in the snow", "two blue circles", "word word word"]

    /// Images that both projects read alike: RGB, and no odd pixel at the edge of the crop.
    static func images() throws -> [ImageSource] {
        try (0..<3).map { seed in
            var generator = SeededGenerator(UInt64(seed))
            return .data(try generator.png(width: 48, height: 24 + 24 * (seed % 2)))
        }
    }

    @Test(arguments: pairs)
    func embeddingsStayTheSame(layout: LayoutTests.Layout, target: ModelFileLayout) async throws {
        let directory = try LayoutTests.assemble(layout)
        let model = try await LayoutTests.load(layout, in: directory)
        let output = try TemporaryDirectory()
        try await model.save(to: output.path("written"), layout: target)
        let written = try await CLIPModel.load(output.path("written"), options: ModelOptions(threads: 2))
        #expect(written.configuration.names == (target == .huggingFace ? .huggingFace : model.configuration.names))
        #expect(written.logits == model.logits)
        #expect(try await written.embed(texts: Self.texts).values == model.embed(texts: Self.texts).values)
        let images = try Self.images()
        let (before, after) = try await (model.embed(images: images), written.embed(images: images))
        #expect(before.values == after.values)
    }

    /// There and back again.
    @Test func bothLayoutsSayTheSame() async throws {
        let layout = LayoutTests.layouts[2]
        let directory = try LayoutTests.assemble(layout)
        let model = try await LayoutTests.load(layout, in: directory)
        let output = try TemporaryDirectory()
        try await model.save(to: output.path("there"), layout: .huggingFace)
        let there = try await CLIPModel.load(output.path("there"))
        try await there.save(to: output.path("back"), layout: .openCLIP)
        let back = try await CLIPModel.load(output.path("back"))
        #expect(Set(back.checkpoint.tensors.keys) == Set(model.checkpoint.tensors.keys))
        for (name, view) in model.checkpoint.tensors {
            let other = try #require(back.checkpoint.tensors[name])
            #expect(other.shape == view.shape && other.floats() == view.floats(), "\(name)")
        }
    }

    @Test(arguments: [(WeightPrecision.fp16, ElementType.float16, 1e-5), (.bf16, .bfloat16, 1e-3)])
    func smallerNumbersAreRounded(precision: WeightPrecision, type: ElementType, limit: Double) async throws {
        let model = try await TinyModel.load()
        let output = try TemporaryDirectory()
        try await model.save(to: output.path("half"), precision: precision)
        let half = try await CLIPModel.load(output.path("half"), options: ModelOptions(threads: 2))
        #expect(half.checkpoint.tensors.values.allSatisfy { $0.elementType == type })
        let sources = Expected.shared?.sources ?? []
        #expect(try await worstLoss(half.embed(images: sources), model.embed(images: sources)) <= limit)
        #expect(try await worstLoss(half.embed(texts: Self.texts), model.embed(texts: Self.texts)) <= limit)
    }

    @Test func whatALayoutHasNoPlaceForIsRefused() async throws {
        let output = try TemporaryDirectory()
        for name in ["chinese-hugging-face", "siglip"] {
            let layout = try #require(LayoutTests.layouts.first { $0.name == name })
            let model = try await LayoutTests.load(layout, in: LayoutTests.assemble(layout))
            let error = try await #require(throws: (any Error).self) {
                try await model.save(to: output.path(name), layout: .openCLIP)
            }
            #expect("\(error)".contains("open_clip"), "\(error)")
            #expect(!FileManager.default.fileExists(atPath: output.path(name)))
        }
        let model = try await TinyModel.load()
        try output.makeFolder("full")
        try output.write([1], to: "full/file")
        let error = try await #require(throws: ModelError.self) { try await model.save(to: output.path("full")) }
        #expect("\(error)".contains("not an empty directory"), "\(error)")
    }
}
