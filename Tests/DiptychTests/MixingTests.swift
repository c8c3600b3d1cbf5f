import Diptych
import DiptychCheckpoints
import DiptychModels
import DiptychTestSupport
import Foundation
import Testing

/// Models whose weights are means of others'.
@Suite struct MixingTests {
    /// The tiny model with all weights multiplied.
    private func scaled(_ factor: Float) async throws -> CLIPModel {
        let model = try await TinyModel.load()
        var tensors: [String: TensorView] = [:]
        for (name, tensor) in model.runner.checkpoint.tensors {
            guard !CLIPConfiguration.isNoParameter(name) else { continue }
            tensors[name] = TensorView(name: name, shape: tensor.shape, floats: tensor.floats().map { factor * $0 })
        }
        return try model.with(Checkpoint(path: "scaled", tensors: tensors), model.configuration)
    }

    private func weights(_ model: CLIPModel) throws -> [String: [Float]] {
        try model.configuration.trainingTensors(of: model.runner.checkpoint).checkpoint.tensors
            .filter { !CLIPConfiguration.isNoParameter($0.key) }.mapValues { $0.floats() }
    }

    @Test func `weights are means by the shares`() async throws {
        let (one, two) = try await (scaled(1), scaled(2))
        for share in [0, 0.25, 1] {
            let mixed = try weights(CLIPModel.mixed([(one, 1 - share), (two, share)]))
            let expected = try weights(one).mapValues { $0.map { Float(1 + share) * $0 } }
            #expect(mixed.keys == expected.keys && mixed.count > 10)
            for (name, values) in expected {
                let found = try #require(mixed[name])
                #expect(zip(found, values).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($1)) }, "\(name)")
            }
        }
        let soup = try weights(CLIPModel.mixed([(one, 0.5), (two, 0.25), (two, 0.25)]))
        let half = try weights(CLIPModel.mixed([(one, 0.5), (two, 0.5)]))
        #expect(soup == half)
    }

    @Test func `a model mixed with itself embeds as before, also when it is written and opened`() async throws {
        let model = try await TinyModel.load()
        let mixed = try CLIPModel.mixed([(model, 0.5), (model, 0.5)])
        let output = try TemporaryDirectory()
        try await mixed.save(to: output.path("mixed"))
        let written = try await CLIPModel.load(output.path("mixed"), options: ModelOptions(threads: 2))
        let texts = ["a red star", "word word"]
        let (before, after) = try await (model.embed(texts: texts), written.embed(texts: texts))
        #expect(before.similarity(to: after)[0, 0] > 0.99999 && before.similarity(to: after)[1, 1] > 0.99999)
    }

    @Test func `shares that do not add up are refused`() async throws {
        let model = try await TinyModel.load()
        #expect(throws: ModelError.self) { try CLIPModel.mixed([(model, 0.5), (model, 0.6)]) }
        #expect(throws: ModelError.self) { try CLIPModel.mixed([(model, .nan), (model, 0.6)]) }
        #expect(throws: ModelError.self) { try CLIPModel.mixed([]) }
    }
}
