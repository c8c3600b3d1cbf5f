#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A regular file, or one elsewhere, that is read from any place.
///
/// Bytes are copied rather than mapped, because a mapped file that shrinks stops the process.
final class InputFile: Sendable {
    let path: String
    let size: Int
    /// Whether it has no name: others cannot open it.
    let isTemporary: Bool
    private let descriptor: Int32
    /// What is read instead of the descriptor.
    private let remote: (any RemoteFile)?

    /// A temporary file that is open already.
    init(owning descriptor: Int32, path: String, size: Int) {
        self.descriptor = descriptor
        self.path = path
        self.size = size
        remote = nil
        isTemporary = true
    }

    init(path: String) throws(DatasetError) {
        self.path = path
        isTemporary = false
        if let file = try RemotePaths.files(for: path)?.open(path) {
            (descriptor, remote, size) = (-1, file, file.size)
            return
        }
        var status = stat()
        // Opening a pipe waits for whoever writes it.
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw DatasetError(.unreadable, path: path, "is not a regular file")
        }
        descriptor = try openForReading(path)
        remote = nil
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw DatasetError(.unreadable, path: path, "is not a regular file")
        }
        size = Int(status.st_size)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether a path is that of a pipe.
    static func isPipe(_ path: String) -> Bool {
        var status = stat()
        return !RemotePaths.holds(path) && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    }

    /// Checks that there is a regular file at `path`, and that it may be read, without opening it.
    static func requireFile(_ path: String) throws(DatasetError) {
        // One elsewhere would have to be asked for.
        guard !RemotePaths.holds(path) else { return }
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw DatasetError(.unreadable, path: path.isEmpty ? "\"\"" : path, "is not a path that a file can have")
        }
        var status = stat()
        guard stat(path, &status) == 0, access(path, R_OK) == 0 else { throw openingFailure(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw DatasetError(.unreadable, path: path, "is not a regular file")
        }
        guard status.st_size > 0 else { throw DatasetError(.incomplete, path: path, "the image is empty") }
    }

    /// The `count` bytes from `offset` on; a range outside the file is refused before memory is taken for it.
    func read(at offset: Int, count: Int) throws(DatasetError) -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
            throw DatasetError(.malformed, path: path, "points past its end; it may be cut short")
        }
        if let remote { return try remote.read(at: offset, count: count) }
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
    guard descriptor >= 0 else { throw openingFailure(path, errno) }
    return descriptor
}

/// The error of a file that cannot be opened.
private func openingFailure(_ path: String, _ code: Int32) -> DatasetError {
    let reason =
        switch code {
        case ENOENT, ENOTDIR: "there is no such file"
        case EACCES, EPERM: "no permission to read it; check its mode and owner"
        default: "cannot be opened: \(String(cString: strerror(code)))"
        }
    return DatasetError(.unreadable, path: path, reason)
}

/// Paths on this machine.
enum LocalFile {
    /// Whether there is something at `path`.
    static func exists(_ path: String) -> Bool { !path.utf8.contains(0) && access(path, F_OK) == 0 }
}
