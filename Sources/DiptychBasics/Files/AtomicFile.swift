#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file that appears at its path only once it is complete.
///
/// Bytes go to a temporary file in the same directory; ``commit()`` moves it to its place, over whatever was there. If
/// the object goes away before that, so does the temporary file: a partial result is never taken for a whole one.
public final class AtomicFile {
    /// Where the file will appear.
    public let path: String
    private let temporary: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []

    private static let bufferSize = 1 << 18

    /// Starts a file for `path`.
    ///
    /// - Throws: ``FileWriteError`` when the directory is missing or may not be written to.
    public init(path: String) throws(FileWriteError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw FileWriteError(path: path, "is not a path that a file can have")
        }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw FileWriteError(path: path, "exists and is not a file; give another name")
        }
        self.path = path
        temporary = "\(path).\(getpid())-\(UInt32.random(in: 0...UInt32.max)).part"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileWriteError(path: path, code: errno) }
        buffer.reserveCapacity(Self.bufferSize)
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
    }

    /// Adds bytes to the end.
    public func write(_ bytes: some Sequence<UInt8>) throws(FileWriteError) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.bufferSize { try flush() }
    }

    /// Adds numbers to the end, as 32-bit little-endian floats.
    public func write(floats: some Sequence<Float>) throws(FileWriteError) {
        for value in floats {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { buffer.append(contentsOf: $0) }
            if buffer.count >= Self.bufferSize { try flush() }
        }
    }

    /// Replaces bytes that were written before, from byte `offset` on.
    public func overwrite(_ bytes: [UInt8], at offset: Int) throws(FileWriteError) {
        try flush()
        guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { throw FileWriteError(path: path, code: errno) }
        try put(bytes)
        guard lseek(descriptor, 0, SEEK_END) >= 0 else { throw FileWriteError(path: path, code: errno) }
    }

    /// Moves the file to its place; nothing can be written afterwards.
    ///
    /// - Parameter isDurable: whether its bytes are on the disk first, which takes a while; without that, a power cut may
    ///   leave nothing of a file that can be made again.
    public func commit(isDurable: Bool = true) throws(FileWriteError) {
        try flush()
        if isDurable, fsync(descriptor) != 0, errno != EINVAL { throw FileWriteError(path: path, code: errno) }
        guard rename(temporary, path) == 0 else { throw FileWriteError(path: path, code: errno) }
        close(descriptor)
        descriptor = -1
    }

    /// Writes a whole file: all of it appears at `path`, or nothing changes.
    ///
    /// - Parameter isDurable: as in ``commit(isDurable:)``.
    /// - Throws: ``FileWriteError``.
    public static func write(
        _ bytes: some Sequence<UInt8>, to path: String, isDurable: Bool = true
    ) throws(FileWriteError) {
        let file = try AtomicFile(path: path)
        try file.write(bytes)
        try file.commit(isDurable: isDurable)
    }

    private func flush() throws(FileWriteError) {
        try put(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private func put(_ bytes: [UInt8]) throws(FileWriteError) {
        precondition(descriptor >= 0, "written after commit")
        let code = bytes.withUnsafeBytes { raw -> Int32 in
            var written = 0
            while written < raw.count {
                #if canImport(Glibc)
                    let put = Glibc.write(descriptor, raw.baseAddress.map { $0 + written }, raw.count - written)
                #else
                    let put = Darwin.write(descriptor, raw.baseAddress.map { $0 + written }, raw.count - written)
                #endif
                if put < 0, errno != EINTR { return errno }
                written += max(put, 0)
            }
            return 0
        }
        guard code == 0 else { throw FileWriteError(path: path, code: code) }
    }
}

/// Why a file could not be written, with its path and what to do, in one line.
public struct FileWriteError: Error, Equatable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What was wrong and what to do.
    public let reason: String
    /// The system's error number; 0 where it did not fail.
    public let code: Int32

    /// Describes a failure.
    public init(path: String, _ reason: String) { self.init(path: path, reason, code: 0) }

    private init(path: String, _ reason: String, code: Int32) {
        self.path = path
        self.reason = reason
        self.code = code
    }

    /// Describes a failure by the system's error number.
    public init(path: String, code: Int32) {
        let reason =
            switch code {
            case ENOENT, ENOTDIR: "its directory does not exist"
            case EACCES, EPERM, EROFS: "no permission to write it; check its directory's mode and owner"
            case ENOSPC, EDQUOT: "the disk is full; free some space and run again"
            case EFBIG: "is larger than the system allows (ulimit -f)"
            default: "cannot be written: \(String(cString: strerror(code)))"
            }
        self.init(path: path, reason, code: code)
    }

    /// The path and the reason in one line.
    public var description: String { "\(path): \(reason)" }
}
