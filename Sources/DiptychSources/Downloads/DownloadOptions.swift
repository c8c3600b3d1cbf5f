public import DiptychMedia

/// How lists of URLs are downloaded.
public struct DownloadOptions: Sendable {
    /// Which URLs of an earlier run are tried again, besides those that may succeed a little later.
    public enum Retry: String, Sendable, CaseIterable {
        /// All that failed.
        case failed
        /// Those whose sites reserve them.
        case refused
        /// Both.
        case all
    }

    /// The most connections at a time.
    public var connections = 64
    /// The most connections to one host.
    public var connectionsPerHost = 16
    /// The most requests to one host in a second, if there is a limit.
    public var requestsPerSecond: Double?
    /// A file of more bytes is refused.
    public var maximumBytes = 32 << 20
    /// Which addresses may be downloaded from. It is checked for the address that is connected to, also after redirects.
    public var addresses = AddressPolicy.publicOnly
    /// Whether sites that reserve their images, by `X-Robots-Tag: noai` and the like or `TDM-Reservation: 1`, are heeded.
    public var heedsReservations = true
    /// How often a URL is tried in a run.
    public var attempts = 3
    /// The wait before the second attempt; it doubles with each.
    public var retryDelay = Duration.milliseconds(500)
    /// The longest time until a connection stands.
    public var connectTimeout = Duration.seconds(10)
    /// The longest time for a file.
    public var totalTimeout = Duration.seconds(60)
    /// Which URLs of an earlier run are tried again.
    public var retry: Retry?

    /// The defaults.
    public init() {}
}

/// What happened to a URL.
public struct DownloadRecord: Sendable, Equatable {
    /// How it ended.
    public enum Status: String, Sendable {
        /// Its file is there.
        case downloaded
        /// It could not be had.
        case failed
        /// Its site reserves it.
        case refused
    }

    /// The URL.
    public var url: String
    /// How it ended.
    public var status: Status
    /// Why it ended so; nil for what was downloaded.
    public var reason: String?
    /// Whether the same run a little later may end otherwise.
    public var isTransient = false
    /// The file, from the output's folder.
    public var path: String?
    /// The file's size in bytes.
    public var size: Int?
    /// The file's SHA-256.
    public var hash: String?
    /// What the server says changes with the file, without quotes.
    public var etag: String?
    /// When the file was changed last, as the server says it.
    public var lastModified: String?
    /// The server's status.
    public var httpStatus: Int?

    /// Describes an end.
    public init(url: String, status: Status, reason: String? = nil) {
        (self.url, self.status, self.reason) = (url, status, reason)
    }
}

/// What a run did.
public struct DownloadSummary: Sendable, Equatable {
    /// Files that were downloaded now.
    public var downloaded = 0
    /// Files that were there from an earlier run.
    public var present = 0
    /// URLs that failed, in this run or an earlier one.
    public var failed = 0
    /// URLs whose sites reserve them.
    public var refused = 0
    /// Rows that name a URL of an earlier row.
    public var repeated = 0
    /// Rows without a URL.
    public var empty = 0
    /// Bytes that were downloaded now.
    public var bytes = 0
}
