/// One picture of a folder in clip-retrieval's layout.
public struct ClipRetrievalItem: Sendable, Equatable {
    /// The image's path, or whatever else it is known by.
    public var imagePath: String
    /// Its caption.
    public var caption: String?
    /// What else is known about it.
    public var attributes: [JSONValue.Member]
    /// The image's embedding.
    public var embedding: [Float]

    /// Describes a picture.
    public init(
        imagePath: String, caption: String? = nil, attributes: [JSONValue.Member] = [], embedding: [Float]
    ) {
        self.imagePath = imagePath
        self.caption = caption
        self.attributes = attributes
        self.embedding = embedding
    }
}

/// The names in a folder of clip-retrieval (`clip-retrieval inference`): `img_emb/img_emb_0.npy` with a row for each
/// image, and `metadata/metadata_0.parquet` with the same rows; `text_emb` holds the captions' embeddings.
enum ClipRetrievalLayout {
    static let images = "img_emb"
    static let texts = "text_emb"
    static let metadata = "metadata"

    static func embeddings(_ directory: String, _ part: String) -> String {
        "\(directory)/\(images)/\(images)_\(part).npy"
    }

    static func metadata(_ directory: String, _ part: String) -> String {
        "\(directory)/\(metadata)/\(metadata)_\(part).parquet"
    }
}
