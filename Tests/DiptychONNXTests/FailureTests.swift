import DiptychEngine
import DiptychModels
import DiptychONNX
import DiptychCheckpoints
import DiptychTestSupport
import Foundation
import Testing

/// What cannot be exported is said in a line, and leaves nothing behind.
@Suite struct FailureTests {
    private func export(_ name: String = "families/openai-vit") throws -> ONNXExport {
        let model = try FamilyModel(name)
        return ONNXExport(checkpoint: model.checkpoint, configuration: model.configuration)
    }

    @Test(arguments: ["", "folder/", "a\0b"]) func aPrefixMustBeAName(prefix: String) throws {
        #expect(throws: ONNXError.self) { try export().write(.image, prefix: prefix) }
    }

    @Test func theDirectoryMustBeThere() throws {
        let folder = try TemporaryDirectory()
        let error = #expect(throws: FileWriteError.self) {
            try export().write(.image, prefix: folder.path("missing/clip"))
        }
        #expect(error?.description.contains("directory does not exist") == true)
    }

    @Test func aFolderIsNotReplaced() throws {
        let folder = try TemporaryDirectory()
        try folder.makeFolder("clip.img.fp16.onnx.extra_file")
        var export = try export()
        export.precision = .fp16
        #expect(throws: FileWriteError.self) { try export.write(.image, prefix: folder.path("clip")) }
        #expect(try names(in: folder.path) == ["clip.img.fp16.onnx.extra_file"])
    }

    @Test(arguments: [0, -1, 1 << 20]) func aBatchMustBePossible(batch: Int) throws {
        let folder = try TemporaryDirectory()
        var export = try export()
        export.fixedBatch = batch
        #expect(throws: ONNXError.self) { try export.write(.text, prefix: folder.path("clip")) }
        #expect(try names(in: folder.path).isEmpty)
    }

    @Test(arguments: [0, 21, Int.max]) func theContextMustBeTheModels(length: Int) throws {
        let folder = try TemporaryDirectory()
        let model = try FamilyModel("families/openai-vit")
        let export = ONNXExport(
            checkpoint: model.checkpoint, configuration: model.configuration, contextLength: length)
        let error = #expect(throws: EngineError.self) { try export.write(.text, prefix: folder.path("clip")) }
        #expect(error?.description.contains("1 to 20") == true)
    }

    @Test func aMissingTensorIsNamed() throws {
        let folder = try TemporaryDirectory()
        let model = try FamilyModel("families/openai-vit")
        var tensors = model.checkpoint.tensors
        tensors["visual.ln_post.bias"] = nil
        let export = ONNXExport(
            checkpoint: Checkpoint(path: "model", tensors: tensors), configuration: model.configuration)
        let error = #expect(throws: CheckpointError.self) { try export.write(.image, prefix: folder.path("clip")) }
        #expect(error?.description.contains("visual.ln_post.bias") == true)
        // The other tower has what it needs.
        #expect(try export.write(.text, prefix: folder.path("clip")) == [folder.path("clip.txt.fp32.onnx")])
    }

    /// 70,000 is beyond fp16; written as infinity it would spoil every feature.
    @Test func numbersBeyondHalfPrecisionAreRefused() throws {
        let folder = try TemporaryDirectory()
        let model = try FamilyModel("gelu-first-end")
        let name = "visual_projection.weight"
        let old = try #require(model.checkpoint.tensors[name])
        let large = old.count - 1
        let bytes = (0..<old.count).flatMap { index in
            withUnsafeBytes(of: (index == large ? 70_000 : Float(1)).bitPattern.littleEndian) { [UInt8]($0) }
        }
        let file = try TensorFile([name: .init(type: "F32", shape: old.shape, bytes: bytes)]).bytes()
        let path = try folder.write(file, to: "large.safetensors")
        var tensors = model.checkpoint.tensors
        tensors.merge(try SafetensorsFile(url: URL(fileURLWithPath: path)).tensors) { $1 }
        var export = ONNXExport(
            checkpoint: Checkpoint(path: "model", tensors: tensors), configuration: model.configuration)
        export.precision = .fp16
        let error = #expect(throws: ONNXError.self) { try export.write(.image, prefix: folder.path("clip")) }
        #expect(error?.description.contains(name) == true && error?.description.contains("70000") == true)
        #expect(try names(in: folder.path) == ["large.safetensors"])
        export.precision = .fp32
        try export.write(.image, prefix: folder.path("clip"))
    }

    @Test func cancellingLeavesNothing() async throws {
        let folder = try TemporaryDirectory()
        let export = try export()
        let task = Task {
            try export.write(.image, prefix: folder.path("clip")) { done, _ in
                if done == 3 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try names(in: folder.path).isEmpty)
    }
}
