internal import Foundation

/// The file operations of the cache, with errors that say what to do.
enum CacheFiles {
    /// The size of a regular file, nil where there is none.
    static func size(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    static func makeDirectory(_ path: String) throws(HubError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            let code = ((error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError)?.code
            throw failure(path, code: code.flatMap { Int32(exactly: $0) } ?? errno)
        }
    }

    /// The bytes of a small file, nil where there is none, or none that may be read, or one larger than `most`.
    static func contents(_ path: String, most: Int) -> Data? {
        guard let size = size(path), size <= most else { return nil }
        return try? Data(contentsOf: URL(fileURLWithPath: path))
    }

    /// Writes a small file so that it is whole or not there, whatever happens.
    static func write(_ bytes: Data, to path: String) throws(HubError) {
        let temporary = "\(path).\(getpid())-\(UInt32.random(in: 0...UInt32.max)).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(path, code: errno) }
        defer { close(descriptor) }
        let code = bytes.withUnsafeBytes { append($0, to: descriptor) }
        guard code == 0, fsync(descriptor) == 0, Foundation.rename(temporary, path) == 0 else {
            let code = code == 0 ? errno : code
            unlink(temporary)
            throw failure(path, code: code)
        }
        synchronize(directoryOf: path)
    }

    /// Writes all of `bytes`; returns 0 or the system's error number.
    static func append(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
        var written = 0
        while written < bytes.count {
            let count = Foundation.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0, errno != EINTR { return errno }
            written += max(count, 0)
        }
        return 0
    }

    /// Moves a finished file to its place, durably.
    static func move(_ from: String, to path: String) throws(HubError) {
        let descriptor = open(from, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(from, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0, Foundation.rename(from, path) == 0 else { throw failure(path, code: errno) }
        synchronize(directoryOf: path)
    }

    private static func synchronize(directoryOf path: String) {
        let descriptor = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        // Some file systems cannot do this for directories; there it is as durable as they make it.
        _ = fsync(descriptor)
        close(descriptor)
    }

    /// The hashes of a file, read from end to end.
    static func hashes(
        _ path: String, withGit: Bool = false, isCancelled: () -> Bool, progress: (Int) -> Void = { _ in }
    ) throws(HubError) -> (sha256: String, gitBlob: String?) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, code: errno) }
        defer { close(descriptor) }
        var hasher = ContentHasher(gitSize: withGit ? size(path) ?? 0 : nil)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            if isCancelled() { throw HubError(.cancelled, path, "interrupted") }
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, code: errno) }
            guard count > 0 else { return hasher.finish() }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            progress(count)
        }
    }

    /// The bytes that may still be written beside `path`, if the system tells.
    static func room(at path: String) -> Int? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let (bytes, overflow) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
            by: Int(clamping: status.f_frsize))
        return overflow ? nil : bytes
    }

    static func failure(_ path: String, code: Int32) -> HubError {
        switch code {
        case EACCES, EPERM, EROFS:
            HubError(.cache, path, "no permission to use it; check its owner and mode, or give another cache directory")
        case ENOSPC, EDQUOT: HubError(.noSpace, path, "the disk is full; free some space and run again, it will resume")
        case EFBIG: HubError(.noSpace, path, "is larger than the system allows (ulimit -f)")
        case ENOTDIR, EEXIST:
            HubError(.cache, path, "a part of this path is not a directory; give another cache directory")
        case ENOENT: HubError(.cache, path, "does not exist")
        default: HubError(.cache, path, String(cString: strerror(code)))
        }
    }
}
