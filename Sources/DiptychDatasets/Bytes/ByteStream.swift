#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The bytes of a file or of standard input from front to back, unpacked where they are gzip or Zstandard data.
final class ByteStream {
    /// What errors call it.
    let name: String
    private let descriptor: Int32
    /// What is read instead of the descriptor, from ``filePosition`` to ``fileSize``.
    private let file: InputFile?
    private var filePosition = 0
    private var decompressor: (any Decompressor)?
    private var isStarted = false
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    /// Why nothing can be unpacked any more.
    private var failure: DatasetError?
    /// The size of a regular file; nil of anything else.
    private let fileSize: Int?
    /// The number of (inflated) bytes that were taken.
    private(set) var offset = 0

    private let chunk: Int

    /// Opens the file at `path`; `-` is standard input.
    ///
    /// - Parameter advice: what to give instead of a directory.
    init(path: String, advice: String = "give a file") throws(DatasetError) {
        name = path == "-" ? "standard input" : path
        chunk = 1 << 18
        if let files = RemotePaths.files(for: path) {
            guard try !files.isFolder(path) else {
                throw DatasetError(.unreadable, path: name, "is a directory; \(advice)")
            }
            let file = try InputFile(path: path)
            (self.file, descriptor, fileSize) = (file, -1, file.size)
            return
        }
        file = nil
        descriptor = path == "-" ? dup(STDIN_FILENO) : try openForReading(path)
        guard descriptor >= 0 else { throw DatasetError(.unreadable, path: name, "cannot be opened") }
        var status = stat()
        let isKnown = fstat(descriptor, &status) == 0
        fileSize = isKnown && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
        if isKnown, status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw DatasetError(.unreadable, path: name, "is a directory; \(advice)")
        }
    }

    /// The bytes of a part of a file that is open and not compressed; ``offset`` is a place in the file.
    init(_ file: InputFile, from first: Int = 0, count: Int? = nil, chunk: Int = 1 << 18) {
        name = file.path
        descriptor = -1
        (self.file, self.chunk) = (file, chunk)
        filePosition = max(0, min(first, file.size))
        offset = filePosition
        fileSize = filePosition + max(0, min(count ?? .max, file.size - filePosition))
        isStarted = true
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The bytes that are in memory now, at least one unless the end is reached.
    func available() throws(DatasetError) -> ArraySlice<UInt8> {
        if position == buffer.count { try fill() }
        return buffer[position...]
    }

    /// The next bytes without taking them: `count` or more unless the end is nearer, or a pipe has given a line of text, as
    /// the next one may be long in coming.
    func peek(_ count: Int) throws(DatasetError) -> ArraySlice<UInt8> {
        while buffer.count - position < count, !isAtEnd {
            let rest = buffer[position...]
            if fileSize == nil, rest.contains(UInt8(ascii: "\n")), !rest.contains(0) { break }
            let kept = Array(rest)
            (buffer, position) = ([], 0)
            // After an error, what was there is still there to be read.
            do throws(DatasetError) { try fill() } catch {
                buffer = kept
                throw error
            }
            buffer = kept + buffer
        }
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
    var isSeekable: Bool { isStarted && decompressor == nil && fileSize != nil }

    /// Passes over up to `count` bytes, without reading them where the file allows it.
    ///
    /// - Returns: how many there were.
    func skip(_ count: Int) throws(DatasetError) -> Int {
        var left = count
        if isSeekable, let fileSize, count > buffer.count - position {
            // From the file's place, which is where the buffer ends.
            let inBuffer = buffer.count - position
            let jump = min(count - inBuffer, max(0, fileSize - (offset + inBuffer)))
            filePosition += file == nil ? 0 : jump
            if file != nil || lseek(descriptor, off_t(jump), SEEK_CUR) >= 0 {
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
        if let failure { throw failure }
        guard !isAtEnd else { return }
        if !isStarted {
            isStarted = true
            // A pipe may give a byte at a time.
            var head = try raw()
            while !head.isEmpty, head.count < CompressedForm.magicLength {
                let more = try raw()
                if more.isEmpty { break }
                head += more
            }
            switch CompressedForm(head) {
            case .gzip?: decompressor = try GzipReader(path: name)
            case .zstandard?: decompressor = try ZstandardReader(path: name)
            case .other(let form)?:
                let error = DatasetError(
                    .unsupported, path: name,
                    "is compressed with \(form), which is not read; unpack it, or give it as .gz or .zst")
                failure = error
                throw error
            case nil:
                (buffer, position, isAtEnd) = (head, 0, head.isEmpty)
                return
            }
            return try unpack(from: head)
        }
        if decompressor != nil { return try unpack(from: nil) }
        buffer = try raw()
        (position, isAtEnd) = (0, buffer.isEmpty)
    }

    private func unpack(from head: [UInt8]?) throws(DatasetError) {
        guard let decompressor else { return }
        var head = head
        buffer = [UInt8](unsafeUninitializedCapacity: chunk) { output, count in
            do throws(DatasetError) {
                count = try decompressor.read(into: output) { () throws(DatasetError) in
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
        if let file, let fileSize {
            let bytes = try file.read(at: filePosition, count: min(chunk, fileSize - filePosition))
            filePosition += bytes.count
            return bytes
        }
        while !Task.isCancelled {
            // Standard input may be long in coming: waiting must not outlast the task.
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, 200)
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: chunk) { output, count in
                let got = read(descriptor, output.baseAddress, chunk)
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
