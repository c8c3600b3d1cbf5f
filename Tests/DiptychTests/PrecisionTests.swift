import Diptych
import DiptychEngine
import DiptychTestSupport
import Foundation
import Testing

/// Which arithmetic a model runs in, and that it says so.
@Suite struct PrecisionTests {
    @Test func exactIsTheDefault() async throws {
        let model = try await CLIPModel.load(TinyModel.directory.path)
        let description = try await model.engineDescription()
        #expect(description.precision == .fp32 && description.reason == "asked for")
        #expect(description.instructions == .detected && description.threads >= 1)
    }

    @Test func bf16RunsWhereTheProcessorHasIt() async throws {
        let description = try await TinyModel.load(.bf16).engineDescription()
        if InstructionSet.hasBFloat16 && InstructionSet.detected == .avx512 {
            #expect(description.precision == .bf16 && description.reason == "asked for")
        } else {
            #expect(description.precision == .fp32 && description.reason.contains("AVX512_BF16"))
        }
    }

    @Test func int8RunsWhereTheProcessorHasIt() async throws {
        let description = try await TinyModel.load(.int8).engineDescription()
        if InstructionSet.hasByteProducts {
            #expect(description.precision == .int8 && description.reason == "asked for")
        } else {
            #expect(description.precision == .fp32 && description.reason.contains("AVX512_VNNI"))
        }
    }

    @Test func autoMeasuresAndSaysWhat() async throws {
        let model = try await TinyModel.load(.auto)
        let description = try await model.engineDescription()
        if InstructionSet.hasByteProducts {
            #expect(description.reason.contains("measured loss of int8"))
            #expect(description.precision == .int8 || description.reason.contains("bf16"))
        } else if InstructionSet.hasBFloat16 && InstructionSet.detected == .avx512 {
            #expect(description.reason.contains("measured loss of bf16"))
        } else {
            #expect(description.precision == .fp32)
        }
        // Asked again, it does not decide again.
        #expect(try await model.engineDescription().reason == description.reason)
    }

    @Test func autoKeepsExactArithmeticWhereBf16LosesTooMuch() async throws {
        // A large constant, which the projection takes out again: bf16, with eight bits a number, keeps only the constant.
        let directory = try TinyModel.copy()
        try directory.changeWeights { file in
            let bias = [UInt8](repeatElement([0x40, 0x5A], count: 48).joined())  // 200 in half precision
            file.tensors["vision_model.post_layernorm.bias"]?.bytes = bias
            var weights = try #require(file.tensors["visual_projection.weight"]).bytes
            for place in stride(from: 0, to: weights.count, by: 4) {
                weights[place + 2] = weights[place]
                weights[place + 3] = weights[place + 1] ^ 0x80
            }
            file.tensors["visual_projection.weight"]?.bytes = weights
        }
        let model = try await CLIPModel.load(directory.path, options: ModelOptions(precision: .auto, threads: 1))
        let description = try await model.engineDescription()
        #expect(description.precision == .fp32, "\(description.reason)")
    }

    @Test func numbersOutOfRangeAreBrought() async throws {
        var options = ModelOptions(threads: 1_000_000, batchSize: -5)
        #expect(options.batchSize == 1)
        options.batchSize = 0
        #expect(options.batchSize == 1)
        let expected = try #require(Expected.shared)
        let model = try await CLIPModel.load(TinyModel.directory.path, options: options)
        #expect(worstLoss(try await model.embed(images: expected.sources), try expected.embeddings("images")) <= 1e-5)
        #expect(try await model.engineDescription().threads <= 4 * ProcessInfo.processInfo.activeProcessorCount)
        options.threads = -3
        #expect(try await CLIPModel.load(TinyModel.directory.path, options: options).engineDescription().threads == 1)
    }

    /// The limit holds for a whole process, so each has its own.
    @Test func runsOnAVX2() async throws {
        await #expect(processExitsWith: .success) { try await runLimited(to: .avx2) }
    }

    @Test func runsWithoutVectorInstructions() async throws {
        await #expect(processExitsWith: .success) { try await runLimited(to: .scalar) }
    }

    @Test func aLaterLimitIsRefused() async throws {
        guard InstructionSet.detected == .avx512 else { return }
        let wide = try await TinyModel.load()
        _ = try await wide.embed(texts: ["a cat"])
        let narrow = try await CLIPModel.load(
            TinyModel.directory.path, options: ModelOptions(instructions: .avx2))
        let error = await #expect(throws: EngineError.self) { try await narrow.embed(texts: ["a cat"]) }
        #expect(error?.description.contains("already runs") == true)
    }
}

/// Embeds with narrower instructions than the processor has, and ends the process.
private func runLimited(to instructions: InstructionSet) async throws {
    let expected = try #require(Expected.shared)
    for precision in [ModelOptions.PrecisionChoice.fp32, .bf16, .int8, .auto] {
        let model = try await CLIPModel.load(
            TinyModel.directory.path,
            options: ModelOptions(precision: precision, threads: 2, instructions: instructions))
        let description = try await model.engineDescription()
        let texts = worstLoss(try await model.embed(texts: expected.texts), try expected.embeddings("texts"))
        let images = worstLoss(try await model.embed(images: expected.sources), try expected.embeddings("images"))
        print("\(description): \(texts), \(images)")
        guard description.instructions <= instructions, description.precision == .fp32, texts <= 1e-5, images <= 1e-5
        else { exit(1) }
    }
    exit(0)
}
