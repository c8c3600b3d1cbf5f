#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

// Sendable: the mapping is never written through and is unmapped only in deinit, so any thread may read it.
/// A whole file mapped read-only into memory: its bytes are paged in when they are first touched.
public final class MappedFile: @unchecked Sendable {
    /// The path that was opened.
    public let path: String
    /// The file's bytes, valid as long as this object lives.
    public let bytes: UnsafeRawBufferPointer

    /// Maps the file at `path`.
    ///
    /// - Throws: ``CheckpointError`` of kind `unreadable` when it is missing, not a regular file, or not permitted.
    public init(path: String) throws {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CheckpointError(.unreadable, path: path, "cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw CheckpointError(.unreadable, path: path, "is not a regular file")
        }
        let count = Int(status.st_size)
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw CheckpointError(.unreadable, path: path, "cannot be mapped: \(String(cString: strerror(errno)))")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    /// Gives the pages of `region` back to the system; they are read from the file again if touched again.
    ///
    /// Engines call it after packing a tensor, so that weights do not stay in memory twice.
    public func release(_ region: UnsafeRawBufferPointer) {
        guard let base = region.baseAddress, region.count > 0 else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        // Only whole pages inside the region: neighbours may still be in use.
        let start = (Int(bitPattern: base) + page - 1) / page * page
        let end = (Int(bitPattern: base) + region.count) / page * page
        if end > start, let pointer = UnsafeMutableRawPointer(bitPattern: start) {
            madvise(pointer, end - start, Int32(MADV_DONTNEED))
        }
    }
}
