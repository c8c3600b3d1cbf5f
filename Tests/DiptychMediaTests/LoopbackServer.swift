import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A web server on this machine that answers each path with given bytes, for tests of fetching.
final class LoopbackServer: Sendable {
    /// What is sent for a path, and how.
    struct Answer: Sendable {
        var bytes: [UInt8]
        /// Time between sending and closing.
        var delay = 0.0

        /// A response with a body. `declared` is the length that the header claims.
        static func response(
            _ status: String, body: [UInt8] = [], headers: [String] = [], declared: Int? = nil, delay: Double = 0
        ) -> Answer {
            var head = ["HTTP/1.1 \(status)", "Connection: close", "Content-Length: \(declared ?? body.count)"]
            head += headers + ["", ""]
            return Answer(bytes: Array(head.joined(separator: "\r\n").utf8) + body, delay: delay)
        }
    }

    let port: Int
    private let listener: Int32
    private let requested = Mutex<[String]>([])

    init?(answer: @escaping @Sendable (_ path: String, _ port: Int) -> Answer) {
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
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { [self] in serve(connection, answer) }
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// The paths that were asked for.
    var paths: [String] { requested.withLock { $0 } }

    private func serve(_ connection: Int32, _ answer: @Sendable (String, Int) -> Answer) {
        defer { close(connection) }
        var request: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while !request.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
            let got = recv(connection, &part, part.count, 0)
            guard got > 0 else { return }
            request += part.prefix(got)
        }
        let path =
            String(decoding: request, as: UTF8.self).split(separator: " ").dropFirst().first.map(String.init) ?? "/"
        requested.withLock { $0.append(path) }
        let answer = answer(path, port)
        var sent = 0
        answer.bytes.withUnsafeBytes { raw in
            while sent < raw.count {
                let put = send(connection, raw.baseAddress.map { $0 + sent }, raw.count - sent, Int32(MSG_NOSIGNAL))
                guard put > 0 else { return }
                sent += put
            }
        }
        if answer.delay > 0 { Thread.sleep(forTimeInterval: answer.delay) }
    }
}
