public import ArgumentParser
public import Diptych
import DiptychEngine
import DiptychModels
import Foundation

extension ModelOptions.PrecisionChoice: ExpressibleByArgument {
    /// The names of the formats, and those of Chinese-CLIP's scripts for GPUs, whose evaluation computes in 32 bits for `amp`.
    public init?(argument: String) { self.init(rawValue: ["amp": "fp32", "fp16": "fp32"][argument] ?? argument) }
}

/// The non-linearities that a checkpoint may have been trained with.
enum ActivationChoice: String, ExpressibleByArgument, CaseIterable {
    case quickGELU = "quick_gelu"
    case gelu

    var activation: Activation { self == .gelu ? .gelu : .quickGELU }
}

/// `16`, or `16,12` for the image and the text tower.
struct HeadsArgument: ExpressibleByArgument {
    let counts: HeadCounts

    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard let image = numbers.first ?? nil, let text = numbers.last ?? nil, numbers.count <= 2,
            (1...4096).contains(image), (1...4096).contains(text)
        else { return nil }
        counts = HeadCounts(image: image, text: text)
    }
}

extension ImageOptions.Decode: ExpressibleByArgument {}

/// The options of every command that uses a model.
struct ModelArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A model's directory, checkpoint file or FILE.img.onnx with its text file beside, a name of `diptych models list`, or `demo` (default: of a store that has \
            a model, that one; else $DIPTYCH_MODEL, else the demo model).
            """,
            valueName: "model"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "cpu (built in), torch, or cuda with a device's number, as in cuda:1; see `diptych engine list`.",
            valueName: "engine"))
    var engine = EngineChoice.cpu

    @Option(help: "The number format; auto: the fastest whose measured loss is negligible.")
    var precision = ModelOptions.PrecisionChoice.fp32

    @Option(help: "What a checkpoint that does not say was trained with: quick_gelu (OpenAI's) or gelu (open_clip's).")
    var activation: ActivationChoice?

    @Option(
        help: ArgumentHelp(
            """
            The attention heads of a checkpoint that does not say: one number for both towers, or those of the image and the \
            text tower, as in 16,12.
            """, valueName: "heads"))
    var heads: HeadsArgument?

    @Option(parsing: .unconditional, help: "The number of threads (default: one a physical core).")
    var threads: Int?

    @Flag(name: .customLong("strict-length"), help: "Refuse texts that are longer than the model reads.")
    var refusesLongTexts = false

    @Flag(name: .customLong("no-orientation"), help: "Leave images as stored, whatever their EXIF orientation.")
    var ignoresOrientation = false

    @Option(
        help: ArgumentHelp(
            """
            exact: every pixel as Pillow gives it (the default); fast: large JPEG files at a fraction of their size, which \
            changes embeddings a little. A store keeps to what it was made with.
            """))
    var decode: ImageOptions.Decode?

    @OptionGroup var reading: ImageArguments

    @Flag(help: "No progress and no notices on standard error.")
    var quiet = false

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads must be 1 to 1024, not \(threads).")
        }
        _ = try instructions()
    }

    /// How images are read.
    var images: ImageOptions {
        var options = ImageOptions()
        options.appliesOrientation = !ignoresOrientation
        options.decode = decode ?? .exact
        reading.apply(to: &options)
        return options
    }

    /// Opens the model that the options, the environment or the defaults name.
    func load() async throws -> any Embedder {
        try await load(path: ModelLocation(model).announced(isQuiet: quiet).path)
    }

    /// Opens the model that the options, the environment or the defaults name, which must embed texts.
    ///
    /// - Throws: `ModelError` where it has no text tower.
    func loadDualEncoder() async throws -> any DualEncoder { try await load().requireTexts() }

    /// Opens the model that the options, the environment or the defaults name, which must be of the CLIP family.
    ///
    /// - Throws: ``Failure`` where it is not.
    func loadCLIP(for purpose: String) async throws -> CLIPModel {
        let model = try await load()
        guard let clip = model as? CLIPModel else { throw Failure("\(model.name) is not a CLIP model; \(purpose)") }
        return clip
    }

    /// Opens the model that the options, the environment or the defaults name, with its checkpoint.
    ///
    /// - Throws: ``Failure`` where it does not run here.
    func loadCheckpoint() async throws -> any CheckpointModel {
        let model = try await load()
        guard let checkpoint = model as? any CheckpointModel else {
            throw Failure("\(model.name) does not run from a checkpoint on this machine")
        }
        return checkpoint
    }

    /// Opens the model at `path`.
    func load(path: String, batchSize: Int? = nil) async throws -> any Embedder {
        var options = ModelOptions(
            precision: precision, threads: threads, instructions: try instructions(),
            activation: activation?.activation, heads: heads?.counts)
        if ONNXFileModel.isNamed(path) {
            options.cudaDevice = try engine.cudaDeviceForONNX(path)
        } else {
            options.engine = try engine.factory()
        }
        if let batchSize { options.batchSize = batchSize }
        options.refusesLongTexts = refusesLongTexts
        if !quiet { options.onTruncation = { Console.say("warning: \($0)") } }
        let loaded = try await ModelLoader.load(path, options: options)
        guard !quiet, precision != .fp32 else { return loaded }
        let engine = try await loaded.engineDescription()
        Console.say("precision: \(engine.precision.rawValue) (\(engine.reason))")
        return loaded
    }

    /// The instruction set that `DIPTYCH_ISA` forces, if any.
    private func instructions() throws -> InstructionSet? {
        guard let name = ProcessInfo.processInfo.environment["DIPTYCH_ISA"], !name.isEmpty else { return nil }
        guard let set = InstructionSet(rawValue: name) else {
            let known = InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("DIPTYCH_ISA is '\(name)'; known are \(known).")
        }
        return set
    }
}

/// The option of commands that may fetch images.
struct FetchArguments: ParsableArguments {
    @Flag(
        name: .customLong("allow-private-urls"),
        help: "Also fetch from this machine and private networks, which URLs from strangers must not reach.")
    var allowsPrivateURLs = false

    var options: FetchOptions {
        var options = FetchOptions()
        if allowsPrivateURLs { options.addresses = .everywhere }
        return options
    }
}
