internal import Foundation

/// The right to change a model's directory, which one process, and one task in it, has at a time. The system takes it back
/// from a process that dies.
final class CacheLock {
    private let descriptor: Int32

    /// Takes the right, waiting until whoever has it is done.
    ///
    /// - Parameter waiting: called once, if there is a need to wait.
    init(path: String, isCancelled: () -> Bool, waiting: () -> Void) throws(HubError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw CacheFiles.failure(path, code: errno) }
        var hasWaited = false
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                let code = errno
                close(descriptor)
                throw CacheFiles.failure(path, code: code)
            }
            guard !isCancelled() else {
                close(descriptor)
                throw HubError(.cancelled, path, "interrupted")
            }
            if !hasWaited { waiting() }
            hasWaited = true
            usleep(20_000)
        }
    }

    deinit { close(descriptor) }
}
