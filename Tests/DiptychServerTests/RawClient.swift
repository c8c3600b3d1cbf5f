import DiptychServer
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A connection to a server of this machine, whose answer is read as it comes. It waits without keeping a thread.
final class RawClient: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isOver = false
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    init(_ port: Int) throws {
        #if canImport(Glibc)
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let descriptor = descriptor
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw ServerError("cannot connect to port \(port)") }
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let put = bytes[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard put > 0 else { return }
            sent += put
        }
    }

    /// Sends no more, and goes on reading.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func close() {
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
    }

    /// Whether the server has ended the connection.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// What came so far.
    var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    /// The data of the events so far, as JSON.
    var events: [[String: Any]] {
        get throws {
            try text.matches(of: /data: (\{.*\})\n/).map { match in
                try JSONSerialization.jsonObject(with: Data(match.1.utf8)) as? [String: Any] ?? [:]
            }
        }
    }

    /// Reads until something is so, for ten seconds.
    func read(until isEnough: (String) -> Bool) async -> Bool {
        await DiptychServerTests.until {
            var part = [UInt8](repeating: 0, count: 65536)
            let got = recv(descriptor, &part, part.count, Int32(MSG_DONTWAIT))
            if got > 0 { state.withLock { $0.bytes += part.prefix(got) } }
            if got == 0 { state.withLock { $0.isOver = true } }
            return isEnough(text)
        }
    }
}
