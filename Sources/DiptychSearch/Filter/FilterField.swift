/// What a filter looks at.
public enum FilterField: Sendable, Hashable {
    /// The item's id in its store.
    case id
    /// The path.
    case path
    /// The folder that the file lies in, without the last slash.
    case folder
    /// The file's name, with its ending.
    case name
    /// The kind of file by its content: `jpeg`, `png`, ….
    case type
    /// The kind of asset: `image`, `video` or `text`.
    case kind
    /// The file's size in bytes.
    case bytes
    /// Columns, upright.
    case width
    /// Rows, upright.
    case height
    /// How long a video takes, in seconds.
    case duration
    /// The seconds of a video at which something is found.
    case videoTime
    /// When the file was last modified, in seconds since 1970.
    case modified
    /// When the image was taken, in seconds since 1970.
    case taken
    /// When the item was first stored, in seconds since 1970.
    case added
    /// Maker and model of the camera.
    case camera
    /// Degrees north.
    case latitude
    /// Degrees east.
    case longitude
    /// The caption.
    case caption
    /// An attribute that was given at indexing, by its dotted name.
    case attribute(String)

    /// What a field's values are.
    public enum Kind: Sendable {
        /// Numbers.
        case number
        /// Seconds since 1970; a filter gives dates.
        case time
        /// Texts.
        case text
        /// Whatever was given.
        case any
    }

    /// What its values are.
    public var kind: Kind {
        switch self {
        case .bytes, .width, .height, .duration, .videoTime, .latitude, .longitude: .number
        case .modified, .taken, .added: .time
        case .id, .path, .folder, .name, .type, .kind, .camera, .caption: .text
        case .attribute: .any
        }
    }

    /// The fields that every store has, by their names.
    static let builtIn: [String: FilterField] = [
        "id": .id, "path": .path, "folder": .folder, "name": .name, "type": .type, "kind": .kind, "bytes": .bytes,
        "width": .width,
        "height": .height, "duration": .duration, "video.time": .videoTime, "modified": .modified, "taken": .taken,
        "added": .added, "camera": .camera,
        "latitude": .latitude, "longitude": .longitude, "caption": .caption,
    ]

    /// What stands before the name of an attribute that is called like a field of every store.
    static let attributePrefix = "attributes."

    /// The field of this name: one that every store has, else the attribute.
    public init(named name: String) {
        if let field = Self.builtIn[name] {
            self = field
        } else if name.hasPrefix(Self.attributePrefix), name.utf8.count > Self.attributePrefix.utf8.count {
            self = .attribute(String(name.dropFirst(Self.attributePrefix.count)))
        } else {
            self = .attribute(name)
        }
    }

    /// The name in the filter language.
    public var name: String {
        if case .attribute(let name) = self {
            let isAmbiguous = Self.builtIn[name] != nil || name.hasPrefix(Self.attributePrefix)
            return isAmbiguous ? Self.attributePrefix + name : name
        }
        return Self.builtIn.first { $0.value == self }?.key ?? ""
    }
}
