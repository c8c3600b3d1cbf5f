public import DiptychLabels
public import DiptychMedia
public import DiptychSearch
public import Foundation

/// How a server runs.
public struct ServerOptions: Sendable {
    /// The address that it listens at: a name, or an IPv4 or IPv6 address.
    public var host = "127.0.0.1"
    /// The port; 0 takes any that is free.
    public var port = 9502
    /// The models: the first answers where a request names none, and searches the store.
    public var models: [ModelSource]
    /// The store; nil serves models only.
    public var store: (any VectorStore)?
    /// What is labelled; nil leaves it to who opens the page.
    public var labelling: LabelTask?
    /// Who labels where nobody needs a key.
    public var annotator = "me"
    /// How many people label each image.
    public var annotatorsPerImage = 1
    /// Where images that clients bring are kept, and thumbnails; nil keeps none.
    public var folder: URL?
    /// How long removed items can be brought back.
    public var undoTime = Duration.seconds(600)
    /// The files of the pages by their paths, for a program that was installed without the folder of them.
    public var pages: [String: [UInt8]] = [:]
    /// How images are read.
    public var reading = ImageOptions()
    /// How URLs are fetched.
    public var fetch = FetchOptions()
    /// How inputs of concurrent requests are gathered.
    public var batches = BatchOptions()
    /// What one request may use.
    public var limits = RequestLimits()
    /// The API keys; nil lets everybody in.
    public var keys: APIKeys?
    /// The most requests a minute of one key, or of one address where there are no keys; nil for no limit.
    public var requestsPerMinute: Int?
    /// The origins whose pages may use the API, such as `https://example.org`; `*` for all.
    public var origins: Set<String> = []
    /// Names other than this machine's own by which the server answers where nobody needs a key, such as `nas.local`.
    public var allowedHosts: Set<String> = []
    /// The prefix of every path, such as `/diptych`, behind a proxy that also serves other applications; empty for none.
    public var basePath = ""
    /// Proxies that pass requests on: what they say of clients' addresses, schemes and names is believed.
    public var trustedProxies: [AddressRange] = []
    /// Whether answers tell the paths of files on this machine; otherwise only their names.
    public var showsPaths = false
    /// The certificate chain and its key, as PEM files; nil answers without TLS.
    public var certificate: (chain: String, key: String)?
    /// Models other than the first that were not used for so long are unloaded; nil for never.
    public var modelIdleLimit: Duration?
    /// The most connections at a time.
    public var connections = 4096
    /// The most connections of one address at a time, other than this machine's own.
    public var connectionsPerAddress = 256
    /// The most streams of events, such as `/v1/status/events`, at a time; a page that gets none asks again and again instead.
    public var eventListeners = 64
    /// After so long without an event, a stream sends a comment.
    public var eventHeartbeat = Duration.seconds(15)
    /// How long requests may go on that were accepted when the server is to stop; what is left then is cut.
    public var shutdownTime = Duration.seconds(8)
    /// Connections over which nothing goes for so long are closed.
    public var idleTimeout = Duration.seconds(60)

    /// Whether `text` is a path that ``basePath`` can hold: parts of letters, digits, `-`, `.`, `_` and `~`, a slash before
    /// each.
    public static func isBasePath(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= 200 && parts.count >= 2 && parts[0].isEmpty
            && parts.dropFirst().allSatisfy { part in
                !part.isEmpty && part != "." && part != ".."
                    && part.utf8.allSatisfy { byte in
                        let character = Character(UnicodeScalar(byte))
                        return byte < 0x80 && (character.isLetter || character.isNumber || "-._~".contains(character))
                    }
            }
    }

    /// Whether `text` is a name or an address that ``allowedHosts`` can hold, without a port.
    public static func isHost(_ text: String) -> Bool { Authority(text).map { $0.port == nil } ?? false }

    /// A server of these models.
    public init(models: [ModelSource]) {
        self.models = models
        // More than a server's clients need.
        reading.maximumBytes = 32 << 20
        fetch.totalTimeout = .seconds(20)
        fetch.connectTimeout = .seconds(5)
        fetch.refusesOtherTypes = true
    }
}
