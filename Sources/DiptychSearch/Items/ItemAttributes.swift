/// What a store knows about an item besides its embedding.
public struct ItemAttributes: Sendable, Codable, Hashable {
    /// The image's width in pixels, upright; 0 where only its embedding is known.
    public var width: Int
    /// The image's height in pixels, upright; 0 where only its embedding is known.
    public var height: Int
    /// The file's size in bytes.
    public var bytes: Int
    /// When the file was last modified, in seconds since 1970.
    public var modified: Double
    /// When it was first stored, in seconds since 1970.
    public var added: Double
    /// The kind of file by its content: `jpeg`, `png`, `webp`, `gif`, `tiff`, `bmp`, `heic`, `avif`.
    public var type: String?
    /// When the image was taken by its EXIF data, in seconds since 1970 as if the camera's clock showed UTC.
    public var taken: Double?
    /// Maker and model of the camera.
    public var camera: String?
    /// Degrees north.
    public var latitude: Double?
    /// Degrees east.
    public var longitude: Double?
    /// What it is.
    public var kind: AssetKind
    /// How long it takes, in seconds; nil for what takes no time.
    public var duration: Double?
    /// The caption of an image, or the text itself.
    public var caption: String?
    /// What else was said about it when it was indexed, by name.
    public var other: [String: AttributeValue]

    /// Collects what is known.
    public init(
        width: Int = 0, height: Int = 0, bytes: Int = 0, modified: Double = 0, added: Double = 0, type: String? = nil,
        taken: Double? = nil, camera: String? = nil, latitude: Double? = nil, longitude: Double? = nil,
        kind: AssetKind = .image, duration: Double? = nil, caption: String? = nil, other: [String: AttributeValue] = [:]
    ) {
        self.width = width
        self.height = height
        self.bytes = bytes
        self.modified = modified
        self.added = added
        self.type = type
        self.taken = taken
        self.camera = camera
        self.latitude = latitude
        self.longitude = longitude
        self.kind = kind
        self.duration = duration
        self.caption = caption
        self.other = other
    }
}

extension Int64 {
    /// The whole number at or below `value`, or the nearest there is: stores from elsewhere hold any number for a time.
    package init(clamping value: Double) {
        self = value.isNaN ? 0 : Int64(exactly: value.rounded(.down)) ?? (value < 0 ? .min : .max)
    }
}
