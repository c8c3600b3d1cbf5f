internal import DiptychBasics
public import DiptychEngine
public import DiptychMedia
public import DiptychModels
public import DiptychTensors
public import DiptychTokenizers
internal import Foundation

/// A CLIP model: embeds pictures and texts into one space, where what belongs together lies close.
///
///     let model = try await CLIPModel.load("path/to/clip-vit-base-patch32")
///     let images = try await model.embed(images: [.file("a.jpg"), .file("b.jpg")])
///     let texts = try await model.embed(texts: ["a cat", "一只猫"])
///     print(images.similarity(to: texts)[0, 0])
///
/// A model may be used from any number of tasks at once; forward passes run one after the other, each on all threads.
public final class CLIPModel: Sendable {
    /// The directory or checkpoint file that it was loaded from.
    public let path: String
    /// The path's last component, for messages.
    public var name: String { URL(fileURLWithPath: path).lastPathComponent }
    /// The sizes of its towers.
    public let configuration: CLIPConfiguration
    /// What turns text into ids.
    public let tokenizer: any Tokenizer
    /// What turns pictures into the pixels that it reads.
    public let preprocessing: Preprocessing
    /// What turns cosines into scores: the factor is 100 in OpenAI's models.
    public let logits: LogitParameters
    /// How it is run.
    public let options: ModelOptions

    /// Its tensors as they lie in the files.
    public let checkpoint: Checkpoint

    let room: EngineRoom
    let fingerprints = FingerprintCache()

    /// The width of its embeddings.
    public var dimension: Int { configuration.embeddingDimension }

    private init(_ files: ModelFiles, options: ModelOptions) {
        path = files.path
        configuration = files.configuration
        tokenizer = files.tokenizer
        preprocessing = files.preprocessing
        logits = files.logits
        checkpoint = files.checkpoint
        self.options = options
        room = EngineRoom(files: files, options: options)
    }

    /// Opens the model at `path` and checks all of it; weights are packed when first needed.
    ///
    /// `path` is a Hugging Face directory (CLIP, Chinese-CLIP, SigLIP, SigLIP 2), an open_clip directory, or a checkpoint of
    /// OpenAI CLIP, open_clip or Chinese-CLIP with its vocabulary beside it.
    ///
    /// - Throws: ``ModelError``, `ConfigurationError`, `CheckpointError`, `TokenizerError` or `PreprocessingError`, each
    ///   naming the file and what to do.
    public static func load(_ path: String, options: ModelOptions = ModelOptions()) async throws -> CLIPModel {
        let files = try await WorkerThreads.shared.value {
            try ModelFiles(path: path, activation: options.activation, heads: options.heads)
        }
        return CLIPModel(files, options: options)
    }

    /// What it runs on: instruction set, threads, precision.
    ///
    /// With `precision: .auto` the first call, like the first embedding, measures the loss.
    public func engineDescription() async throws -> EngineDescription { try await room.description() }

    /// A hash of its configuration and weights that any store of its embeddings is bound to.
    ///
    /// It does not depend on how the weights are split over files.
    public func fingerprint() async -> String { await fingerprints.value(of: self) }

    /// What it costs: parameters and operations.
    public func cost(precision: Precision = .fp32) throws -> ModelCost {
        try ModelCost(Parameters(checkpoint), configuration, precision: precision)
    }
}
