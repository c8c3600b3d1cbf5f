public import DiptychMedia

/// Where a video comes from.
public enum VideoSource: Sendable, Hashable, CustomStringConvertible {
    /// A file by its path.
    case file(String)
    /// A video file's bytes, and what messages call them.
    case data([UInt8], label: String = "video")
    /// An `http` or `https` URL, of which only the parts that are needed are fetched where the server gives parts.
    case url(String)

    /// Takes a text as a URL where it begins like one that is read, otherwise as a path.
    public init(_ text: String) {
        let isURL = ["http://", "https://"].contains { text.prefix($0.count).lowercased() == $0 }
        self = isURL ? .url(text) : .file(text)
    }

    /// What messages call the source.
    public var description: String {
        switch self {
        case .file(let path): path
        case .data(_, let label): label
        case .url(let url): url
        }
    }
}

/// How videos are read.
public struct VideoOptions: Sendable, Hashable {
    /// The threads that decode, at least 1.
    public var threads = 1
    /// More pixels in a frame are refused.
    public var maximumPixels = 1 << 26
    /// More bytes are refused where a video has to be fetched whole.
    public var maximumBytes = 1 << 33
    /// More frames are not read.
    public var maximumFrames = 1 << 24
    /// The longest time until the next frame.
    public var frameTimeLimit = Duration.seconds(30)
    /// The longest time for everything.
    public var timeLimit = Duration.seconds(24 * 3600)
    /// How URLs are fetched.
    public var fetch = FetchOptions()

    /// The defaults.
    public init() {}
}
