#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Reads a whole file. Bytes are copied rather than mapped, because a mapped file that shrinks stops the process.
func readFile(_ path: String, maximumBytes: Int) throws(PictureError) -> [UInt8] {
    func failure(_ code: Int32) -> PictureError {
        switch code {
        case ENOENT, ENOTDIR: PictureError(.notFound, source: path, reason: "there is no such file")
        case EACCES, EPERM:
            PictureError(.noPermission, source: path, reason: "no permission to read it; check its mode and owner")
        default: PictureError(.inputOutput, source: path, reason: String(cString: strerror(code)))
        }
    }
    guard !path.isEmpty else { throw PictureError(.notFound, source: "\"\"", reason: "an empty path names no file") }
    guard !path.utf8.contains(0) else {
        throw PictureError(.notFound, source: path, reason: "a path cannot hold a zero byte")
    }
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR:
        throw PictureError(.notAFile, source: path, reason: "it is a directory; name the pictures in it")
    default: throw PictureError(.notAFile, source: path, reason: "it is neither a file nor a link to one")
    }
    let size = Int(status.st_size)
    guard size > 0 else { throw PictureError(.empty, source: path, reason: "the file is empty") }
    guard size <= maximumBytes else {
        throw PictureError(
            .tooLarge, source: path, reason: "\(size) bytes are more than the limit of \(maximumBytes)")
    }
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        while count < size {
            let got = read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
            if got < 0, errno == EINTR { continue }
            if got < 0 { code = errno }
            if got <= 0 { break }
            count += got
        }
    }
    guard code == 0 else { throw failure(code) }
    guard bytes.count == size else {
        throw PictureError(.inputOutput, source: path, reason: "the file shrank while it was read; try again")
    }
    return bytes
}

/// Writes a whole file beside its place and moves it there, so that no reader sees a part of it.
func writeFile(_ bytes: [UInt8], to path: String) throws(PictureError) {
    func failure(_ code: Int32) -> PictureError {
        switch code {
        case ENOENT, ENOTDIR: PictureError(.notFound, source: path, reason: "its directory does not exist")
        case EACCES, EPERM, EROFS:
            PictureError(.noPermission, source: path, reason: "no permission to write it; check its directory's mode")
        default: PictureError(.inputOutput, source: path, reason: String(cString: strerror(code)))
        }
    }
    guard !path.isEmpty, !path.utf8.contains(0) else {
        throw PictureError(.notFound, source: path, reason: "not a path that a file can have")
    }
    let temporary = "\(path).\(getpid())-\(UInt32.random(in: 0...UInt32.max)).part"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(errno) }
    var code: Int32 = 0
    bytes.withUnsafeBytes { raw in
        var written = 0
        while written < raw.count, code == 0 {
            let put = write(descriptor, raw.baseAddress.map { $0 + written }, raw.count - written)
            if put < 0, errno != EINTR { code = errno }
            written += max(put, 0)
        }
    }
    if close(descriptor) != 0, code == 0 { code = errno }
    if code == 0, rename(temporary, path) != 0 { code = errno }
    guard code == 0 else {
        unlink(temporary)
        throw failure(code)
    }
}
