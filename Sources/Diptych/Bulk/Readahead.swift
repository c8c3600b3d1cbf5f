#if canImport(Glibc)
    internal import Glibc
#endif

/// Asks the system to read files before they are needed.
enum Readahead {
    /// Starts reading the file at `path` into the page cache, if the system takes such hints; never fails.
    static func hint(_ path: String) {
        #if canImport(Glibc)
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { return }
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_WILLNEED)
            close(descriptor)
        #endif
    }
}
