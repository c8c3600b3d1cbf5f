import DiptychModels
import DiptychONNX
import DiptychCheckpoints
import DiptychTestSupport
import Foundation
import Testing

/// Every family's towers as files whose structure is what the format asks for.
///
/// `make parity-onnx` names a folder in DIPTYCH_ONNX_OUTPUT, where the files then stay for ONNX Runtime to be compared with the
/// fixtures.
@Suite struct FamilyExportTests {
    @Test(arguments: FamilyModel.names, ONNXExport.Precision.allCases)
    func filesAreWellFormed(name: String, precision: ONNXExport.Precision) throws {
        let model = try FamilyModel(name)
        let temporary = try TemporaryDirectory()
        let folder = ProcessInfo.processInfo.environment["DIPTYCH_ONNX_OUTPUT"] ?? temporary.path
        let dimension = "\(model.configuration.embeddingDimension)"
        for fixedBatch in [nil, 7] {
            var export = ONNXExport(checkpoint: model.checkpoint, configuration: model.configuration)
            export.precision = precision
            export.fixedBatch = fixedBatch
            let batch = fixedBatch.map(String.init) ?? "batch"
            let short = name.replacing("families/", with: "")
            let prefix = "\(folder)/\(short).\(fixedBatch == nil ? "dynamic" : "fixed")"
            for tower in ONNXExport.Tower.allCases {
                let files = try export.write(tower, prefix: prefix)
                let path = "\(prefix).\(tower == .image ? "img" : "txt").\(precision.rawValue).onnx"
                #expect(files == (precision == .fp32 ? [path] : [path, path + ".extra_file"]))
                let written = try WrittenModel(path)
                written.checkStructure()
                #expect(written.hasBeside == (precision == .fp16))
                let graph = written.model.graph
                let size = "\(model.configuration.vision.imageSize)"
                let length = "\(model.configuration.text.contextLength)"
                #expect(graph.input.map(\.name) == [tower.rawValue])
                #expect(graph.input[0].extents == [batch] + (tower == .image ? ["3", size, size] : [length]))
                #expect(graph.input[0].type.tensorType.elemType == (tower == .image ? .float : .int64))
                #expect(graph.output.map(\.name) == ["unnorm_\(tower.rawValue)_features"])
                #expect(graph.output[0].extents == [batch, dimension])
                #expect(graph.output[0].type.tensorType.elemType == .float)
            }
        }
    }

    @Test(arguments: FamilyModel.names)
    func everyTensorOfTheCheckpointIsThere(name: String) throws {
        let model = try FamilyModel(name)
        let folder = try TemporaryDirectory()
        let export = ONNXExport(checkpoint: model.checkpoint, configuration: model.configuration)
        var written: [String] = []
        for tower in ONNXExport.Tower.allCases {
            let files = try export.write(tower, prefix: folder.path("x"))
            written += try WrittenModel(files[0]).model.graph.initializer.map(\.name)
        }
        // Names of joined tensors are joined, and what repeats gets a number.
        let parts = Set(
            written.flatMap { name in
                name.split(separator: "+").map { String($0).replacing(/\.\d+$/, with: "") }
            })
        let folded = ["class_embedding", "token_type_embeddings.weight", "running_mean", "running_var"]
        for tensor in model.checkpoint.tensors.keys where !CLIPConfiguration.isNoParameter(tensor) {
            let isFolded = folded.contains { tensor.hasSuffix($0) } || tensor.contains("logit_")
            // A normalisation's gain is in its convolution, whose bias has the name of the shift.
            let isGain = tensor.wholeMatch(of: /visual\..*(bn\d|downsample\.1)\.weight/) != nil
            #expect(isFolded || isGain || parts.contains(tensor), "\(tensor)")
        }
    }

    @Test func normalisationIsInTheGraphWhenAskedFor() throws {
        let model = try FamilyModel("families/siglip")
        let folder = try TemporaryDirectory()
        var export = ONNXExport(checkpoint: model.checkpoint, configuration: model.configuration)
        export.normalizes = true
        for tower in ONNXExport.Tower.allCases {
            let written = try WrittenModel(export.write(tower, prefix: folder.path("n"))[0])
            written.checkStructure()
            #expect(written.model.graph.output.map(\.name) == ["\(tower.rawValue)_features"])
            #expect(written.model.graph.node.suffix(2).map(\.opType) == ["ReduceL2", "Div"])
        }
    }

    @Test func aFileSaysWhatTheModelIs() throws {
        let model = try FamilyModel("families/chinese-hugging-face")
        let folder = try TemporaryDirectory()
        var export = ONNXExport(checkpoint: model.checkpoint, configuration: model.configuration, contextLength: 9)
        export.metadata = ["fingerprint": "abc", "family": "no"]
        let written = try WrittenModel(export.write(.text, prefix: folder.path("n"))[0])
        let facts = Dictionary(uniqueKeysWithValues: written.model.metadataProps.map { ($0.key, $0.value) })
        #expect(facts["family"] == "chinese_clip" && facts["fingerprint"] == "abc" && facts["context_length"] == "9")
        #expect(facts["dimension"] == "\(model.configuration.embeddingDimension)")
        #expect(written.model.docString.contains("chinese_clip"))
        #expect(written.model.graph.input[0].extents == ["batch", "9"])
    }
}
