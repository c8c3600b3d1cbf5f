internal import DiptychBasics
internal import DiptychEngine
public import DiptychMedia
public import DiptychModels
internal import DiptychCheckpoints
public import DiptychTokenizers
internal import Foundation

/// A ViCLIP: embeds clips of video, single images and texts into one space.
///
/// Source: Wang et al. 2023, "InternVid" (arXiv 2307.06942).
public final class ViCLIPModel: DualEncoder, CheckpointModel {
    /// The directory or checkpoint file that it was loaded from.
    public let path: String
    /// Clips, images and texts.
    public let kinds: Set<InputKind> = [.video, .image, .text]
    /// The sizes of its towers.
    public let configuration: ViCLIPConfiguration
    /// CLIP's tokenizer, for texts of at most 32 tokens.
    public let tokenizer: any Tokenizer
    /// The demo's: whatever an image's proportions, 224 × 224 pixels, normalised by ImageNet's numbers.
    public let preprocessing: Preprocessing
    /// The demo's factor of 100, which is fixed and not the checkpoint's temperature.
    public let logits = LogitParameters(scale: 100, bias: nil)
    /// The engine that runs it.
    public let runner: ModelRunner

    /// Checks all tensors of a checkpoint; weights are packed when first needed.
    ///
    /// - Parameter directory: where the vocabulary lies.
    init(_ checkpoint: Checkpoint, path: String, directory: URL, options: ModelOptions) throws {
        self.path = path
        configuration = try ViCLIPConfiguration(inferredFrom: checkpoint, heads: options.heads)
        if let activation = options.activation, activation != .quickGELU {
            throw ModelError(
                "\(path): its activation is quick_gelu, and stating another would give wrong embeddings; omit the option"
            )
        }
        let root = Parameters(checkpoint)
        _ = try ModelCost(root, configuration)
        try root.finish(ignoring: configuration.isNoParameter)
        preprocessing = try Preprocessing(
            size: configuration.imageSize, squash: true, mean: .imageNetMean, std: .imageNetStd, filter: .bilinear,
            convention: .torchvisionRGB)
        var tokenizer = try CLIPTokenizer.load(directory: directory, cleaning: .original)
        tokenizer.contextLength = configuration.text.contextLength
        guard tokenizer.vocabularySize <= configuration.text.vocabularySize else {
            throw ModelError(
                "\(path): the tokenizer has \(tokenizer.vocabularySize) ids, the model's table only \(configuration.text.vocabularySize)"
            )
        }
        self.tokenizer = tokenizer
        runner = ModelRunner(definition: configuration, checkpoint: checkpoint, options: options)
    }

    /// Whether the `config.json` of a directory names this architecture.
    static func isNamed(in directory: URL) -> Bool {
        guard let data = FileManager.default.contents(atPath: directory.appendingPathComponent("config.json").path),
            let members = try? JSONParser.parse(data), case .array(let names)? = members["architectures"]
        else { return false }
        return names.contains { $0.string == "ViCLIP" }
    }

    /// The embeddings of texts that are ids already, each at least one and at most as many as the model's context.
    ///
    /// - Throws: ``ModelError`` when a text has no ids, `EngineError` when it is too long or an id is unknown.
    public func embed(tokenized texts: [TokenizedText], normalize: Bool) async throws -> Embeddings {
        if let empty = texts.firstIndex(where: \.ids.isEmpty) {
            throw ModelError("text \(empty + 1) has no ids: it needs at least a start and an end")
        }
        var values: [Float] = []
        for start in stride(from: 0, to: texts.count, by: 32) {
            try Task.checkCancellation()
            values += try await runner.encode(TokenBatch(texts[start..<min(start + 32, texts.count)].map(\.ids)))
        }
        return try checked(values, normalize: normalize)
    }
}

extension ViCLIPModel: VideoEmbedder {
    /// 8 in the published models.
    public var frames: Int { configuration.frames }

    /// The embeddings of clips, all of the same number of frames, in their order.
    ///
    /// - Throws: ``ModelError`` for clips of different lengths.
    public func embed(clips: [[Image]], normalize: Bool) async throws -> Embeddings {
        guard let frames = clips.first?.count else { return Embeddings(values: [], dimension: dimension) }
        guard frames > 0, clips.allSatisfy({ $0.count == frames }) else {
            throw ModelError("clips that are embedded together have the same number of frames, at least 1")
        }
        var values: [Float] = []
        let side = configuration.imageSize
        for clip in clips {
            try Task.checkCancellation()
            // OpenCV's resize first; after it, that of the preprocessing has nothing left to do.
            let pixels = try clip.flatMap {
                try preprocessing.pixels(of: $0.resizedAsOpenCV(width: side, height: side))
            }
            values += try await runner.encode(
                clips: PixelBatch(values: pixels, count: frames, size: side), frames: frames)
        }
        return try checked(values, normalize: normalize)
    }
}
