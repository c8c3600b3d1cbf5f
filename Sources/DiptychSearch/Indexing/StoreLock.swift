internal import Foundation

/// Keeps a second process from indexing into the same store; the system lets go of it when the process dies.
final class StoreLock: IndexingLock {
    private let descriptor: Int32

    /// Takes the lock of the store in `directory`.
    ///
    /// - Throws: ``StoreError`` when another process holds it.
    init(_ directory: URL) throws {
        let path = directory.appendingPathComponent("index.lock").path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreError(
                .inputOutput, path: directory.path, "cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw StoreError(
                    .inputOutput, path: directory.path, "cannot be locked: \(String(cString: strerror(code)))")
            }
            throw StoreError(
                .busy, path: directory.path,
                "another process is indexing into it or compacts it; wait until it has finished")
        }
    }

    deinit { close(descriptor) }
}
