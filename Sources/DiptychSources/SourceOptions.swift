/// How sources elsewhere are reached. Nothing of it is taken from the environment here.
public struct SourceOptions: Sendable {
    /// A pair of keys.
    public struct Keys: Sendable, Equatable {
        /// The access key's identifier.
        public var identifier: String
        /// The access key's secret.
        public var secret: String
        /// The token of a session, for keys that last for a while.
        public var token: String?

        /// Names a pair.
        public init(identifier: String, secret: String, token: String? = nil) {
            (self.identifier, self.secret, self.token) = (identifier, secret, token)
        }
    }

    /// How a service of buckets is reached.
    public struct Service: Sendable, Equatable {
        /// The keys; without them, requests are anonymous.
        public var keys: Keys?
        /// The region, such as `eu-central-1`; without it, the service's usual one, and that of the bucket once the service names
        /// it.
        public var region: String?
        /// The server, such as `http://127.0.0.1:9000`; without it, the service's own.
        public var endpoint: String?

        /// Anonymous, at the service's own server.
        public init() {}
    }

    /// Proxies to connect through, by scheme.
    public struct Proxies: Sendable, Equatable {
        /// For `http`.
        public var http: String?
        /// For `https`.
        public var https: String?
        /// Hosts that are connected to directly, with commas between them.
        public var exceptions = ""

        /// None.
        public init() {}
    }

    /// What `s3://` is.
    public var amazon = Service()
    /// What `gs://` is; its keys are HMAC keys.
    public var google = Service()
    /// Proxies.
    public var proxies = Proxies()
    /// Whether a server may redirect to this machine and to private networks. The server that a URL names may be anywhere.
    public var redirectsAnywhere = false
    /// How often something is tried that may succeed a little later.
    public var attempts = 5
    /// The wait before the second attempt; it doubles with each.
    public var retryDelay = Duration.milliseconds(250)
    /// The longest wait, also where a server asks for a longer one.
    public var longestRetryDelay = Duration.seconds(20)
    /// The longest time without a single byte.
    public var stallTimeout = Duration.seconds(30)

    /// The defaults: anonymous.
    public init() {}
}
