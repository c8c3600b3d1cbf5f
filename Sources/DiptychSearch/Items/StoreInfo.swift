public import DiptychMedia

/// A summary of a store.
public struct StoreInfo: Sendable, Codable, Equatable {
    /// The items that searches find.
    public var count: Int
    /// The items whose file has vanished, kept until they are dropped.
    public var missing: Int
    /// The distinct embeddings: files with the same content share one.
    public var vectors: Int
    /// The model's name.
    public var model: String
    /// The model's fingerprint.
    public var fingerprint: String
    /// The absolute path of the model's directory when it was last used to index; nil in stores that do not say.
    public var modelPath: String?
    /// The width of an embedding.
    public var dimension: Int
    /// Whether EXIF orientation was applied.
    public var appliesOrientation: Bool
    /// How images were decoded.
    public var decode: ImageOptions.Decode
    /// The bytes on disk; 0 where the store cannot say.
    public var bytes: Int
    /// When it was made, in seconds since 1970.
    public var created: Double
    /// Its spaces, in the order in which they were made; empty where the store has one only and keeps no list.
    public var spaces: [Space] = []
    /// The folders that its items lie below, by path; items that lie below none are not counted among them.
    public var roots: [Root] = []
    /// How far the index of its embeddings has been built; nil where the store does not say.
    public var index: IndexProgress?

    /// A model's embeddings.
    public struct Space: Sendable, Codable, Equatable {
        /// Its number.
        public var id: Int64
        /// The name shown to users.
        public var name: String
        /// The model's name.
        public var model: String
        /// The model's fingerprint.
        public var fingerprint: String
        /// The width of an embedding.
        public var dimension: Int
        /// How many embeddings it holds.
        public var embeddings: Int
        /// How many it holds when it is full: one for each part of an asset.
        public var parts: Int
        /// Whether searches that name no space take it.
        public var isCurrent: Bool

        /// Collects what is known about a space.
        public init(_ space: StoreSpace, embeddings: Int, parts: Int, isCurrent: Bool) {
            (id, name, model) = (space.id, space.name, space.identity.model)
            (fingerprint, dimension) = (space.identity.fingerprint, space.identity.dimension)
            (self.embeddings, self.parts, self.isCurrent) = (embeddings, parts, isCurrent)
        }

        enum CodingKeys: String, CodingKey {
            case id, name, model, fingerprint, dimension, embeddings, parts
            case isCurrent = "current"
        }
    }

    /// A folder that was indexed.
    public struct Root: Sendable, Codable, Equatable {
        /// The name shown to users.
        public var name: String
        /// Where it lies now.
        public var path: String
        /// Its items, vanished ones among them.
        public var count: Int
        /// Whether the folder is there.
        public var isThere: Bool

        enum CodingKeys: String, CodingKey {
            case name, path, count
            case isThere = "available"
        }
    }

    /// Collects what is known about a store.
    public init(
        count: Int, missing: Int, vectors: Int, model: String, fingerprint: String, modelPath: String?, dimension: Int,
        appliesOrientation: Bool, decode: ImageOptions.Decode, bytes: Int, created: Double
    ) {
        self.count = count
        self.missing = missing
        self.vectors = vectors
        self.model = model
        self.fingerprint = fingerprint
        self.modelPath = modelPath
        self.dimension = dimension
        self.appliesOrientation = appliesOrientation
        self.decode = decode
        self.bytes = bytes
        self.created = created
    }

    enum CodingKeys: String, CodingKey {
        case count, missing, vectors, model, fingerprint, dimension, decode, bytes, created, spaces, roots, index
        case modelPath = "model_path"
        case appliesOrientation = "applies_orientation"
    }
}
