import DiptychModels
import DiptychONNX
import DiptychCheckpoints
import DiptychTestSupport
import Testing

/// That the numbers in the files are the checkpoint's.
@Suite struct WeightTests {
    private func floats(_ bytes: [UInt8]) -> [Float] {
        stride(from: 0, to: bytes.count, by: 4).map { at in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) })
        }
    }

    private func halves(_ bytes: [UInt8]) -> [Float16] {
        stride(from: 0, to: bytes.count, by: 2).map { at in
            Float16(bitPattern: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8)
        }
    }

    /// [rows, columns] → [columns, rows].
    private func transposed(_ values: [Float], rows: Int) -> [Float] {
        let columns = values.count / rows
        return (0..<values.count).map { values[$0 % rows * columns + $0 / rows] }
    }

    private func written(
        _ model: FamilyModel, _ tower: ONNXExport.Tower, _ precision: ONNXExport.Precision
    ) throws -> WrittenModel {
        let folder = try TemporaryDirectory()
        var export = ONNXExport(checkpoint: model.checkpoint, configuration: model.configuration)
        export.precision = precision
        return try WrittenModel(export.write(tower, prefix: folder.path("w"))[0])
    }

    @Test func matricesStandInputsFirst() throws {
        let model = try FamilyModel("families/openai-vit")
        let file = try written(model, .image, .fp32)
        let name = "visual.transformer.resblocks.1.mlp.c_fc.weight"
        let source = try #require(model.checkpoint.tensors[name])
        #expect(try file.tensor(name).dims == source.shape.reversed().map(Int64.init))
        #expect(floats(file.bytes[name] ?? []) == transposed(source.floats(), rows: source.shape[0]))
        // Stored as inputs by outputs already.
        let projection = try #require(model.checkpoint.tensors["visual.proj"])
        #expect(floats(file.bytes["visual.proj"] ?? []) == projection.floats())
    }

    @Test func halvesAreTheNearest() throws {
        let model = try FamilyModel("families/openai-vit")
        let file = try written(model, .text, .fp16)
        // The fixture's matrices are fp16 already; its tables are not.
        let name = "token_embedding.weight"
        let expected = try #require(model.checkpoint.tensors[name]).floats()
        #expect(try file.tensor(name).dataType == .float16)
        let actual = halves(file.bytes[name] ?? [])
        #expect(actual.count == expected.count && expected.contains { Float(Float16($0)) != $0 })
        for (half, value) in zip(actual, expected) {
            // No neighbour is nearer.
            let distance = abs(Float(half) - value)
            #expect(distance <= abs(Float(half.nextUp) - value) && distance <= abs(Float(half.nextDown) - value))
        }
        let matrix = "transformer.resblocks.0.mlp.c_fc.weight"
        let source = try #require(model.checkpoint.tensors[matrix])
        let turned = transposed(source.floats(), rows: source.shape[0]).map(Float16.init)
        #expect(halves(file.bytes[matrix] ?? []) == turned)
        // Layer normalisation stays in fp32.
        let gain = "transformer.resblocks.0.ln_1.weight"
        #expect(try file.tensor(gain).dataType == .float)
        #expect(floats(file.bytes[gain] ?? []) == model.checkpoint.tensors[gain]?.floats())
    }

    @Test func queriesKeysAndValuesStandSideBySide() throws {
        let model = try FamilyModel("gelu-first-end")
        let file = try written(model, .text, .fp32)
        let names = ["q", "k", "v"].map { "text_model.encoder.layers.0.self_attn.\($0)_proj.weight" }
        let parts = try names.map { try #require(model.checkpoint.tensors[$0]) }
        let width = parts[0].shape[1]
        let joined = floats(file.bytes[names.joined(separator: "+")] ?? [])
        try #require(joined.count == 3 * width * width)
        for (part, source) in parts.enumerated() {
            let values = source.floats()
            for output in 0..<width {
                for input in 0..<width {
                    #expect(joined[input * 3 * width + part * width + output] == values[output * width + input])
                }
            }
        }
    }

    @Test func largeModelsKeepTheirWeightsBeside() throws {
        let model = try FamilyModel("families/openai-resnet")
        let folder = try TemporaryDirectory()
        var export = ONNXExport(checkpoint: model.checkpoint, configuration: model.configuration)
        let whole = try WrittenModel(export.write(.image, prefix: folder.path("whole"))[0])
        export.largestWhole = 1 << 16
        let paths = try export.write(.image, prefix: folder.path("parted"))
        #expect(paths == ["", ".extra_file"].map { folder.path("parted.img.fp32.onnx") + $0 })
        let parted = try WrittenModel(paths[0])
        parted.checkStructure()
        #expect(!whole.hasBeside && parted.hasBeside && whole.bytes == parted.bytes)
        for tensor in parted.model.graph.initializer {
            #expect((tensor.dataLocation == .external) == ((parted.bytes[tensor.name]?.count ?? 0) >= 1024))
        }
    }

    /// The folded numbers in single precision, by the formula of Ioffe & Szegedy (2015).
    @Test func normalisationIsFoldedIntoConvolutions() throws {
        let model = try FamilyModel("families/openai-resnet")
        let file = try written(model, .image, .fp32)
        func source(_ name: String) throws -> [Float] { try #require(model.checkpoint.tensors[name]).floats() }
        let (gain, shift) = (try source("visual.bn2.weight"), try source("visual.bn2.bias"))
        let (mean, variance) = (try source("visual.bn2.running_mean"), try source("visual.bn2.running_var"))
        let weight = try source("visual.conv2.weight")
        let (folded, bias) = (
            floats(file.bytes["visual.conv2.weight"] ?? []), floats(file.bytes["visual.bn2.bias"] ?? [])
        )
        try #require(folded.count == weight.count && bias.count == gain.count)
        let each = weight.count / gain.count
        for output in gain.indices {
            let scale = Double(gain[output]) / (Double(variance[output]) + 1e-5).squareRoot()
            let expected = Double(shift[output]) - Double(mean[output]) * scale
            #expect(abs(Double(bias[output]) - expected) <= 1e-5 * max(1, abs(expected)))
            for i in output * each..<(output + 1) * each {
                #expect(abs(Double(folded[i]) - Double(weight[i]) * scale) <= 1e-6 * max(1, abs(scale)))
            }
        }
    }

    @Test func constantsAreStoredOnce() throws {
        let file = try written(FamilyModel("families/siglip"), .text, .fp32)
        let constants = file.model.graph.initializer.filter { $0.name.hasPrefix("constant_") }
        let contents = constants.map {
            [[UInt8]($0.rawData), $0.dims.map { UInt8($0) }, [UInt8($0.dataType.rawValue)]]
        }
        #expect(!constants.isEmpty && Set(contents).count == constants.count)
    }
}
