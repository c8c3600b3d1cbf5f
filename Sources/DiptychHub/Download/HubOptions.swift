/// How models are downloaded.
public struct HubOptions: Sendable, Hashable {
    /// The proxies to connect through. Nothing is read from the environment.
    public struct Proxies: Sendable, Hashable {
        /// The proxy for `http` URLs.
        public var http: String?
        /// The proxy for `https` URLs.
        public var https: String?
        /// Hosts to connect to directly, separated by commas, as in the variable `no_proxy`.
        public var exceptions = ""

        /// No proxy.
        public init() {}
    }

    /// The hub that names stand for if nothing else is said.
    public static let publicEndpoint = "https://huggingface.co"

    /// The hub, or a mirror of it: everything before `/owner/name/resolve/…`.
    public var endpoint = HubOptions.publicEndpoint
    /// A mirror for files that are not on the hub, such as OpenAI's archives: it replaces the scheme and the host of
    /// their URLs, and the paths stay. What it serves has to have the published hashes.
    public var archiveEndpoint: String?
    /// An access token. It is sent to the endpoint itself and to no other host that a redirect leads to.
    public var token: String?
    /// Whether the network must not be used.
    public var isOffline = false
    /// The proxies to connect through.
    public var proxies = Proxies()
    /// The longest time until a connection stands.
    public var connectTimeout = Duration.seconds(15)
    /// The longest time without a byte before a connection is given up and tried again.
    public var stallTimeout = Duration.seconds(30)
    /// How often a request is tried that fails for a reason that may pass.
    public var attempts = 5
    /// The wait before the second attempt; each further one doubles it.
    public var retryDelay = Duration.seconds(1)
    /// The longest wait, also when the server asks for more.
    public var longestRetryDelay = Duration.seconds(60)

    /// The defaults.
    public init() {}
}
