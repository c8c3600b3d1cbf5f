internal import DiptychNetwork

/// How images are fetched.
public struct FetchOptions: Sendable, Hashable {
    /// Which addresses may be fetched from. It is checked for the address that is connected to, also after redirects.
    public var addresses = AddressPolicy.publicOnly
    /// The longest time until a connection stands.
    public var connectTimeout = Duration.seconds(10)
    /// The longest time for the whole fetch.
    public var totalTimeout = Duration.seconds(60)
    /// How many redirects are followed.
    public var maximumRedirects = 5
    /// Whether what a server calls something other than an image is refused before it is fetched. Some servers have no type
    /// for images: `application/octet-stream` and no type at all pass.
    public var refusesOtherTypes = false

    /// The defaults.
    public init() {}
}

/// Fetches `http` and `https` URLs, which may come from strangers. Proxies are not used, as a proxy would connect where
/// this code cannot check.
struct ImageFetcher {
    let options: FetchOptions
    let maximumBytes: Int

    /// A request for `url` with the rules of the options.
    func request(_ url: String) throws(ImageError) -> Request {
        guard let host = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last,
            let first = host.first, !"/?#:@".contains(first)
        else { throw ImageError(.invalidURL, source: url, reason: "not a URL: it names no host") }
        var request = Request(url: url)
        request.redirects = .followed(options.maximumRedirects)
        request.allows = { [addresses = options.addresses] in addresses.allows($0.bytes) }
        request.connectTimeout = options.connectTimeout
        request.totalTimeout = options.totalTimeout
        request.maximumBytes = maximumBytes
        return request
    }

    func fetch(_ url: String) throws(ImageError) -> [UInt8] {
        let request = try request(url)
        var bytes: [UInt8] = []
        var otherType: String?
        let head: ResponseHead
        do {
            head = try Transfer.perform(request) { head, part in
                otherType = options.refusesOtherTypes ? Self.otherType(head["content-type"]) : nil
                guard otherType == nil else { return false }
                bytes.append(contentsOf: part)
                return true
            }
        } catch {
            if let otherType {
                throw ImageError(.notAnImage, source: url, reason: "the server calls it \(otherType)")
            }
            throw explain(error, url)
        }
        guard head.isSuccess else {
            throw ImageError(.fetchFailed, source: url, reason: "the server answered with status \(head.status)")
        }
        guard !bytes.isEmpty else {
            throw ImageError(.empty, source: url, reason: "the server sent no bytes")
        }
        return bytes
    }

    /// The media type where it is none that an image can have.
    private static func otherType(_ header: String?) -> String? {
        guard let type = header?.prefix(while: { $0 != ";" }).lowercased().filter({ $0 != " " }), !type.isEmpty,
            !type.hasPrefix("image/"), type != "application/octet-stream", type != "binary/octet-stream"
        else { return nil }
        return type
    }

    func explain(_ error: TransferError, _ url: String) -> ImageError {
        let (kind, reason): (ImageError.Kind, String) =
            switch error.kind {
            case .tooLarge: (.tooLarge, "it is more than the limit of \(maximumBytes) bytes")
            case .refusedAddress:
                (
                    .forbiddenAddress,
                    "it leads to \(error.detail), which is not a public address; fetching from it must be allowed"
                )
            case .notHTTP: (.fetchFailed, "what answers there is not a web server")
            case .redirectToOtherScheme: (.invalidURL, "it leads to a scheme other than http and https")
            case .invalidURL where !error.detail.isEmpty: (.invalidURL, "not a URL: \(error.detail)")
            case .invalidURL: (.invalidURL, "not a URL, or one with a user name in it")
            case .tooManyRedirects: (.fetchFailed, "it redirects more than \(options.maximumRedirects) times")
            case .timedOut: (.fetchFailed, "the server took too long")
            case .cut: (.fetchFailed, "the server stopped after \(error.received) bytes")
            case .stopped, .cancelled: (.fetchFailed, "it was interrupted")
            case .failed: (.fetchFailed, error.detail)
            }
        return ImageError(kind, source: url, reason: reason)
    }
}
