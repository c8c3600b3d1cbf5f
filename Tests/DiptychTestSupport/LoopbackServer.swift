import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A web server on this machine that answers each request with given bytes, for tests of fetching and downloading.
public final class LoopbackServer: Sendable {
    /// What was asked for.
    public struct Request: Sendable {
        /// The path, or the whole URL where a proxy is asked.
        public let path: String
        /// The headers, by name in lower case.
        public let headers: [String: String]

        /// A request.
        public init(path: String, headers: [String: String]) {
            self.path = path
            self.headers = headers
        }
    }

    /// What is sent, and how.
    public struct Answer: Sendable {
        /// The head and the body.
        public var bytes: [UInt8]
        /// Time between sending and closing.
        public var delay = 0.0
        /// Whether to close only once the client does, as a server that has stalled.
        public var isHeld = false

        /// An answer of any bytes.
        public init(bytes: [UInt8], delay: Double = 0) {
            self.bytes = bytes
            self.delay = delay
        }

        /// A response with a body. `declared` is the length that the header claims.
        public static func response(
            _ status: String, body: [UInt8] = [], headers: [String] = [], declared: Int? = nil, delay: Double = 0
        ) -> Answer {
            var head = ["HTTP/1.1 \(status)", "Connection: close", "Content-Length: \(declared ?? body.count)"]
            head += headers + ["", ""]
            return Answer(bytes: Array(head.joined(separator: "\r\n").utf8) + body, delay: delay)
        }
    }

    /// Where it listens.
    public let port: Int
    private let listener: Int32
    private let isStopped = Mutex(false)
    private let log = Mutex<(connections: Int, requests: [Request])>((0, []))

    /// A server on a free port, which `answer` gets as well.
    public init?(answer: @escaping @Sendable (_ request: Request, _ port: Int) -> Answer) {
        #if canImport(Glibc)
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isBound else { return nil }
        // Programs that the test starts must not keep the port.
        _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else {
                    // Here and not in `stop`: another server may get the number of a closed listener at once.
                    close(listener)
                    return
                }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                log.withLock { $0.connections += 1 }
                Thread.detachNewThread { [self] in serve(connection, answer) }
            }
        }
    }

    /// Answers nobody any more.
    public func stop() {
        isStopped.withLock { isStopped in
            if !isStopped { shutdown(listener, Int32(SHUT_RDWR)) }
            isStopped = true
        }
    }

    /// The requests so far.
    public var requests: [Request] { log.withLock { $0.requests } }

    /// The paths that were asked for.
    public var paths: [String] { requests.map(\.path) }

    /// How many connections were opened.
    public var connections: Int { log.withLock { $0.connections } }

    private func serve(_ connection: Int32, _ answer: @Sendable (Request, Int) -> Answer) {
        defer { close(connection) }
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while !text.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
            let got = recv(connection, &part, part.count, 0)
            guard got > 0 else { return }
            text += part.prefix(got)
        }
        let request = Self.request(String(decoding: text, as: UTF8.self))
        log.withLock { $0.requests.append(request) }
        let answer = answer(request, port)
        var sent = 0
        answer.bytes.withUnsafeBytes { raw in
            while sent < raw.count {
                let put = send(connection, raw.baseAddress.map { $0 + sent }, raw.count - sent, Int32(MSG_NOSIGNAL))
                guard put > 0 else { return }
                sent += put
            }
        }
        if answer.delay > 0 { Thread.sleep(forTimeInterval: answer.delay) }
        if answer.isHeld { while recv(connection, &part, part.count, 0) > 0 {} }
    }

    private static func request(_ text: String) -> Request {
        let lines = text.components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        return Request(path: lines[0].split(separator: " ").dropFirst().first.map(String.init) ?? "/", headers: headers)
    }
}
