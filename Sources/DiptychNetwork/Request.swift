/// A `GET` or `HEAD` over HTTP, with everything that decides how it is made: nothing comes from the environment.
package struct Request: Sendable {
    /// What happens when a server says that the resource is elsewhere.
    package enum Redirects: Sendable {
        /// At most so many are followed; one more is an error.
        case followed(Int)
        /// The response is handed back, with the place it leads to.
        case handedBack
    }

    /// A proxy to connect through.
    package struct Proxy: Sendable {
        /// Its URL.
        package var url: String
        /// Hosts that are connected to directly, separated by commas, as in the variable `no_proxy`.
        package var exceptions: String

        /// A proxy.
        package init(url: String, exceptions: String = "") {
            self.url = url
            self.exceptions = exceptions
        }
    }

    /// How a request to a server of Amazon's protocol (S3, and others that speak it) is signed: Signature Version 4.
    package struct Signing: Sendable {
        /// The access key's identifier.
        package var key: String
        /// The access key's secret.
        package var secret: String
        /// The token of a session, for keys that last for a while.
        package var token: String?
        /// The region, such as `eu-central-1`.
        package var region: String

        /// A signature for `s3`.
        package init(key: String, secret: String, token: String? = nil, region: String) {
            (self.key, self.secret, self.token, self.region) = (key, secret, token, region)
        }
    }

    /// The URL, which has to be `http` or `https`.
    package var url: String
    /// Whether only the head of the response is wanted.
    package var isHead = false
    /// Whether the receiver also gets the bodies of errors, which say more than their status.
    package var wantsErrors = false
    /// The keys to sign it with, if it is to be signed. Parameters have to stand in the URL in the order of their names then.
    package var signing: Signing?
    /// What connections are kept in for the next request, if they are.
    package var connections: ConnectionPool?
    /// More headers, one "Name: value" each.
    package var headers: [String] = []
    /// What happens with redirects.
    package var redirects = Redirects.handedBack
    /// The proxy, if one is to be used.
    package var proxy: Proxy?
    /// Whether a socket may be opened to an address, which is the proxy's where there is one; nil for every address.
    package var allows: (@Sendable (PeerAddress) -> Bool)?
    /// The longest time until a connection stands.
    package var connectTimeout = Duration.seconds(10)
    /// The longest time for everything, if there is a limit.
    package var totalTimeout: Duration?
    /// The longest time without a single byte, if there is a limit. It is looked at about once a second.
    package var stallTimeout: Duration?
    /// The most bytes that a body may have, if there is a limit.
    package var maximumBytes: Int?

    /// A request with the defaults.
    package init(url: String) { self.url = url }
}

/// What came before the body of a response.
package struct ResponseHead: Sendable {
    /// The status, such as 200.
    package internal(set) var status = 0
    /// Where a redirect that was handed back leads, as an absolute URL.
    package internal(set) var redirect: String?
    var headers: [String: [String]] = [:]

    /// Before any response.
    package init() {}

    /// The value of a header, the last where it came several times, whose name is given in lower case.
    package subscript(name: String) -> String? { headers[name]?.last }

    /// All values of a header, whose name is given in lower case.
    package func values(of name: String) -> [String] { headers[name] ?? [] }

    /// Whether the body is what was asked for.
    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why an exchange did not come to its end. A status that reports an error is no reason: it comes as a ``ResponseHead``.
package struct TransferError: Error {
    /// What went wrong.
    package enum Kind: Sendable {
        case invalidURL
        /// The host has an address that is not allowed, which `detail` names.
        case refusedAddress
        /// What answers does not speak HTTP.
        case notHTTP
        case redirectToOtherScheme
        case tooManyRedirects
        case timedOut
        case tooLarge
        /// The connection ended before the body did.
        case cut
        /// The receiver of the body wanted no more.
        case stopped
        case cancelled
        /// Anything else, in libcurl's words.
        case failed
    }

    /// What went wrong.
    package let kind: Kind
    /// More words, if any.
    package let detail: String
    /// How many bytes of the body had come.
    package let received: Int
    /// Whether the same request may well succeed a little later.
    package let isTransient: Bool

    init(_ kind: Kind, detail: String = "", received: Int = 0, isTransient: Bool = false) {
        self.kind = kind
        self.detail = detail
        self.received = received
        self.isTransient = isTransient
    }
}
