#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The bytes of a file or of standard input from front to back, inflated where they are gzip data.
final class ByteStream {
    /// What errors call it.
    let name: String
    private let descriptor: Int32
    private var inflater: Inflater?
    private var isStarted = false
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    /// The size of a regular file; nil of anything else.
    private let fileSize: Int?
    /// The number of (inflated) bytes that were taken.
    private(set) var offset = 0

    private static let chunk = 1 << 18

    /// Opens the file at `path`; `-` is standard input.
    init(path: String) throws(DatasetError) {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? dup(STDIN_FILENO) : try openForReading(path)
        guard descriptor >= 0 else { throw DatasetError(.unreadable, path: name, "cannot be opened") }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        fileSize = isKnown && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
        if isKnown, status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw DatasetError(.unreadable, path: name, "is a directory; give a file")
        }
    }

    deinit { close(descriptor) }

    /// The bytes that are in memory now, at least one unless the end is reached.
    func available() throws(DatasetError) -> ArraySlice<UInt8> {
        if position == buffer.count { try fill() }
        return buffer[position...]
    }

    /// Takes `count` of the bytes that ``available()`` gave.
    func consume(_ count: Int) {
        position = min(position + count, buffer.count)
        offset += count
    }

    /// Takes up to `count` bytes, fewer only at the end. Memory is taken as bytes come in, not as they are announced.
    func take(_ count: Int) throws(DatasetError) -> [UInt8] {
        var taken: [UInt8] = []
        taken.reserveCapacity(min(count, 1 << 20))
        while taken.count < count {
            let some = try available().prefix(count - taken.count)
            if some.isEmpty { break }
            taken.append(contentsOf: some)
            consume(some.count)
        }
        return taken
    }

    /// Whether ``offset`` is a place in the file: a regular one that is not compressed.
    var isSeekable: Bool { isStarted && inflater == nil && fileSize != nil }

    /// Passes over up to `count` bytes, without reading them where the file allows it.
    ///
    /// - Returns: how many there were.
    func skip(_ count: Int) throws(DatasetError) -> Int {
        var left = count
        if isSeekable, let fileSize, count > buffer.count - position {
            // From the file's place, which is where the buffer ends.
            let inBuffer = buffer.count - position
            let jump = min(count - inBuffer, max(0, fileSize - (offset + inBuffer)))
            if lseek(descriptor, off_t(jump), SEEK_CUR) >= 0 {
                (buffer, position) = ([], 0)
                offset += inBuffer + jump
                return inBuffer + jump
            }
        }
        while left > 0 {
            let some = try available().prefix(left).count
            if some == 0 { break }
            consume(some)
            left -= some
        }
        return count - left
    }

    private func fill() throws(DatasetError) {
        guard !isAtEnd else { return }
        if !isStarted {
            isStarted = true
            let head = try raw()
            if head.starts(with: [0x1F, 0x8B]) {
                inflater = try Inflater(path: name)
                try fill(inflating: head)
            } else {
                (buffer, position, isAtEnd) = (head, 0, head.isEmpty)
            }
            return
        }
        if inflater != nil { return try fill(inflating: nil) }
        buffer = try raw()
        (position, isAtEnd) = (0, buffer.isEmpty)
    }

    private func fill(inflating head: [UInt8]?) throws(DatasetError) {
        guard let inflater else { return }
        var head = head
        var failure: DatasetError?
        buffer = [UInt8](unsafeUninitializedCapacity: Self.chunk) { output, count in
            do throws(DatasetError) {
                count = try inflater.read(into: output) { () throws(DatasetError) in
                    defer { head = nil }
                    return if let head { head } else { try self.raw() }
                }
            } catch { (failure, count) = (error, 0) }
        }
        (position, isAtEnd) = (0, buffer.isEmpty)
        if let failure { throw failure }
    }

    /// The next bytes as they come; none at the end, or when the task was cancelled while waiting for them.
    private func raw() throws(DatasetError) -> [UInt8] {
        while !Task.isCancelled {
            // Standard input may be long in coming: waiting must not outlast the task.
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, 200)
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { output, count in
                let got = read(descriptor, output.baseAddress, Self.chunk)
                if got < 0 { code = errno }
                count = max(got, 0)
            }
            if code == EINTR || code == EAGAIN { continue }
            guard code == 0 else {
                throw DatasetError(.unreadable, path: name, "cannot be read: \(String(cString: strerror(code)))")
            }
            return bytes
        }
        return []
    }
}
