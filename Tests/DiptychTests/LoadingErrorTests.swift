import Diptych
import DiptychEngine
import DiptychMedia
import DiptychModels
import DiptychCheckpoints
import DiptychTestSupport
import DiptychTokenizers
import Foundation
import Testing

/// A way to damage a model directory, and what the error must say.
struct Damage: CustomTestStringConvertible {
    let testDescription: String
    let words: [String]
    let apply: @Sendable (TemporaryDirectory) throws -> Void

    init(_ name: String, says words: String..., apply: @escaping @Sendable (TemporaryDirectory) throws -> Void) {
        testDescription = name
        self.words = words
        self.apply = apply
    }

    static func config(_ tower: String, _ key: String, _ value: any Sendable, says words: String...) -> Damage {
        Damage("\(tower) \(key) = \(value)", words) { directory in
            try directory.changeJSON("config.json", under: tower) { $0[key] = value }
        }
    }

    static func processor(_ key: String, _ value: any Sendable) -> Damage {
        Damage("\(key) = \(value)", ["preprocessor_config.json"]) { directory in
            try directory.changeJSON("preprocessor_config.json") { $0[key] = value }
        }
    }

    private init(_ name: String, _ words: [String], apply: @escaping @Sendable (TemporaryDirectory) throws -> Void) {
        testDescription = name
        self.words = words
        self.apply = apply
    }

    static let configuration: [Damage] = [
        .config("text_config", "hidden_act", "swish", says: "config.json", "hidden_act", "swish", "quick_gelu"),
        .config("vision_config", "hidden_act", 7, says: "config.json", "hidden_act"),
        .config("text_config", "hidden_size", "wide", says: "config.json", "hidden_size"),
        .config("text_config", "hidden_size", -32, says: "config.json", "hidden_size"),
        .config("text_config", "hidden_size", 1e300, says: "config.json", "hidden_size"),
        .config("text_config", "num_attention_heads", 5, says: "config.json", "heads"),
        .config("text_config", "num_hidden_layers", 3, says: "model.safetensors", "layers.2"),
        .config("text_config", "num_hidden_layers", 1, says: "model.safetensors", "layers.1"),
        .config("text_config", "num_hidden_layers", 0, says: "config.json", "num_hidden_layers"),
        .config("text_config", "num_hidden_layers", 16_000_000, says: "model.safetensors", "layers.2"),
        .config("text_config", "vocab_size", 900, says: "model.safetensors", "token_embedding", "873", "900"),
        .config("text_config", "eos_token_id", 5, says: "5", "872"),
        .config("text_config", "max_position_embeddings", 15, says: "position_embedding", "15", "16"),
        .config("text_config", "layer_norm_eps", -1, says: "config.json", "layer_norm_eps"),
        .config("vision_config", "image_size", 64, says: "model.safetensors", "position_embedding"),
        .config("vision_config", "patch_size", 7, says: "config.json", "patch_size"),
        .config("vision_config", "patch_size", 0, says: "config.json", "patch_size"),
        .config("vision_config", "num_channels", 4, says: "config.json", "num_channels"),
        Damage("another family", says: "config.json", "bert", "clip") { directory in
            try directory.changeJSON("config.json") { $0["model_type"] = "bert" }
        },
        Damage("a tower that is no object", says: "config.json", "vision_config") { directory in
            try directory.changeJSON("config.json") { $0["vision_config"] = [1] }
        },
        Damage("no context", says: "start and an end") { directory in
            try directory.changeJSON("config.json", under: "text_config") { $0["max_position_embeddings"] = 1 }
            try directory.changeWeights { file in
                file.tensors["text_model.embeddings.position_embedding.weight"]?.shape = [1, 32]
                file.tensors["text_model.embeddings.position_embedding.weight"]?.bytes.removeLast(15 * 64)
            }
        },
        Damage("a tokenizer bigger than the table", says: "873", "870") { directory in
            try directory.changeJSON("config.json", under: "text_config") { $0["vocab_size"] = 870 }
            try directory.changeWeights { file in
                file.tensors["text_model.embeddings.token_embedding.weight"]?.shape = [870, 32]
                file.tensors["text_model.embeddings.token_embedding.weight"]?.bytes.removeLast(3 * 64)
            }
        },
    ]

    static let processing: [Damage] = [
        .processor("crop_size", ["height": 64, "width": 64]), .processor("crop_size", ["height": 32, "width": 31]),
        .processor("do_center_crop", false), .processor("crop_size", -1), .processor("size", 0),
        .processor("size", "large"), .processor("resample", 9), .processor("image_std", [0.0, 1.0, 1.0]),
        .processor("image_mean", [1.0, 1.0]), .processor("image_processor_type", "OtherImageProcessor"),
    ]

    static let weights: [Damage] = [
        Damage("a missing tensor", says: "model.safetensors", "visual_projection.weight", "missing") { directory in
            try directory.changeWeights { $0.tensors["visual_projection.weight"] = nil }
        },
        Damage("no logit scale", says: "model.safetensors", "logit_scale") { directory in
            try directory.changeWeights { $0.tensors["logit_scale"] = nil }
        },
        Damage("an unused tensor", says: "model.safetensors", "classifier.weight") { directory in
            try directory.changeWeights {
                $0.tensors["classifier.weight"] = .init(type: "F16", shape: [1], bytes: [0, 0])
            }
        },
        Damage("a transposed tensor", says: "model.safetensors", "[48, 24]", "[24, 48]") { directory in
            try directory.changeWeights { $0.tensors["visual_projection.weight"]?.shape = [48, 24] }
        },
        Damage("whole numbers", says: "model.safetensors", "I16") { directory in
            try directory.changeWeights { $0.tensors["visual_projection.weight"]?.type = "I16" }
        },
        Damage("an infinite logit scale", says: "model.safetensors", "logit_scale") { directory in
            try directory.changeWeights { $0.tensors["logit_scale"]?.bytes = [0x00, 0x7C] }
        },
        Damage("a cut file", says: "model.safetensors") { directory in
            try directory.write(Array(directory.bytes("model.safetensors").dropLast(2)), to: "model.safetensors")
        },
        Damage("an empty file", says: "model.safetensors") { try $0.write("", to: "model.safetensors") },
    ]

    /// What may stand where a file is expected.
    static let replaced: [Damage] = TinyModel.files.flatMap { name in
        // A list of merges may be empty: that is a vocabulary of letters.
        let texts = name == "merges.txt" ? [] : [""]
        return [
            Damage("no \(name)", says: "") { unlink($0.path(name)) },
            Damage("a folder \(name)", says: name) {
                unlink($0.path(name))
                try $0.makeFolder(name)
            },
        ]
            + (texts + ["{", "[]", "null", "\"x\"", "\u{0}", String(repeating: "[", count: 200_000)]).map { text in
                Damage("\(name) = \(text.prefix(4).debugDescription)", says: name) { try $0.write(text, to: name) }
            }
    }
}

/// Whatever is wrong with a model directory: an error of this package, in one line, that names the path.
@Suite struct LoadingErrorTests {
    static func isOurs(_ error: any Error) -> Bool {
        error is ModelError || error is ConfigurationError || error is CheckpointError || error is TokenizerError
            || error is PreprocessingError || error is EngineError
    }

    @Test(arguments: Damage.configuration + Damage.processing + Damage.weights)
    func namesWhatIsWrong(damage: Damage) async throws {
        let directory = try TinyModel.copy()
        try damage.apply(directory)
        let error = try await #require(throws: (any Error).self) { try await CLIPModel.load(directory.path) }
        let message = "\(error)"
        #expect(Self.isOurs(error), "\(type(of: error))")
        #expect(message.contains(directory.path) && !message.contains("\n"), "\(message)")
        for word in damage.words where !word.isEmpty { #expect(message.contains(word), "\(message)") }
    }

    @Test(arguments: Damage.replaced)
    func refusesOtherFiles(damage: Damage) async throws {
        let directory = try TinyModel.copy()
        try damage.apply(directory)
        let error = try await #require(throws: (any Error).self) { try await CLIPModel.load(directory.path) }
        let message = "\(error)"
        #expect(Self.isOurs(error), "\(type(of: error)): \(message)")
        #expect(message.contains(directory.path) && !message.contains("\n") && message.count < 1000, "\(message)")
        for word in damage.words where !word.isEmpty { #expect(message.contains(word), "\(message)") }
    }

    @Test func refusesPathsThatAreNoDirectories() async throws {
        let file = TinyModel.directory.appendingPathComponent("config.json").path
        for path in ["/none/such", "", file, "a\0b", "/dev/null"] {
            let error = try await #require(throws: ModelError.self) { try await CLIPModel.load(path) }
            #expect(!"\(error)".contains("\n") && (path.isEmpty || "\(error)".contains(path)), "\(error)")
        }
    }

    @Test(arguments: [ModelOptions.PrecisionChoice.fp32, .bf16, .int8, .auto])
    func refusesToEmbedWithDamagedWeights(precision: ModelOptions.PrecisionChoice) async throws {
        let directory = try TinyModel.copy()
        try directory.changeWeights { file in
            file.tensors["vision_model.encoder.layers.0.mlp.fc1.bias"]?.bytes.replaceSubrange(0..<2, with: [1, 0x7E])
            file.tensors["text_projection.weight"]?.bytes = [UInt8](repeating: 0, count: 24 * 32 * 2)
        }
        let model = try await CLIPModel.load(
            directory.path, options: ModelOptions(precision: precision, threads: 1))
        var generator = SeededGenerator(1)
        let image = ImageSource.data(try generator.png(), label: "picture")
        for error in [
            try await #require(throws: ModelError.self) { try await model.embed(images: [image]) },
            try await #require(throws: ModelError.self) { try await model.embed(texts: ["a cat"]) },
            try await #require(throws: ModelError.self) { try await model.classifier(labels: ["cat"]) },
        ] {
            #expect(error.description.contains(directory.path) && !error.description.contains("\n"), "\(error)")
        }
    }

    @Test(arguments: TinyModel.files)
    func survivesMutations(name: String) async throws {
        let directory = try TinyModel.copy()
        let original = try directory.bytes(name)
        var generator = SeededGenerator(UInt64(name.utf8.count))
        for _ in 0..<80 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                // Most of a checkpoint is numbers, in which no mistake is possible.
                let place = Int.random(in: 0..<min(bytes.count, 12_000), using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: "0,{\"-\n".utf8.shuffled(using: &generator), at: place)
                default: bytes.removeSubrange(place..<min(bytes.count, place + 100))
                }
            }
            try directory.write(bytes, to: name)
            do {
                let model = try await CLIPModel.load(directory.path, options: ModelOptions(threads: 1))
                _ = try await model.embed(texts: ["a photo of a cat", "一只猫"])
            } catch {
                #expect(Self.isOurs(error), "\(type(of: error)): \(error)")
                #expect("\(error)".contains(directory.path) && !"\(error)".contains("\n"), "\(error)")
            }
        }
    }
}
