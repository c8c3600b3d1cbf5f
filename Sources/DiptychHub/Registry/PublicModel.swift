/// A model that the public can download, and what is known of it without downloading it.
public struct PublicModel: Sendable, Hashable {
    /// How a checkpoint is laid out and which architecture it belongs to.
    public enum Family: String, Sendable, Hashable, CaseIterable {
        /// OpenAI's CLIP, from the original archives or from Hugging Face directories.
        case clip
        /// Chinese-CLIP, from the original checkpoints or from Hugging Face directories.
        case chineseCLIP = "chinese-clip"
        /// Models that were trained with open_clip.
        case openCLIP = "open_clip"
        /// SigLIP and SigLIP 2.
        case sigLIP = "siglip"
    }

    /// Where the files come from.
    public enum Source: Sendable, Hashable {
        /// A repository of the hub, `owner/name`: its configuration, its tokeniser and one set of its weights.
        case repository(String)
        /// Exactly these files.
        case files([ModelFile])
    }

    /// The name that it is known by.
    public let name: String
    /// Other names for the same files.
    public let aliases: [String]
    /// What reads it.
    public let family: Family
    /// What it is, in a few words.
    public let summary: String
    /// The parameters of the image tower.
    public let imageParameters: Int
    /// All other parameters: the text tower and the logit scale (and SigLIP's bias).
    public let textParameters: Int
    /// The numbers in an embedding.
    public let dimension: Int
    /// The width and height of the images that it sees, in pixels.
    public let resolution: Int
    /// The tokens that it reads of a text, start and end included.
    public let contextLength: Int
    /// The licence of the weights, in its owner's words.
    public let licence: String
    /// Where the files come from.
    public let source: Source
    /// The name of its directory in a cache.
    public let directoryName: String
    private let estimatedBytes: Int

    /// About how many bytes a download is: the exact number where every file's size is known, else estimated from the
    /// parameters.
    public var approximateBytes: Int {
        if case .files(let files) = source {
            let sizes = files.compactMap(\.size)
            if sizes.count == files.count { return sizes.reduce(0, +) }
        }
        return estimatedBytes
    }

    /// The page or repository that a person looks at to learn more.
    public var page: String {
        switch source {
        case .repository(let repository): "https://huggingface.co/\(repository)"
        case .files(let files):
            switch files.first?.origin {
            case .hub(let repository, _): "https://huggingface.co/\(repository)"
            default: "https://github.com/openai/CLIP"
            }
        }
    }

    package init(
        _ name: String, aliases: [String] = [], _ family: Family, _ summary: String,
        parameters: (image: Int, text: Int),
        dimension: Int, resolution: Int, contextLength: Int, licence: String, source: Source? = nil,
        directoryName: String? = nil, estimatedBytes: Int? = nil
    ) {
        self.name = name
        self.aliases = aliases
        self.family = family
        self.summary = summary
        imageParameters = parameters.image
        textParameters = parameters.text
        self.dimension = dimension
        self.resolution = resolution
        self.contextLength = contextLength
        self.licence = licence
        self.source = source ?? .repository(name)
        self.directoryName = directoryName ?? name.replacing("/", with: "--")
        // fp32, as nearly all of them are published.
        self.estimatedBytes = estimatedBytes ?? 4 * (parameters.image + parameters.text)
    }
}

/// A file of a model, and what is publicly known of its bytes.
public struct ModelFile: Sendable, Hashable {
    /// Where a file comes from.
    public enum Origin: Sendable, Hashable {
        /// A file of a repository of the hub, which announces its hash.
        case hub(repository: String, path: String)
        /// A file anywhere else, whose hash has to be known.
        case url(String, sha256: String)
    }

    /// Its name in the model's directory.
    public let name: String
    /// Where it comes from.
    public let origin: Origin
    /// Its size in bytes, where that is publicly known.
    public let size: Int?

    package init(_ name: String, _ origin: Origin, size: Int? = nil) {
        self.name = name
        self.origin = origin
        self.size = size
    }

    /// The vocabulary of OpenAI's tokeniser, as it is in that project's repository.
    static let openAIVocabulary = ModelFile(
        "bpe_simple_vocab_16e6.txt.gz",
        .url(
            "https://raw.githubusercontent.com/openai/CLIP/d05afc436d78f1c48dc0dbf8e5980a9d471f35f6/clip/"
                + "bpe_simple_vocab_16e6.txt.gz",
            sha256: "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a"), size: 1_356_917)

    /// The vocabulary of Chinese-CLIP's tokeniser, as it is in that project's repository.
    static let chineseVocabulary = ModelFile(
        "vocab.txt",
        .url(
            "https://raw.githubusercontent.com/OFA-Sys/Chinese-CLIP/31863c707501bf1605d36842f43deb78793dbc5d/cn_clip/clip/vocab.txt",
            sha256: "45bbac6b341c319adc98a532532882e91a9cefc0329aa57bac9ae761c27b291c"), size: 109_540)
}
