internal import Foundation

/// A code file that is being written.
///
/// Every change to the disk is announced to `step` before it is made; one that throws there has not happened, as when
/// the process had died, by which tests try every moment.
final class CodeOutput {
    private let descriptor: Int32
    private let path: String
    private let step: @Sendable (String) throws -> Void

    /// Opens the file at `path`, or makes an empty one.
    init(_ path: String, create: Bool, step: @escaping @Sendable (String) throws -> Void) throws {
        self.path = path
        self.step = step
        if create { try step("create") }
        descriptor = open(path, (create ? O_CREAT | O_TRUNC : 0) | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit { close(descriptor) }

    func resize(_ bytes: Int) throws {
        try step("resize")
        guard ftruncate(descriptor, off_t(bytes)) == 0 else { throw Self.failure(path) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, _ what: String) throws {
        try step(what)
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path) }
            done += count
        }
    }

    func write<T>(_ values: [T], at offset: Int, _ what: String) throws {
        try values.withUnsafeBytes { try write($0, at: offset, what) }
    }

    /// Waits until everything is on the disk.
    func synchronize() throws {
        try step("synchronize")
        guard fdatasync(descriptor) == 0 else { throw Self.failure(path) }
    }

    /// Gives a finished file its name, in place of one that may have it.
    static func rename(
        _ from: String, to: String, step: @Sendable (String) throws -> Void
    ) throws {
        try step("rename")
        guard Foundation.rename(from, to) == 0 else { throw failure(to) }
        try step("synchronize folder")
        let folder = open((to as NSString).deletingLastPathComponent, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard folder >= 0 else { throw failure(to) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure(to) }
    }

    static func failure(_ path: String) -> StoreError {
        let code = errno
        return StoreError(
            .inputOutput, path: path,
            code == ENOSPC || code == EDQUOT
                ? "the disk is full; searches work without this file, only slower"
                : "cannot be written: \(String(cString: strerror(code)))")
    }
}
