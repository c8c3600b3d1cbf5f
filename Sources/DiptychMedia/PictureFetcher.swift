internal import CCurl
#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// How pictures are fetched.
public struct FetchOptions: Sendable, Hashable {
    /// Which addresses may be fetched from. It is checked for the address that is connected to, also after redirects.
    public var addresses = AddressPolicy.publicOnly
    /// The longest time until a connection stands.
    public var connectTimeout = Duration.seconds(10)
    /// The longest time for the whole fetch.
    public var totalTimeout = Duration.seconds(60)
    /// How many redirects are followed.
    public var maximumRedirects = 5

    /// The defaults.
    public init() {}
}

/// Fetches `http` and `https` URLs, which may come from strangers. Proxies and other settings of the environment are not
/// used, as a proxy would connect where this code cannot check.
struct PictureFetcher {
    let options: FetchOptions
    let maximumBytes: Int

    private static let startCode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    func fetch(_ url: String) throws(PictureError) -> [UInt8] {
        // A space or control character could smuggle a second request line; a zero would cut the text.
        guard url.utf8.count <= 16_384, url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw PictureError(.invalidURL, source: url, reason: "not a URL: it is too long or has spaces in it")
        }
        guard let host = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last,
            let first = host.first, !"/?#:@".contains(first)
        else { throw PictureError(.invalidURL, source: url, reason: "not a URL: it names no host") }
        guard Self.startCode == CURLE_OK, let curl = curl_easy_init() else {
            throw PictureError(.fetchFailed, source: url, reason: "libcurl could not start; check its installation")
        }
        defer { curl_easy_cleanup(curl) }
        let transfer = Transfer(addresses: options.addresses, maximumBytes: maximumBytes)
        let code = withExtendedLifetime(transfer) {
            let state = Unmanaged.passUnretained(transfer).toOpaque()
            let refused = configure(curl, url, state)
            return refused == CURLE_OK ? curl_easy_perform(curl) : refused
        }
        let status = diptych_curl_status(curl)
        guard code == CURLE_OK else { throw error(code, status: status, transfer, url) }
        guard (200..<300).contains(status) else {
            throw PictureError(.fetchFailed, source: url, reason: "the server answered with status \(status)")
        }
        guard !transfer.bytes.isEmpty else {
            throw PictureError(.empty, source: url, reason: "the server sent no bytes")
        }
        return transfer.bytes
    }

    private func configure(_ curl: UnsafeMutableRawPointer, _ url: String, _ state: UnsafeMutableRawPointer) -> CURLcode
    {
        let settings: [() -> CURLcode] = [
            { diptych_curl_http_only(curl) },
            { diptych_curl_string(curl, CURLOPT_URL, url) },
            { diptych_curl_string(curl, CURLOPT_USERAGENT, "diptych") },
            { diptych_curl_string(curl, CURLOPT_PROXY, "") },
            { diptych_curl_number(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1) },
            { diptych_curl_number(curl, CURLOPT_FOLLOWLOCATION, 1) },
            { diptych_curl_number(curl, CURLOPT_MAXREDIRS, max(options.maximumRedirects, 0)) },
            { diptych_curl_number(curl, CURLOPT_FAILONERROR, 1) },
            // Signals would reach threads that know nothing of them.
            { diptych_curl_number(curl, CURLOPT_NOSIGNAL, 1) },
            { diptych_curl_number(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connectTimeout)) },
            { diptych_curl_number(curl, CURLOPT_TIMEOUT_MS, milliseconds(options.totalTimeout)) },
            { diptych_curl_large_number(curl, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(maximumBytes)) },
            {
                diptych_curl_on_write(
                    curl,
                    { bytes, _, count, state in
                        guard let bytes, let state else { return 0 }
                        let transfer = Unmanaged<Transfer>.fromOpaque(state).takeUnretainedValue()
                        return transfer.append(UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
                    }, state)
            },
            {
                diptych_curl_on_open(
                    curl,
                    { state, _, address in
                        guard let state, let address else { return -1 }
                        return Unmanaged<Transfer>.fromOpaque(state).takeUnretainedValue().open(address)
                    }, state)
            },
        ]
        for setting in settings {
            let code = setting()
            if code != CURLE_OK { return code }
        }
        return CURLE_OK
    }

    /// libcurl takes 0 for "no limit".
    private func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return max(
            1, Int(clamping: seconds.clamped(to: 0...2_000_000)) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }

    private func error(_ code: CURLcode, status: Int, _ transfer: Transfer, _ url: String) -> PictureError {
        if transfer.isOverLimit || code == CURLE_FILESIZE_EXCEEDED {
            return PictureError(.tooLarge, source: url, reason: "it is more than the limit of \(maximumBytes) bytes")
        }
        if let refused = transfer.refused {
            return PictureError(
                .forbiddenAddress, source: url,
                reason: "it leads to \(refused), which is not a public address; fetching from it must be allowed")
        }
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL where !(300..<400).contains(status):
            return PictureError(.fetchFailed, source: url, reason: "what answers there is not a web server")
        case CURLE_UNSUPPORTED_PROTOCOL:
            return PictureError(.invalidURL, source: url, reason: "it leads to a scheme other than http and https")
        case CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED:
            return PictureError(.invalidURL, source: url, reason: "not a URL, or one with a user name in it")
        case CURLE_HTTP_RETURNED_ERROR:
            return PictureError(.fetchFailed, source: url, reason: "the server answered with status \(status)")
        case CURLE_TOO_MANY_REDIRECTS:
            return PictureError(
                .fetchFailed, source: url, reason: "it redirects more than \(options.maximumRedirects) times")
        case CURLE_OPERATION_TIMEDOUT:
            return PictureError(.fetchFailed, source: url, reason: "the server took too long")
        case CURLE_PARTIAL_FILE:
            return PictureError(
                .fetchFailed, source: url, reason: "the server stopped after \(transfer.bytes.count) bytes")
        default:
            return PictureError(.fetchFailed, source: url, reason: String(cString: curl_easy_strerror(code)))
        }
    }
}

extension Comparable {
    fileprivate func clamped(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}

/// What the callbacks of one fetch know and gather. libcurl calls them on the thread that fetches.
private final class Transfer {
    let addresses: AddressPolicy
    let maximumBytes: Int
    var bytes: [UInt8] = []
    var isOverLimit = false
    var refused: String?

    init(addresses: AddressPolicy, maximumBytes: Int) {
        self.addresses = addresses
        self.maximumBytes = maximumBytes
    }

    func append(_ part: UnsafeRawBufferPointer) -> Bool {
        isOverLimit = part.count > maximumBytes - bytes.count
        if !isOverLimit { bytes.append(contentsOf: part) }
        return !isOverLimit
    }

    /// Opens the socket for the very address that is about to be connected to: a name that resolves to another address
    /// the second time gains nothing.
    func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let allowed = withUnsafePointer(to: &address.pointee.addr) { target in
            if addresses.allows(target) { return true }
            refused = AddressPolicy.text(target)
            return false
        }
        guard allowed else { return -1 }
        refused = nil
        return socket(address.pointee.family, address.pointee.socktype | Self.closeOnExec, address.pointee.protocol)
    }

    #if canImport(Glibc)
        private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)
    #else
        private static let closeOnExec: Int32 = 0
    #endif
}
