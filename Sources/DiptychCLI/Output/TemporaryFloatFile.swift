import DiptychCheckpoints
import Foundation

/// Buffers floats in an unlinked temporary file.
final class TemporaryFloatFile {
    private let path: String
    private let descriptor: Int32
    private var buffer: [Float] = []
    private static let chunk = 1 << 16

    /// A buffer on the file system of `path`.
    init(beside path: String) throws {
        self.path = path
        let name = "\(path).\(getpid())-\(UInt32.random(in: 0...UInt32.max)).spool"
        descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure() }
        unlink(name)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Adds numbers to the end.
    func write(_ values: [Float]) throws {
        buffer += values
        if buffer.count >= Self.chunk { try flush() }
    }

    /// Reads everything from the beginning, a part at a time.
    func forEachChunk(_ body: ([Float]) throws -> Void) throws {
        try flush()
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw failure() }
        var rest: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4 * Self.chunk)
        while true {
            let count = read(descriptor, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            guard count > 0 else { return }
            rest += bytes[..<count]
            let whole = rest.count / 4
            try body(
                rest.withUnsafeBytes { raw in
                    (0..<whole).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
                })
            rest.removeFirst(4 * whole)
        }
    }

    private func flush() throws {
        try buffer.withUnsafeBytes { raw in
            var written = 0
            while written < raw.count {
                let count = Foundation.write(descriptor, raw.baseAddress.map { $0 + written }, raw.count - written)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw failure() }
                written += count
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private func failure() -> FileWriteError { FileWriteError(path: path, code: errno) }
}
