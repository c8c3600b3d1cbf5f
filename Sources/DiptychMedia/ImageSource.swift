/// Where an image comes from.
public enum ImageSource: Sendable, Hashable, CustomStringConvertible {
    /// A file by its path.
    case file(String)
    /// An image file's bytes, and what messages call them.
    case data([UInt8], label: String = "image")
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

    /// The bytes of the image file, read or fetched on the calling thread.
    ///
    /// - Parameters:
    ///   - maximumBytes: More than these are refused.
    ///   - fetch: How URLs are fetched.
    /// - Throws: ``ImageError`` naming the source.
    public func bytes(
        maximumBytes: Int = ImageOptions().maximumBytes, fetch: FetchOptions = FetchOptions()
    ) throws(ImageError) -> [UInt8] {
        switch self {
        case .file(let path): return try readFile(path, maximumBytes: maximumBytes)
        case .data(let bytes, _): return bytes
        case .url(let url):
            let scheme = url.prefix { $0 != ":" }.lowercased()
            switch scheme {
            case "data": return try DataURI.bytes(of: url, maximumBytes: maximumBytes)
            case "http", "https":
                return try ImageFetcher(options: fetch, maximumBytes: maximumBytes).fetch(url)
            default:
                throw ImageError(.invalidURL, source: url, reason: "only http, https and data URLs are read")
            }
        }
    }

    /// The image, read or fetched and decoded on the calling thread.
    ///
    /// - Throws: ``ImageError`` naming the source.
    public func image(
        options: ImageOptions = ImageOptions(), fetch: FetchOptions = FetchOptions()
    ) throws(ImageError) -> Image {
        try ImageDecoder(options: options).decode(
            bytes(maximumBytes: options.maximumBytes, fetch: fetch), label: description)
    }
}
