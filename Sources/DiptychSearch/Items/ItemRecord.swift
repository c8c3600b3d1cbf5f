public import Diptych
public import DiptychMedia

/// An item on its way into a store.
public struct ItemRecord: Sendable {
    /// What it is called: the file's absolute path, a URL, or a place in an archive. Storing the same path again replaces
    /// what was stored.
    public var path: String
    /// The file's size in bytes.
    public var bytes: Int
    /// When the file was last modified, in nanoseconds since 1970.
    public var modified: Int64
    /// Whether size and time show every later change; see ``KnownItem/isSettled``.
    public var isSettled: Bool
    /// The SHA-256 of the image's bytes: 32 bytes. Items of equal content share an embedding.
    public var content: ContentHash
    /// What it is.
    public var kind: AssetKind
    /// The embedding, of length 1; nil where the store has one of this content already.
    public var embedding: Embedding?
    /// What the image's bytes say; nil where the store has the content already.
    public var image: ImageFacts?
    /// What a video is; nil for everything else.
    public var video: StoredVideoFacts?
    /// Whether its embedding comes later, when its parts have theirs: it is as new until then.
    public var isUnfinished = false
    /// What the bytes say now, of content whose embedding is stored already; nil leaves what the store has.
    public var metadata: ImageMetadata?
    /// Paths of items with this content whose files are gone: the first that is still an item becomes this one, and keeps its
    /// id.
    public var movedFrom: [String] = []
    /// What somebody wrote about the image.
    public var caption: String?
    /// What else was said about it, by name.
    public var attributes: [String: AttributeValue]

    /// Collects what is to be stored.
    public init(
        path: String, bytes: Int = 0, modified: Int64 = 0, isSettled: Bool = true, content: ContentHash,
        kind: AssetKind = .image, embedding: Embedding?, image: ImageFacts? = nil, caption: String? = nil,
        attributes: [String: AttributeValue] = [:]
    ) {
        self.path = path
        self.bytes = bytes
        self.modified = modified
        self.isSettled = isSettled
        self.content = content
        self.kind = kind
        self.embedding = embedding
        self.image = image
        self.caption = caption
        self.attributes = attributes
    }
}

/// What an image's bytes say about it besides its pixels.
public struct ImageFacts: Sendable, Hashable {
    /// Columns, upright.
    public var width: Int
    /// Rows, upright.
    public var height: Int
    /// The kind of file and what its camera wrote.
    public var metadata: ImageMetadata

    /// Collects facts.
    public init(width: Int, height: Int, metadata: ImageMetadata = ImageMetadata()) {
        self.width = width
        self.height = height
        self.metadata = metadata
    }
}

/// What a store keeps of what a video is.
public struct StoredVideoFacts: Sendable, Hashable {
    /// Columns as shown.
    public var width: Int
    /// Rows as shown.
    public var height: Int
    /// Seconds; what the file states until all of it has been read.
    public var duration: Double?
    /// The kind of file, such as `mp4`.
    public var type: String?

    /// Collects facts.
    public init(width: Int, height: Int, duration: Double?, type: String?) {
        (self.width, self.height, self.duration, self.type) = (width, height, duration, type)
    }
}

/// What a store knows about an item that is to be indexed again.
public struct KnownItem: Sendable, Hashable {
    /// The file's size in bytes.
    public var bytes: Int
    /// When the file was last modified, in nanoseconds since 1970.
    public var modified: Int64
    /// Whether the file had been modified so long before it was read that any later change shows in its time.
    public var isSettled: Bool
    /// The SHA-256 of its bytes.
    public var content: ContentHash
    /// Whether its file had vanished.
    public var isMissing: Bool
    /// Whether the store's space has its embedding.
    public var isEmbedded: Bool
    /// Its caption.
    public var caption: String?
    /// Its other attributes, by name.
    public var attributes: [String: AttributeValue]

    /// Collects what is known.
    public init(
        bytes: Int, modified: Int64, isSettled: Bool, content: ContentHash, isMissing: Bool, isEmbedded: Bool = true,
        caption: String?, attributes: [String: AttributeValue]
    ) {
        self.bytes = bytes
        self.modified = modified
        self.isSettled = isSettled
        self.content = content
        self.isMissing = isMissing
        self.isEmbedded = isEmbedded
        self.caption = caption
        self.attributes = attributes
    }
}

/// An item of a store, as `list` and `export` give it.
public struct StoredItem: Sendable, Equatable {
    /// The item's stable identifier in its store.
    public let id: String
    /// The file that it was made from.
    public let path: String
    /// Whether the file has vanished since.
    public let missing: Bool
    /// The SHA-256 of the image's bytes.
    public let content: ContentHash
    /// What is known about the item.
    public let attributes: ItemAttributes

    /// Collects what a store knows.
    public init(id: String, path: String, missing: Bool, content: ContentHash, attributes: ItemAttributes) {
        self.id = id
        self.path = path
        self.missing = missing
        self.content = content
        self.attributes = attributes
    }
}

/// Where an item of a store lies.
public struct ItemPlace: Sendable, Hashable {
    /// The item's stable identifier in its store.
    public let id: String
    /// The file that it was made from.
    public let path: String
    /// Whether the file has vanished since.
    public let missing: Bool

    /// Collects what a store knows.
    public init(id: String, path: String, missing: Bool) {
        self.id = id
        self.path = path
        self.missing = missing
    }
}
