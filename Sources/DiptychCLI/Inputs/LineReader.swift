import DiptychDatasets
import Foundation

/// The lines of a file or of standard input, one after the other, in constant memory: ``LineStream`` as commands want it.
final class LineReader: Sequence, IteratorProtocol {
    private var lines: LineStream
    private let name: String
    private var isAtEnd = false
    /// Why reading stopped before the end, if it did.
    private(set) var failure: Failure?

    /// Opens the file at `path`; `-` is standard input.
    ///
    /// - Parameters:
    ///   - advice: what to give instead of a directory, or of a file that does not hold lines.
    ///   - mayBeJSON: whether JSON is as good as any other text.
    init(
        path: String, separator: LineStream.Separator = .lineBreak, mayBeJSON: Bool = false,
        advice: String = "one image a line, or --image for a directory or an image"
    ) throws {
        name = path == "-" ? "standard input" : path
        do throws(DatasetError) {
            lines = try LineStream(
                path: path, separator: separator, longest: TextFile.longestLine, mayBeJSON: mayBeJSON,
                advice: "give a file with " + advice)
        } catch { throw Failure(error.description) }
    }

    /// The next line, without its line break.
    func next() -> String? {
        guard !isAtEnd else { return nil }
        do throws(DatasetError) {
            guard let line = try lines.next() else {
                isAtEnd = true
                return nil
            }
            guard line.isTooLong else { return String(decoding: line.bytes, as: UTF8.self) }
            failure = Failure("\(name): has a line of more than \(TextFile.longestLine >> 20) MiB")
        } catch { failure = Failure(error.description) }
        isAtEnd = true
        return nil
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
        guard !bytes.isEmpty else { throw Failure("standard input: is empty; it should hold an image file") }
        return bytes
    }
}
