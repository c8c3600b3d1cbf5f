import Foundation

/// The lines of a file or of standard input, one after the other, in constant memory.
final class LineReader: Sequence, IteratorProtocol {
    private let name: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    /// Why reading stopped before the end, if it did.
    private(set) var failure: Failure?

    /// The longest line that is taken, so that a file without line breaks cannot fill the memory. Long enough for a
    /// picture as a data URI.
    private static let longestLine = 400 << 20

    /// Opens the file at `path`; `-` is standard input.
    ///
    /// - Parameter advice: what to give instead of a directory.
    init(path: String, advice: String = "one picture a line, or --image for the directory") throws {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("\(name): cannot be opened: \(String(cString: strerror(errno)))") }
        // By the open file, as standard input has no path.
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: "/dev/fd/\(descriptor)", isDirectory: &isDirectory),
            isDirectory.boolValue
        {
            throw Failure("\(name): is a directory; give a file with \(advice)")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The next line, without its line break.
    func next() -> String? {
        while true {
            if let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return line(buffer[start..<end])
            }
            guard !isAtEnd else {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                return line(buffer[start...])
            }
            buffer.removeSubrange(..<start)
            start = 0
            guard buffer.count < Self.longestLine else {
                failure = Failure("\(name): has a line of more than \(Self.longestLine >> 20) MiB")
                (buffer, isAtEnd) = ([], true)
                continue
            }
            read()
        }
    }

    private func line(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes, as: UTF8.self)
    }

    private func read() {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = StandardInput.read(descriptor, into: &chunk)
        if count > 0 { buffer.append(contentsOf: chunk[..<count]) }
        if count < 0 { failure = Failure("\(name): cannot be read: \(String(cString: strerror(errno)))") }
        if count <= 0 { isAtEnd = true }
    }
}

/// Bytes from outside that may be long in coming.
enum StandardInput {
    /// Reads what there is, waiting for it, but not beyond the cancellation of the task.
    ///
    /// - Returns: the number of bytes; 0 at the end or when the task was cancelled; negative after an error.
    static func read(_ descriptor: Int32, into chunk: inout [UInt8]) -> Int {
        while !Task.isCancelled {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, 200)
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            let count = Foundation.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            return count
        }
        return 0
    }

    /// All of standard input.
    static func bytes(limit: Int) throws -> [UInt8] {
        var (bytes, chunk): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 1 << 16))
        while true {
            let count = read(STDIN_FILENO, into: &chunk)
            try Task.checkCancellation()
            guard count >= 0 else { throw Failure("standard input: \(String(cString: strerror(errno)))") }
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limit else { throw Failure("standard input: more than \(limit) bytes") }
        }
        guard !bytes.isEmpty else { throw Failure("standard input: is empty; it should hold a picture file") }
        return bytes
    }
}
