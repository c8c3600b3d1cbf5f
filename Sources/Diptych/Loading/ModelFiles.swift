internal import DiptychEngine
internal import DiptychMedia
internal import DiptychModels
internal import DiptychCheckpoints
internal import DiptychTokenizers
internal import Foundation

/// What a model's files hold, read and checked, but nothing computed yet.
struct ModelFiles {
    let path: String
    let configuration: CLIPConfiguration
    let checkpoint: Checkpoint
    let tokenizer: any Tokenizer
    let preprocessing: Preprocessing
    /// What turns cosines into scores.
    let logits: LogitParameters

    /// Opens the model at `path`, of any layout that is known.
    ///
    /// - Parameters:
    ///   - opened: the checkpoint of an original layout, where it is open already.
    ///   - path: the path that was given, for messages.
    ///   - activation: the feed-forward non-linearity of a checkpoint that does not say.
    ///   - heads: the attention heads of a checkpoint that does not say.
    init(
        _ layout: ModelLayout, _ opened: Checkpoint? = nil, path: String, activation: Activation?, heads: HeadCounts?
    ) throws {
        self.path = layout.path
        switch layout {
        case .huggingFace(let directory):
            configuration = try CLIPConfiguration(huggingFace: directory.appendingPathComponent("config.json"))
            checkpoint = try Checkpoint(at: directory)
            preprocessing = try Preprocessing(modelDirectory: directory)
        case .openCLIP(let directory, let weights):
            let file = directory.appendingPathComponent("open_clip_config.json")
            configuration = try CLIPConfiguration(openCLIP: file)
            checkpoint = try Checkpoint(at: weights ?? directory)
            preprocessing = try Preprocessing(openCLIP: file, size: configuration.vision.imageSize)
        case .original(let file):
            checkpoint = try opened ?? Checkpoint(at: file)
            configuration = try CLIPConfiguration(inferredFrom: checkpoint, activation: activation, heads: heads)
            preprocessing = try Preprocessing(
                original: configuration.family == .chineseCLIP, size: configuration.vision.imageSize)
        }
        if let activation, activation != configuration.vision.activation {
            throw ModelError(
                "\(path): its activation is \(configuration.vision.activation.rawValue), and stating another would give wrong "
                    + "embeddings; omit the option")
        }
        let known = HeadCounts(image: configuration.vision.heads, text: configuration.text.heads)
        if let heads, heads != known {
            throw ModelError(
                "\(path): has \(known.image) and \(known.text) attention heads, and stating others would give wrong embeddings; "
                    + "omit the option")
        }

        // Running the constructors over an engine that only counts checks every name and shape without touching data.
        let root = Parameters(checkpoint)
        logits = try LogitParameters(root, configuration)
        _ = try ModelCost(root, configuration)
        try root.finish(ignoring: CLIPConfiguration.isNoParameter)

        tokenizer = try Self.tokenizer(configuration, layout)
        let side = configuration.vision.imageSize
        guard preprocessing.fixedSize == Preprocessing.Size(width: side, height: side) else {
            // The other layouts' preprocessing is made for the size of the model.
            throw ModelError(
                "\(self.path)/preprocessor_config.json: does not give the \(side) × \(side) pixels that the model reads"
            )
        }
    }

    /// How a rule is called where tokenizers are made.
    static func cleaning(_ cleaning: CLIPConfiguration.TextCleaning) -> CLIPTokenizer.Cleaning {
        switch cleaning {
        case .lower: .original
        case .whitespace: .originalKeepingCase
        case .whitespaceUnderscore: .originalWithoutUnderscores
        case .canonicalize: .originalWithoutPunctuation
        }
    }

    /// The tokeniser that belongs to the text tower, checked against its sizes.
    private static func tokenizer(_ configuration: CLIPConfiguration, _ layout: ModelLayout) throws -> any Tokenizer {
        let (text, directory) = (configuration.text, layout.directory)
        let isHuggingFace = configuration.names == .huggingFace
        var tokenizer: any Tokenizer
        switch text.architecture {
        case .clip:
            // OpenAI's and open_clip's own code clean text in another way than transformers does.
            tokenizer = try CLIPTokenizer.load(
                directory: directory, cleaning: isHuggingFace ? nil : Self.cleaning(text.cleaning))
        case .bert:
            // The original's text length; the table of positions is BERT's and much longer.
            tokenizer = try BERTTokenizer.load(directory: directory, cleaning: isHuggingFace ? .huggingFace : .original)
            tokenizer.contextLength = BERTTokenizer.defaultContextLength
        case .siglip:
            // The model reads texts of one length only.
            tokenizer = try SentencePieceTokenizer.load(directory: directory)
            tokenizer.contextLength = text.contextLength
        }
        tokenizer.contextLength = min(tokenizer.contextLength, text.contextLength)
        guard tokenizer.contextLength >= 2 else {
            throw ModelError(
                "\(layout.path): texts of \(tokenizer.contextLength) tokens have no room for a start and an end")
        }
        guard tokenizer.vocabularySize <= text.vocabularySize else {
            throw ModelError(
                "\(layout.path): the tokenizer has \(tokenizer.vocabularySize) ids, the model's table only "
                    + "\(text.vocabularySize)")
        }
        // A wrong end id would silently pool the wrong position.
        guard text.architecture != .clip || text.endID == 2 || text.endID == Int(tokenizer.endID) else {
            throw ModelError(
                "\(layout.path): config.json says that texts end with id \(text.endID), the tokenizer ends them with "
                    + "\(tokenizer.endID)")
        }
        return tokenizer
    }
}

extension ModelLayout {
    /// The model's path, for messages: its directory, or the checkpoint.
    fileprivate var path: String {
        switch self {
        case .huggingFace(let directory), .openCLIP(let directory, _): directory.path
        case .original(let checkpoint): checkpoint.path
        }
    }
}
