import Diptych
import DiptychTestSupport
import Foundation
import Testing

/// A model's fingerprint tells models apart, not the way in which their files are cut.
@Suite struct FingerprintTests {
    static func fingerprint(_ directory: TemporaryDirectory) async throws -> String {
        try await CLIPModel.load(directory.path, options: ModelOptions(threads: 1)).fingerprint()
    }

    @Test func looksLikeSHA256() async throws {
        let fingerprint = try await TinyModel.load().fingerprint()
        #expect(fingerprint.count == 64 && fingerprint.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    }

    @Test(arguments: [2, 5])
    func shardsHaveTheFingerprintOfTheWhole(count: Int) async throws {
        let directory = try TinyModel.copy()
        let whole = try await Self.fingerprint(directory)
        let file = try TensorFile(contentsOf: directory.path("model.safetensors"))
        unlink(directory.path("model.safetensors"))
        var map: [String: String] = [:]
        for shard in 0..<count {
            let name = "model-\(shard + 1)-of-\(count).safetensors"
            let names = file.tensors.keys.sorted().enumerated().filter { $0.offset % count == shard }.map(\.element)
            try directory.write(TensorFile(file.tensors.filter { names.contains($0.key) }).bytes(), to: name)
            for tensor in names { map[tensor] = name }
        }
        try directory.write("{}", to: "model.safetensors.index.json")
        try directory.changeJSON("model.safetensors.index.json") { $0["weight_map"] = map }
        #expect(try await Self.fingerprint(directory) == whole)

        unlink(directory.path("model-1-of-\(count).safetensors"))
        let error = await #expect(throws: (any Error).self) { try await CLIPModel.load(directory.path) }
        #expect(error.map { "\($0)".contains("model-1-of-\(count).safetensors") } == true)
    }

    @Test func oneWeightMakesAnotherModel() async throws {
        let (model, other) = (try await TinyModel.load(), try TinyModel.other())
        #expect(try await Self.fingerprint(other) != model.fingerprint())
    }

    @Test func whatChangesEmbeddingsCounts() async throws {
        var seen: Set = [try await TinyModel.load().fingerprint()]
        let changes: [(String, String, any Sendable)] = [
            ("text_config", "hidden_act", "gelu"), ("vision_config", "hidden_act", "gelu"),
            ("text_config", "num_attention_heads", 4), ("vision_config", "num_attention_heads", 4),
            ("text_config", "layer_norm_eps", 1e-6), ("vision_config", "layer_norm_eps", 1e-6),
            ("text_config", "eos_token_id", 2),
        ]
        for (tower, key, value) in changes {
            let directory = try TinyModel.copy()
            try directory.changeJSON("config.json", under: tower) { $0[key] = value }
            #expect(seen.insert(try await Self.fingerprint(directory)).inserted, "\(key)")
        }
    }

    @Test func whatChangesNothingDoesNotCount() async throws {
        let directory = try TinyModel.copy()
        try directory.changeJSON("config.json") { $0["transformers_version"] = "4.0.0" }
        // The list of positions that older files hold.
        try directory.changeWeights { file in
            let positions = (0..<16).flatMap { withUnsafeBytes(of: Int64($0).littleEndian) { Array($0) } }
            file.tensors["text_model.embeddings.position_ids"] = .init(type: "I64", shape: [1, 16], bytes: positions)
        }
        #expect(try await Self.fingerprint(directory) == TinyModel.load().fingerprint())
    }
}
