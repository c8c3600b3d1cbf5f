/// Where a picture comes from.
public enum PictureSource: Sendable, Hashable, CustomStringConvertible {
    /// A file by its path.
    case file(String)
    /// A picture file's bytes, and what messages call them.
    case data([UInt8], label: String = "picture")
    /// An `http`, `https` or `data` URL.
    case url(String)

    /// Takes a text as a URL where it begins like one that is read, otherwise as a path.
    public init(_ text: String) {
        let isURL = ["http://", "https://", "data:"].contains { text.prefix($0.count).lowercased() == $0 }
        self = isURL ? .url(text) : .file(text)
    }

    /// What messages call the source.
    public var description: String {
        switch self {
        case .file(let path): path
        case .data(_, let label): label
        case .url(let url): DataURI.label(url)
        }
    }

    /// The bytes of the picture file, read or fetched on the calling thread.
    ///
    /// - Parameters:
    ///   - maximumBytes: More than these are refused.
    ///   - fetch: How URLs are fetched.
    /// - Throws: ``PictureError`` naming the source.
    public func bytes(
        maximumBytes: Int = PictureOptions().maximumBytes, fetch: FetchOptions = FetchOptions()
    ) throws(PictureError) -> [UInt8] {
        switch self {
        case .file(let path): return try readFile(path, maximumBytes: maximumBytes)
        case .data(let bytes, _): return bytes
        case .url(let url):
            let scheme = url.prefix { $0 != ":" }.lowercased()
            switch scheme {
            case "data": return try DataURI.bytes(of: url, maximumBytes: maximumBytes)
            case "http", "https":
                return try PictureFetcher(options: fetch, maximumBytes: maximumBytes).fetch(url)
            default:
                throw PictureError(.invalidURL, source: url, reason: "only http, https and data URLs are read")
            }
        }
    }

    /// The picture, read or fetched and decoded on the calling thread.
    ///
    /// - Throws: ``PictureError`` naming the source.
    public func picture(
        options: PictureOptions = PictureOptions(), fetch: FetchOptions = FetchOptions()
    ) throws(PictureError) -> Picture {
        try PictureDecoder(options: options).decode(
            bytes(maximumBytes: options.maximumBytes, fetch: fetch), label: description)
    }
}
