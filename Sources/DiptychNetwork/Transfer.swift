internal import CCurl
#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// One exchange with a server, through libcurl, on the calling thread. Only `http` and `https` are spoken, and neither
/// the environment nor files of the user's change how.
package final class Transfer {
    /// Gets the parts of a body as they come, with the head that they belong to, and says whether it wants more.
    package typealias Receiver = (_ head: ResponseHead, _ part: UnsafeRawBufferPointer) -> Bool

    private static let startCode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    private static let largestHead = 1 << 18

    private let request: Request
    private let isCancelled: () -> Bool
    private let receiver: Receiver
    private var head = ResponseHead()
    private var headSize = 0
    private var received = 0
    private var dropped = 0
    private var lastByte = ContinuousClock.now
    private var refused: PeerAddress?
    private var ending: TransferError.Kind?
    private var list: UnsafeMutablePointer<curl_slist>?

    init(_ request: Request, _ isCancelled: @escaping () -> Bool, _ receiver: @escaping Receiver) {
        self.request = request
        self.isCancelled = isCancelled
        self.receiver = receiver
    }

    deinit { curl_slist_free_all(list) }

    /// Makes `request` and hands the body of a successful response to `receiver`; other bodies are dropped.
    ///
    /// - Parameter isCancelled: looked at with every part, and about once a second.
    /// - Returns: the head of the response, whatever its status.
    package static func perform(
        _ request: Request, isCancelled: @escaping () -> Bool = { false }, receiver: @escaping Receiver
    ) throws(TransferError) -> ResponseHead {
        try Transfer(request, isCancelled, receiver).perform()
    }

    private func perform() throws(TransferError) -> ResponseHead {
        try checkURL()
        guard let curl = request.connections?.take() ?? Self.handle() else { throw Self.noHandle }
        defer {
            if let connections = request.connections { connections.keep(curl) } else { curl_easy_cleanup(curl) }
        }
        let refusal = try prepare(curl)
        let code = withExtendedLifetime(self) { refusal == CURLE_OK ? curl_easy_perform(curl) : refusal }
        return try end(curl, code)
    }

    /// A new handle of libcurl's; nil where it cannot start.
    static func handle() -> UnsafeMutableRawPointer? { startCode == CURLE_OK ? curl_easy_init() : nil }

    static let noHandle = TransferError(.failed, detail: "libcurl could not start; check its installation")

    /// Sets a handle up for the request. The transfer must live until its end.
    ///
    /// - Returns: libcurl's refusal, if it refuses.
    func prepare(_ curl: UnsafeMutableRawPointer) throws(TransferError) -> CURLcode {
        try checkURL()
        var headers = request.headers
        if let token = request.signing?.token { headers.append("x-amz-security-token: \(token)") }
        for header in headers {
            guard header.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }), let longer = curl_slist_append(list, header)
            else { throw TransferError(.failed, detail: "a header has characters that none may have") }
            list = longer
        }
        return configure(curl, list, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The response, once libcurl has ended with `code`.
    func end(_ curl: UnsafeMutableRawPointer, _ code: CURLcode) throws(TransferError) -> ResponseHead {
        head.status = diptych_curl_status(curl)
        head.redirect = diptych_curl_redirect(curl).map { String(cString: $0) }
        if let error = error(code) { throw error }
        return head
    }

    private func checkURL() throws(TransferError) {
        let url = request.url
        // A space or control character could smuggle a second request line; a zero would cut the text.
        guard url.utf8.count <= 16_384, url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw TransferError(.invalidURL, detail: "it is too long or has spaces in it")
        }
    }

    private func configure(
        _ curl: UnsafeMutableRawPointer, _ list: UnsafeMutablePointer<curl_slist>?, _ state: UnsafeMutableRawPointer
    ) -> CURLcode {
        let followed: Int? = if case .followed(let most) = request.redirects { max(most, 0) } else { nil }
        let settings: [() -> CURLcode] = [
            { diptych_curl_http_only(curl) },
            { diptych_curl_string(curl, CURLOPT_URL, self.request.url) },
            { diptych_curl_string(curl, CURLOPT_USERAGENT, "diptych") },
            { diptych_curl_headers(curl, list) },
            { diptych_curl_string(curl, CURLOPT_PROXY, self.request.proxy?.url ?? "") },
            { diptych_curl_string(curl, CURLOPT_NOPROXY, self.request.proxy?.exceptions ?? "") },
            { diptych_curl_number(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) },
            { diptych_curl_number(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1) },
            { diptych_curl_number(curl, CURLOPT_FOLLOWLOCATION, followed == nil ? 0 : 1) },
            { diptych_curl_number(curl, CURLOPT_MAXREDIRS, followed ?? 0) },
            { diptych_curl_number(curl, CURLOPT_FAILONERROR, self.request.wantsErrors ? 0 : 1) },
            // Signals would reach threads that know nothing of them.
            { diptych_curl_number(curl, CURLOPT_NOSIGNAL, 1) },
            {
                diptych_curl_number(
                    curl, CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(self.request.connectTimeout))
            },
            { diptych_curl_number(curl, CURLOPT_TIMEOUT_MS, self.request.totalTimeout.map(Self.milliseconds) ?? 0) },
            {
                diptych_curl_large_number(
                    curl, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(self.request.maximumBytes ?? 0))
            },
            { diptych_curl_on_write(curl, { Transfer.of($3)?.receive(Transfer.bytes($0, $1, $2)) ?? 0 }, state) },
            { diptych_curl_on_header(curl, { Transfer.of($3)?.readHeader(Transfer.bytes($0, $1, $2)) ?? 0 }, state) },
            { diptych_curl_on_progress(curl, { state, _, _, _, _ in Transfer.of(state)?.check() ?? 1 }, state) },
            {
                diptych_curl_on_open(
                    curl,
                    { state, _, address in
                        guard let address else { return -1 }
                        return Transfer.of(state)?.open(address) ?? -1
                    }, state)
            },
        ]
        for setting in settings {
            let code = setting()
            if code != CURLE_OK { return code }
        }
        lastByte = .now
        if request.isHead {
            let code = diptych_curl_number(curl, CURLOPT_NOBODY, 1)
            if code != CURLE_OK { return code }
        }
        return request.signing.map { sign(curl, $0) } ?? CURLE_OK
    }

    private func sign(_ curl: UnsafeMutableRawPointer, _ signing: Request.Signing) -> CURLcode {
        let settings: [(CURLoption, String)] = [
            (CURLOPT_AWS_SIGV4, "aws:amz:\(signing.region):s3"), (CURLOPT_USERNAME, signing.key),
            (CURLOPT_PASSWORD, signing.secret),
        ]
        for (option, value) in settings {
            let code = diptych_curl_string(curl, option, value)
            if code != CURLE_OK { return code }
        }
        // A key may have two dots in it, which are signed as they stand.
        return diptych_curl_number(curl, CURLOPT_PATH_AS_IS, 1)
    }

    // MARK: What libcurl calls, on the thread that performs

    private static func of(_ state: UnsafeMutableRawPointer?) -> Transfer? {
        state.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func bytes(_ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int)
        -> UnsafeRawBufferPointer
    {
        UnsafeRawBufferPointer(start: start, count: size * count)
    }

    private func receive(_ part: UnsafeRawBufferPointer) -> Int {
        lastByte = .now
        if isCancelled() { return stop(.cancelled) }
        guard head.isSuccess || request.wantsErrors else {
            // The body of a redirect that is handed back. Only at its end does libcurl tell where it leads.
            dropped += part.count
            return dropped <= Self.largestHead ? part.count : stop(.tooLarge)
        }
        if let most = request.maximumBytes, part.count > most - received { return stop(.tooLarge) }
        guard receiver(head, part) else { return stop(.stopped) }
        received += part.count
        return part.count
    }

    /// Any number other than that of the bytes stops libcurl.
    private func stop(_ kind: TransferError.Kind) -> Int {
        ending = kind
        return 0
    }

    private func readHeader(_ line: UnsafeRawBufferPointer) -> Int {
        lastByte = .now
        headSize += line.count
        guard headSize <= Self.largestHead else { return stop(.tooLarge) }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // Each redirect and each interim response starts anew.
            head = ResponseHead()
            head.status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if let colon = text.firstIndex(of: ":") {
            head.headers[text[..<colon].lowercased(), default: []].append(text[text.index(after: colon)...].trimmed)
        }
        return line.count
    }

    private func check() -> Int32 {
        if isCancelled() {
            ending = .cancelled
            return 1
        }
        if let most = request.stallTimeout, ContinuousClock.now - lastByte > most {
            ending = .timedOut
            return 1
        }
        return 0
    }

    /// Opens the socket for the very address that is about to be connected to: a name that resolves to another address
    /// the second time gains nothing.
    private func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let peer = withUnsafePointer(to: &address.pointee.addr) { PeerAddress($0) }
        guard request.allows?(peer) ?? true else {
            refused = peer
            return -1
        }
        refused = nil
        return socket(address.pointee.family, address.pointee.socktype | Self.closeOnExec, address.pointee.protocol)
    }

    #if canImport(Glibc)
        private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)
    #else
        private static let closeOnExec: Int32 = 0
    #endif

    /// libcurl takes 0 for "no limit".
    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        let whole = Int(clamping: min(max(seconds, 0), 2_000_000))
        return max(1, whole * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }

    // MARK: How it ended

    private func error(_ code: CURLcode) -> TransferError? {
        if ending == .tooLarge || code == CURLE_FILESIZE_EXCEEDED {
            return TransferError(.tooLarge, received: received)
        }
        if let ending { return TransferError(ending, received: received, isTransient: ending == .timedOut) }
        if let refused { return TransferError(.refusedAddress, detail: refused.description) }
        let isRedirect = (300..<400).contains(head.status)
        switch code {
        case CURLE_OK, CURLE_HTTP_RETURNED_ERROR: return nil
        case CURLE_UNSUPPORTED_PROTOCOL:
            return TransferError(isRedirect ? .redirectToOtherScheme : .notHTTP)
        case CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED: return TransferError(.invalidURL)
        case CURLE_TOO_MANY_REDIRECTS: return TransferError(.tooManyRedirects)
        case CURLE_OPERATION_TIMEDOUT: return TransferError(.timedOut, received: received, isTransient: true)
        case CURLE_PARTIAL_FILE: return TransferError(.cut, received: received, isTransient: true)
        default:
            let transient = [
                CURLE_COULDNT_CONNECT, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2,
                CURLE_HTTP2_STREAM,
            ]
            return TransferError(
                .failed, detail: String(cString: curl_easy_strerror(code)), received: received,
                isTransient: transient.contains(code))
        }
    }
}

extension Substring {
    /// Without white space at either end.
    fileprivate var trimmed: String {
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
