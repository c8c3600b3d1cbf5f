internal import DiptychNetwork

/// Requests to the hub and to where it redirects, one attempt each. It follows redirects by itself, because headers of the
/// first response name the file and the token must not travel on.
struct HubClient {
    /// What the responses said: the last one, and what the hub said of a file before it redirected.
    struct Response {
        var head: ResponseHead
        /// The file's hash, by the hub's headers `X-Linked-ETag` (large files) or `ETag`.
        var hash: ContentHash?
        /// The file's size, by `X-Linked-Size`.
        var size: Int?
    }

    /// Gets the parts of a body, and says whether it wants more.
    typealias Receiver = (Response, UnsafeRawBufferPointer) -> Bool

    private static let maximumRedirects = 10

    let options: HubOptions
    let isCancelled: () -> Bool
    private let origin: String
    let endpoint: String

    init(options: HubOptions, isCancelled: @escaping () -> Bool) throws(HubError) {
        self.options = options
        self.isCancelled = isCancelled
        endpoint = try Self.base(options.endpoint)
        origin = WebAddress(endpoint)?.origin ?? ""
        if let token = options.token {
            guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw HubError(.badSetting, "token", "is empty or has characters that no access token has")
            }
        }
    }

    /// An endpoint without a slash at its end.
    private static func base(_ text: String) throws(HubError) -> String {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        guard let address = WebAddress(text), !address.path.contains(where: { "?#".contains($0) }) else {
            throw HubError(.badSetting, text, "is not an endpoint; give an http or https URL such as https://host")
        }
        return text
    }

    /// A URL outside the hub, on the mirror for such files if there is one.
    func mirrored(_ url: String) throws(HubError) -> String {
        guard let mirror = options.archiveEndpoint else { return url }
        return try Self.base(mirror) + (WebAddress(url)?.path ?? "")
    }

    /// Gets `url` and hands the body to `receiver`.
    func get(
        _ url: String, subject: String, headers: [String] = [], receiver: Receiver
    ) throws(AttemptError) -> Response {
        var url = url
        var known = Response(head: ResponseHead())
        for _ in 0...Self.maximumRedirects {
            guard let address = WebAddress(url) else {
                throw .final(
                    HubError(
                        .untrusted, subject,
                        "the server redirects to an address that is neither http nor https; refused"))
            }
            var request = Request(url: url)
            request.headers = headers + ["Accept-Encoding: identity"]
            if address.origin == origin, let token = options.token {
                request.headers.append("Authorization: Bearer \(token)")
            }
            let proxy = address.scheme == "https" ? options.proxies.https : options.proxies.http
            request.proxy = proxy.map { Request.Proxy(url: $0, exceptions: options.proxies.exceptions) }
            request.connectTimeout = options.connectTimeout
            request.stallTimeout = options.stallTimeout
            known.head = try perform(request, known, address, subject, receiver)
            note(&known, isOrigin: address.origin == origin)
            guard let next = known.head.redirect else { return try checked(known, address, subject) }
            guard !(address.scheme == "https" && next.lowercased().hasPrefix("http:")) else {
                throw .final(
                    HubError(.untrusted, subject, "\(address.authority) leads to an unencrypted page; refused"))
            }
            url = next
        }
        throw .final(
            HubError(.untrusted, subject, "the server redirects more than \(Self.maximumRedirects) times; given up"))
    }

    private func perform(
        _ request: Request, _ known: Response, _ address: WebAddress, _ subject: String, _ receiver: Receiver
    ) throws(AttemptError) -> ResponseHead {
        // The closure does not outlive the call; libcurl's interface just cannot say so.
        let result = withoutActuallyEscaping(receiver) { receiver -> Result<ResponseHead, TransferError> in
            do throws(TransferError) {
                return .success(
                    try Transfer.perform(request, isCancelled: isCancelled) { head, part in
                        var response = known
                        response.head = head
                        note(&response, isOrigin: address.origin == origin)
                        return receiver(response, part)
                    })
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let head): return head
        case .failure(let error): throw explain(error, address, subject)
        }
    }

    /// Takes in what the hub itself says of the file. What hosts that it redirects to say of theirs is not its hash.
    private func note(_ response: inout Response, isOrigin: Bool) {
        guard isOrigin else { return }
        let head = response.head
        if let tag = head["x-linked-etag"] ?? (head.isSuccess ? head["etag"] : nil) {
            response.hash = ContentHash(entityTag: tag) ?? response.hash
        }
        if let size = head["x-linked-size"].flatMap({ Int($0) }), size >= 0 { response.size = size }
    }

    // MARK: What went wrong

    private func checked(_ response: Response, _ address: WebAddress, _ subject: String) throws(AttemptError)
        -> Response
    {
        let (head, host) = (response.head, address.authority)
        func fail(_ kind: HubError.Kind, _ reason: String) -> AttemptError { .final(HubError(kind, subject, reason)) }
        switch head.status {
        case 200..<300, 416: return response
        case 401 where options.token != nil && head["x-error-code"] != "RepoNotFound":
            throw fail(.unauthorized, "\(host) does not accept the access token (status 401); check it")
        case 401, 403:
            let isGated = head["x-error-code"] == "GatedRepo"
            throw fail(
                .unauthorized,
                isGated
                    ? "access has to be granted first: accept its conditions on its page at \(host), and give an "
                        + "access token"
                    : "\(host) answered with status \(head.status): the name is wrong, or the repository is private "
                        + "and needs an access token that may read it")
        case 404:
            let what =
                switch head["x-error-code"] {
                case "RevisionNotFound": "that revision"
                case "EntryNotFound": "that file"
                case "RepoNotFound": "a repository of that name"
                default: "it"
                }
            throw fail(.notFound, "\(host) does not have \(what) (status 404); check the spelling")
        case 408, 429, 500..<600:
            let reason =
                head.status == 429
                ? "\(host) gets too many requests (status 429)" : "\(host) answered with status \(head.status)"
            throw AttemptError(
                error: HubError(.server, subject, reason), isTransient: true,
                wait: head["retry-after"].flatMap { RetryPolicy.wait($0) })
        default: throw fail(.server, "\(host) answered with status \(head.status)")
        }
    }

    private func explain(_ error: TransferError, _ address: WebAddress, _ subject: String) -> AttemptError {
        let host = address.authority
        let (kind, reason): (HubError.Kind, String) =
            switch error.kind {
            case .cancelled, .stopped: (.cancelled, "interrupted")
            case .timedOut: (.network, "\(host) sent nothing for too long")
            case .cut: (.network, "the connection to \(host) ended before the file did")
            case .tooLarge: (.untrusted, "the response of \(host) is larger than any honest one")
            case .notHTTP: (.untrusted, "what answers at \(host) is not a web server")
            case .invalidURL: (.untrusted, "\(host) is not an address that can be asked")
            case .redirectToOtherScheme, .tooManyRedirects, .refusedAddress:
                (.untrusted, "\(host) leads somewhere that is not allowed")
            case .failed: (.network, "\(host): \(error.detail)")
            }
        return AttemptError(error: HubError(kind, subject, reason), isTransient: error.isTransient)
    }
}
