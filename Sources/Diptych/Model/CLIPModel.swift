internal import DiptychEngine
public import DiptychMedia
public import DiptychModels
internal import DiptychCheckpoints
public import DiptychTokenizers

/// A CLIP model: embeds images and texts into one space, where what belongs together lies close.
///
///     let model = try await CLIPModel.load("path/to/clip-vit-base-patch32")
///     let images = try await model.embed(images: [.file("a.jpg"), .file("b.jpg")])
///     let texts = try await model.embed(texts: ["a cat", "一只猫"])
///     print(images.similarity(to: texts)[0, 0])
///
/// A model may be used from any number of tasks at once; forward passes run one after the other, each on all threads.
public final class CLIPModel: DualEncoder, CheckpointModel {
    /// The directory or checkpoint file that it was loaded from.
    public let path: String
    /// Images and texts.
    public let kinds: Set<InputKind> = [.image, .text]
    /// The sizes of its towers.
    public let configuration: CLIPConfiguration
    /// The tokenizer, which turns text into ids.
    public let tokenizer: any Tokenizer
    /// The preprocessing that turns images into the pixels it reads.
    public let preprocessing: Preprocessing
    /// What turns cosines into scores: the factor is 100 in OpenAI's models.
    public let logits: LogitParameters
    /// The engine that runs it.
    public let runner: ModelRunner

    init(_ files: ModelFiles, options: ModelOptions) {
        path = files.path
        configuration = files.configuration
        tokenizer = files.tokenizer
        preprocessing = files.preprocessing
        logits = files.logits
        runner = ModelRunner(definition: files.configuration, checkpoint: files.checkpoint, options: options)
    }

    init(
        path: String, configuration: CLIPConfiguration, tokenizer: any Tokenizer, preprocessing: Preprocessing,
        logits: LogitParameters, checkpoint: Checkpoint, options: ModelOptions
    ) {
        (self.path, self.configuration, self.tokenizer) = (path, configuration, tokenizer)
        (self.preprocessing, self.logits) = (preprocessing, logits)
        runner = ModelRunner(definition: configuration, checkpoint: checkpoint, options: options)
    }

    /// Opens the model at `path` and checks all of it; weights are packed when first needed.
    ///
    /// `path` is a Hugging Face directory (CLIP, Chinese-CLIP, SigLIP, SigLIP 2), an open_clip directory, or a checkpoint of
    /// OpenAI CLIP, open_clip or Chinese-CLIP with its vocabulary beside it. ``ModelLoader`` opens models of other kinds too.
    ///
    /// - Throws: ``ModelError``, `ConfigurationError`, `CheckpointError`, `TokenizerError` or `PreprocessingError`, each
    ///   naming the file and what to do.
    public static func load(_ path: String, options: ModelOptions = ModelOptions()) async throws -> CLIPModel {
        let model = try await ModelLoader.load(path, options: options)
        guard let model = model as? CLIPModel else {
            _ = try model.requireTexts()
            throw ModelError("\(path): is not a CLIP model; open it with ModelLoader.load")
        }
        return model
    }
}
