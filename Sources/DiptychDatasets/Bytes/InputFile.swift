#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A regular file that is read from any place.
///
/// Bytes are copied rather than mapped, because a mapped file that shrinks stops the process.
final class InputFile: Sendable {
    let path: String
    let size: Int
    /// Whether it has no name: others cannot open it.
    let isTemporary: Bool
    private let descriptor: Int32

    /// A temporary file that is open already.
    init(owning descriptor: Int32, path: String, size: Int) {
        self.descriptor = descriptor
        self.path = path
        self.size = size
        isTemporary = true
    }

    init(path: String) throws(DatasetError) {
        descriptor = try openForReading(path)
        self.path = path
        isTemporary = false
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw DatasetError(.unreadable, path: path, "is not a regular file")
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// The `count` bytes from `offset` on; a range outside the file is refused before memory is taken for it.
    func read(at offset: Int, count: Int) throws(DatasetError) -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
            throw DatasetError(.malformed, path: path, "points past its end; it may be cut short")
        }
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { code = errno }
                if got <= 0 { break }
                filled += got
            }
        }
        guard code == 0 else {
            throw DatasetError(.unreadable, path: path, "cannot be read: \(String(cString: strerror(code)))")
        }
        guard bytes.count == count else {
            throw DatasetError(.unreadable, path: path, "shrank while it was read; try again")
        }
        return bytes
    }
}

/// Opens a file without waiting for the writer of a named pipe.
func openForReading(_ path: String, extra: Int32 = 0) throws(DatasetError) -> Int32 {
    guard !path.isEmpty, !path.utf8.contains(0) else {
        throw DatasetError(.unreadable, path: path.isEmpty ? "\"\"" : path, "is not a path that a file can have")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | extra)
    guard descriptor >= 0 else {
        let reason =
            switch errno {
            case ENOENT, ENOTDIR: "there is no such file"
            case EACCES, EPERM: "no permission to read it; check its mode and owner"
            case let code: "cannot be opened: \(String(cString: strerror(code)))"
            }
        throw DatasetError(.unreadable, path: path, reason)
    }
    return descriptor
}
