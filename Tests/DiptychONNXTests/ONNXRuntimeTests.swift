import Diptych
import DiptychCheckpoints
import DiptychEngine
import DiptychMedia
import DiptychModels
import DiptychONNX
import DiptychONNXRuntime
import DiptychTestSupport
import Foundation
import Testing

/// Exported files in ONNX Runtime against the built-in engine. `Scripts/onnxruntime` fetches the library; without it these tests
/// are left out, and say so.
@Suite(.enabled(if: ONNXRuntimeInstallation.isPresent, "ONNX Runtime is not installed; Scripts/onnxruntime fetches it"))
struct ONNXRuntimeTests {
    /// The towers of the CLIP, Chinese-CLIP and SigLIP families, each file with room for any batch.
    @Test(arguments: FamilyModel.names) func towersGiveWhatTheBuiltInEngineGives(name: String) throws {
        let folder = try TemporaryDirectory()
        let model = try FamilyModel(name)
        let export = ONNXExport(checkpoint: model.checkpoint, configuration: model.configuration)
        let (size, context) = (model.configuration.vision.imageSize, model.configuration.text.contextLength)
        let engine = try CPUEngine(precision: .fp32, threads: 2, instructions: nil)
        let root = Parameters(model.checkpoint)

        let image = try ONNXSession(path: export.write(.image, prefix: folder.path("x"))[0], threads: 2)
        let count = 3
        let pixels = (0..<count * 3 * size * size).map { Float(($0 * 7919) % 1009) / 504 - 1 }
        let tower = try VisionTower(root, model.configuration, engine: engine)
        let expected = try engine.floats(
            of: tower(engine.pixels(PixelBatch(values: pixels, count: count, size: size))))
        let result = try image.run(pixels, shape: [count, 3, size, size])
        #expect(result.shape == [count, model.configuration.embeddingDimension])
        try expectEqual(result.values, expected, rows: count)

        let text = try ONNXSession(path: export.write(.text, prefix: folder.path("x"))[0], threads: 2)
        let end = Int32(min(max(model.configuration.text.endID, 1), model.configuration.text.vocabularySize - 1))
        let last: Int32 = end == 2 ? 21 : end
        let ids: [[Int32]] = (0..<count).map { (row: Int) -> [Int32] in
            let own: [Int32] = (0..<context - 1).map { (place: Int) -> Int32 in Int32(1 + (row * 31 + place * 7) % 20) }
            return own + [last]
        }
        let textTower = try TextTower(root, model.configuration, engine: engine)
        let expectedTexts = try engine.floats(of: textTower(engine.tokens(TokenBatch(ids))))
        try expectEqual(try text.run(ids.flatMap { $0 }, shape: [count, context]).values, expectedTexts, rows: count)
    }

    /// 1 - cosine of each row is at most 1e-5, and so is the difference of the rows at length 1.
    private func expectEqual(_ a: [Float], _ b: [Float], rows: Int, within most: Float = 1e-5) throws {
        try #require(a.count == b.count && a.count % rows == 0)
        let width = a.count / rows
        let (a, b) = (
            Embeddings(values: a, dimension: width).normalized(), Embeddings(values: b, dimension: width).normalized()
        )
        let worst = zip(a.values, b.values).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= most)
    }

    @Test(arguments: [ONNXExport.Precision.fp32, .fp16], [nil, 1, 2]) func aFileIsAModelAsAnyOther(
        precision: ONNXExport.Precision, batch: Int?
    ) async throws {
        let folder = try TemporaryDirectory()
        let model = try await TinyModel.load()
        let path = try await exported(model, folder, precision, batch)
        let loaded = try await ModelLoader.load(path, options: ModelOptions(threads: 2)).requireTexts()
        #expect(loaded.dimension == model.dimension && loaded.logits == model.logits)
        #expect(loaded.preprocessing == model.preprocessing)
        let texts = ["a red star", "", "a very long text about a blue ring on green grass"]
        let images = try (0..<3).map { index in
            try Image(
                width: 40 + index, height: 30, bytes: (0..<(40 + index) * 90).map { UInt8(($0 * 37 + index) % 251) })
        }
        let most: Float = precision == .fp32 ? 1e-5 : 5e-3
        let (a, b) = (try await loaded.embed(texts: texts), try await model.embed(texts: texts))
        try expectEqual(a.values, b.values, rows: 3, within: most)
        let (c, d) = (try await loaded.embed(images: images), try await model.embed(images: images))
        try expectEqual(c.values, d.values, rows: 3, within: most)
        // Another number format is another model to a store.
        let own = await loaded.fingerprint()
        let other = await model.fingerprint()
        #expect(own.count == 64 && own != other)
    }

    private func exported(
        _ model: CLIPModel, _ folder: TemporaryDirectory, _ precision: ONNXExport.Precision, _ batch: Int?
    ) async throws -> String {
        var export = ONNXExport(
            checkpoint: model.checkpoint, configuration: model.configuration,
            contextLength: model.tokenizer.contextLength)
        (export.precision, export.fixedBatch) = (precision, batch)
        export.metadata = ONNXFileModel.facts(of: model)
        export.metadata["pad_id"] = "\(model.tokenizer.padID)"
        export.metadata["logit_scale"] = "\(model.logits.scale)"
        try export.write(.text, prefix: folder.path("x"))
        try model.writeTokenizer(to: folder.path("x.tokenizer"))
        return try export.write(.image, prefix: folder.path("x"))[0]
    }

    @Test func whatIsMissingOrDamagedIsSaid() async throws {
        let folder = try TemporaryDirectory()
        let path = try await exported(try await TinyModel.load(), folder, .fp16, nil)
        func refusal(_ path: String) async -> String {
            do {
                _ = try await ModelLoader.load(path)
                return ""
            } catch { return "\(error)" }
        }
        #expect(await refusal(folder.path("y.onnx")).contains("PREFIX.img.fp32.onnx"))
        #expect(await refusal(folder.path("y.img.onnx")).contains("y.img.onnx: is missing"))
        try FileManager.default.removeItem(atPath: path + ".extra_file")
        let withoutWeights = await refusal(path)
        #expect(withoutWeights.contains("ONNX Runtime refuses it") && !withoutWeights.contains("\n"))
        try folder.write([1, 2, 3], to: "x.img.fp16.onnx")
        #expect(await refusal(path).contains("ONNX Runtime refuses it"))
        // Two text towers are no model.
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: folder.path("x.txt.fp16.onnx"), toPath: path)
        #expect(await refusal(path).contains("no image tower"))
    }
}
