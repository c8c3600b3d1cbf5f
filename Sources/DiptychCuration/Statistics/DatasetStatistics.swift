public import DiptychBasics

/// What a dataset holds, by numbers.
public struct DatasetStatistics: Sendable, Equatable {
    /// The numbers of a split.
    public struct Split: Sendable, Equatable {
        /// Its name; nil of a dataset without splits.
        public let name: String?
        /// Images, with those that cannot be read.
        public internal(set) var images = 0
        /// Images that cannot be read.
        public internal(set) var brokenImages = 0
        /// Texts.
        public internal(set) var texts = 0
        /// Bytes of image files.
        public internal(set) var bytes = 0
    }

    /// A text with an image and their cosine.
    public struct Pair: Sendable, Equatable {
        /// The text.
        public let text: String
        /// Where the image stands.
        public let image: String
        /// Their cosine.
        public let similarity: Float
        /// The image as JPEG, small, as a data URI; empty where it cannot be shown.
        public internal(set) var thumbnail = ""
        let number: Int
    }

    /// An image to be shown.
    public struct Sample: Sendable, Equatable {
        /// Where it stands.
        public let image: String
        /// One of its texts; empty of none.
        public let text: String
        /// The image as JPEG, small, as a data URI.
        public internal(set) var thumbnail = ""
        let number: Int
    }

    /// The names of what was read.
    public internal(set) var sources: [String] = []
    /// The splits.
    public internal(set) var splits: [Split] = []
    /// Formats of image files.
    public internal(set) var formats: [NamedCount] = []
    /// Bytes of an image file.
    public internal(set) var fileSizes = Distribution([])
    /// Columns of an image.
    public internal(set) var widths = Distribution([])
    /// Rows of an image.
    public internal(set) var heights = Distribution([])
    /// Characters of a text.
    public internal(set) var characters = Distribution([])
    /// Tokens of a text, with start and end.
    public internal(set) var tokens = Distribution([])
    /// Whether ``tokens`` are a model's; otherwise they are the fewest that CLIP's or Chinese-CLIP's tokenizer makes.
    public internal(set) var areTokensExact = false
    /// Texts that are longer than the model reads.
    public internal(set) var longTexts = 0
    /// Texts by the script of most of their letters.
    public internal(set) var scripts: [NamedCount] = []
    /// Texts of an image.
    public internal(set) var textsPerImage = Distribution([])
    /// Images of a text.
    public internal(set) var imagesPerText = Distribution([])
    /// The classes of each column that names some.
    public internal(set) var labels: [(column: String, classes: [NamedCount])] = []
    /// Cosines of texts and their images, where a model was given.
    public internal(set) var similarities: Distribution?
    /// The model's name.
    public internal(set) var model: String?
    /// The pairs with the lowest cosines.
    public internal(set) var worst: [Pair] = []
    /// The pairs with the highest cosines.
    public internal(set) var best: [Pair] = []
    /// Some images, spread evenly over the dataset.
    public internal(set) var samples: [Sample] = []
    /// Faults that reading found; ``DatasetCheck`` looks for all.
    public internal(set) var findings: [Finding] = []

    init() {}

    /// Whether two are the same.
    public static func == (a: DatasetStatistics, b: DatasetStatistics) -> Bool { a.json == b.json }

    /// As JSON, with keys in snake case.
    public var json: JSONValue {
        func count(_ value: Int) -> JSONValue { .int(Int64(value)) }
        var members: [JSONValue.Member] = [
            .init("images", count(splits.reduce(0) { $0 + $1.images })),
            .init("broken_images", count(splits.reduce(0) { $0 + $1.brokenImages })),
            .init("texts", count(splits.reduce(0) { $0 + $1.texts })),
            .init(
                "splits",
                .array(
                    splits.map { split in
                        .object([
                            .init("split", split.name.map(JSONValue.string) ?? .null),
                            .init("images", count(split.images)),
                            .init("broken_images", count(split.brokenImages)), .init("texts", count(split.texts)),
                            .init("bytes", count(split.bytes)),
                        ])
                    })),
            .init("formats", NamedCount.json(formats)), .init("file_bytes", fileSizes.json),
            .init("width", widths.json), .init("height", heights.json), .init("text_characters", characters.json),
            .init("text_tokens", tokens.json), .init("tokens_exact", .bool(areTokensExact)),
            .init("long_texts", count(longTexts)), .init("scripts", NamedCount.json(scripts)),
            .init("texts_per_image", textsPerImage.json), .init("images_per_text", imagesPerText.json),
            .init("labels", .object(labels.map { .init($0.column, NamedCount.json($0.classes)) })),
        ]
        if let similarities {
            func pairs(_ pairs: [Pair]) -> JSONValue {
                .array(
                    pairs.map {
                        .object([
                            .init("text", .string($0.text)), .init("image", .string($0.image)),
                            .init("similarity", Double($0.similarity.description).map(JSONValue.double) ?? .null),
                        ])
                    })
            }
            members += [
                .init("model", model.map(JSONValue.string) ?? .null), .init("similarity", similarities.json),
                .init("worst_pairs", pairs(worst)), .init("best_pairs", pairs(best)),
            ]
        }
        return .object(members)
    }
}
