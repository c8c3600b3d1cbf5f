import Diptych
import DiptychCheckpoints
import DiptychTestSupport
import Foundation
import Testing

/// Small complete models in every published layout, from strings and files to embeddings, against the projects' own code
/// (Scripts/fixtures/layouts.py).
@Suite struct LayoutTests {
    /// A layout: the fixture's folder, the file or directory to load, and the tokeniser's files.
    struct Layout: Sendable, CustomTestStringConvertible {
        let name: String
        var file: String?
        let vocabulary: String
        var activation: Activation?
        var heads: HeadCounts?
        var testDescription: String { "\(name) \(file ?? "")" }
    }

    /// Towers of 64 numbers (Scripts/fixtures/layouts.py), which nobody published.
    private static let one = HeadCounts(image: 1, text: 1)

    static let layouts = [
        Layout(name: "openai", file: "archive.pt", vocabulary: "original"),
        Layout(name: "openai", file: "state-dict.pt", vocabulary: "original", activation: .quickGELU, heads: one),
        Layout(name: "openclip", vocabulary: "original"),
        Layout(name: "chinese", vocabulary: "wordpiece", heads: one),
        Layout(name: "chinese-hugging-face", vocabulary: "wordpiece"),
        Layout(name: "siglip", vocabulary: "unigram"), Layout(name: "siglip2", vocabulary: "gemma"),
    ]

    static let tests = TinyModel.directory.deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let fixtures = tests.appendingPathComponent("DiptychTests/Fixtures/layouts")

    struct Inputs: Decodable {
        let texts: [String]
        let pictures: [String]
    }

    static func inputs() throws -> Inputs {
        try JSONDecoder().decode(Inputs.self, from: Data(contentsOf: fixtures.appendingPathComponent("inputs.json")))
    }

    /// A directory with the model's files and its vocabulary, as a download would leave it.
    static func assemble(_ layout: Layout) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let vocabularies = tests.appendingPathComponent("DiptychTokenizersTests/Fixtures/\(layout.vocabulary)")
        for folder in [fixtures.appendingPathComponent(layout.name), vocabularies] {
            for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
                let name = file.lastPathComponent
                if name == "expected.safetensors" { continue }
                if name.hasSuffix(".pt"), let wanted = layout.file, name != wanted { continue }
                try directory.write([UInt8](Data(contentsOf: file)), to: name)
            }
        }
        return directory
    }

    static func load(
        _ layout: Layout, _ precision: ModelOptions.PrecisionChoice = .fp32, in directory: TemporaryDirectory
    ) async throws -> CLIPModel {
        try await CLIPModel.load(
            directory.path,
            options: ModelOptions(precision: precision, threads: 2, activation: layout.activation, heads: layout.heads))
    }

    @Test(arguments: layouts, [(ModelOptions.PrecisionChoice.fp32, 1e-5), (.bf16, 2e-3), (.int8, 5e-3)])
    func embeddingsAgree(layout: Layout, precision: (ModelOptions.PrecisionChoice, Double)) async throws {
        let directory = try Self.assemble(layout)
        let model = try await Self.load(layout, precision.0, in: directory)
        let inputs = try Self.inputs()
        let expected = try SafetensorsFile(
            url: Self.fixtures.appendingPathComponent("\(layout.name)/expected.safetensors")
        ).tensors
        func reference(_ name: String) throws -> Embeddings {
            Embeddings(values: try #require(expected[name]).floats(), dimension: model.dimension)
        }
        var options = ImageOptions()
        options.appliesOrientation = false
        let images = try await model.embed(
            images: inputs.pictures.map { .file(Self.tests.appendingPathComponent($0).path) }, options: options)
        let imageLoss = worstLoss(images, try reference("images"))
        #expect(imageLoss <= precision.1)
        let texts = try await model.embed(texts: inputs.texts)
        let textLoss = worstLoss(texts, try reference("texts"))
        #expect(textLoss <= precision.1)
        print("\(layout.testDescription) \(precision.0): images \(imageLoss), texts \(textLoss)")
    }

    @Test(arguments: layouts)
    func theFileAndItsDirectoryAreTheSameModel(layout: Layout) async throws {
        let directory = try Self.assemble(layout)
        let whole = try await Self.load(layout, in: directory)
        let weights = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            .first { $0.hasSuffix(".pt") || $0.hasSuffix(".safetensors") }
        let file = try await CLIPModel.load(
            directory.path(try #require(weights)),
            options: ModelOptions(threads: 2, activation: layout.activation, heads: layout.heads))
        #expect(await whole.fingerprint() == file.fingerprint())
    }

    @Test func anActivationThatIsNotStatedHasToBe() async throws {
        let directory = try Self.assemble(Self.layouts[1])
        let error = try await #require(throws: (any Error).self) { try await CLIPModel.load(directory.path) }
        #expect("\(error)".contains("state-dict.pt") && "\(error)".contains("quick_gelu"), "\(error)")
    }

    @Test func headsThatAreNotStatedHaveToBe() async throws {
        let directory = try Self.assemble(Self.layouts[1])
        let options = ModelOptions(activation: .quickGELU)
        let error = try await #require(throws: (any Error).self) {
            try await CLIPModel.load(directory.path, options: options)
        }
        #expect("\(error)".contains("state-dict.pt") && "\(error)".contains("--heads"), "\(error)")
    }

    @Test(arguments: layouts.filter { $0.heads == nil })
    func knownHeadsAreNotOverruled(layout: Layout) async throws {
        let directory = try Self.assemble(layout)
        let error = try await #require(throws: (any Error).self) {
            try await CLIPModel.load(directory.path, options: ModelOptions(heads: HeadCounts(image: 32, text: 32)))
        }
        #expect("\(error)".contains("heads"), "\(error)")
    }

    @Test(arguments: layouts.filter { $0.activation == nil })
    func aKnownActivationIsNotOverruled(layout: Layout) async throws {
        let directory = try Self.assemble(layout)
        let wrong: Activation = layout.name == "openclip" ? .quickGELU : .gelu
        let error = try await #require(throws: ModelError.self) {
            try await CLIPModel.load(directory.path, options: ModelOptions(activation: wrong, heads: layout.heads))
        }
        #expect("\(error)".contains("its activation is"), "\(error)")
    }

    @Test(arguments: layouts)
    func aMissingVocabularyIsNamed(layout: Layout) async throws {
        let directory = try Self.assemble(layout)
        for name in ["bpe_simple_vocab_16e6.txt.gz", "vocab.txt", "tokenizer.json"] {
            try? FileManager.default.removeItem(atPath: directory.path(name))
        }
        let error = try await #require(throws: (any Error).self) { try await Self.load(layout, in: directory) }
        #expect(
            "\(error)".contains(directory.path)
                && "\(error)".contains(layout.name.hasPrefix("siglip") ? "tokenizer.json" : "vocab"), "\(error)")
    }

    @Test func strangeCheckpointsAreNamedWithTheKnownFamilies() async throws {
        let directory = try Self.assemble(Self.layouts[3])
        let other = try TemporaryDirectory()
        try other.write(
            [UInt8](Data(contentsOf: Self.fixtures.appendingPathComponent("siglip/model.safetensors"))),
            to: "weights.safetensors")
        let error = try await #require(throws: (any Error).self) { try await CLIPModel.load(other.path) }
        #expect("\(error)".contains("no known family") && "\(error)".contains("Chinese-CLIP"), "\(error)")
        try directory.write([1, 2, 3], to: "second.pt")
        let several = try await #require(throws: ModelError.self) { try await CLIPModel.load(directory.path) }
        #expect("\(several)".contains("2 checkpoints") && "\(several)".contains("second.pt"), "\(several)")
        let broken = try await #require(throws: (any Error).self) {
            try await CLIPModel.load(directory.path("second.pt"))
        }
        #expect("\(broken)".contains("second.pt"), "\(broken)")
        for file in ["epoch_latest.pt", "second.pt"] {
            try FileManager.default.removeItem(atPath: directory.path(file))
        }
        let empty = try await #require(throws: ModelError.self) { try await CLIPModel.load(directory.path) }
        #expect("\(empty)".contains("no checkpoint"), "\(empty)")
    }

    @Test func aConfigurationThatChangesTheModelIsFollowedOrRefused() async throws {
        let layout = Self.layouts[2]
        for (key, value) in [("timm_model_name", "vit" as Any), ("attentional_pool", true), ("no_ln_pre", true)] {
            let directory = try Self.assemble(layout)
            try directory.changeJSON("open_clip_config.json", under: "model_cfg") { model in
                var vision = model["vision_cfg"] as? [String: Any] ?? [:]
                vision[key] = value
                model["vision_cfg"] = vision
            }
            let error = try await #require(throws: (any Error).self) { try await Self.load(layout, in: directory) }
            #expect("\(error)".contains(key), "\(error)")
        }
    }
}
