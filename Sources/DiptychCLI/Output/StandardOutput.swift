import Foundation
import Synchronization

/// Standard output, buffered; a failed write is an error, never lost.
enum StandardOutput {
    /// Whoever read the output closed it, as `head` does.
    struct ReaderGone: Error {}

    private static let buffer = Mutex<[UInt8]>([])
    private static let bufferSize = 1 << 16

    /// Whether standard output is a terminal.
    static let isTerminal = isatty(STDOUT_FILENO) == 1

    /// Adds text to the output.
    static func write(_ text: String) throws {
        try buffer.withLock { buffer in
            buffer.append(contentsOf: text.utf8)
            if buffer.count >= bufferSize { try put(&buffer) }
        }
    }

    /// Adds a line to the output.
    static func line(_ text: String) throws { try write(text + "\n") }

    /// Hands what was written to the system.
    static func flush() throws { try buffer.withLock { try put(&$0) } }

    private static func put(_ buffer: inout [UInt8]) throws {
        defer { buffer.removeAll(keepingCapacity: true) }
        try buffer.withUnsafeBytes { raw in
            var written = 0
            while written < raw.count {
                let count = Foundation.write(
                    STDOUT_FILENO, raw.baseAddress.map { $0 + written }, raw.count - written)
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EPIPE { throw ReaderGone() }
                if count < 0 {
                    throw Failure("standard output: \(String(cString: strerror(errno))); its end is missing")
                }
                written += count
            }
        }
    }
}
