internal import DiptychBasics
#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Reads a whole file. Bytes are copied rather than mapped, because a mapped file that shrinks stops the process.
func readFile(_ path: String, maximumBytes: Int) throws(ImageError) -> [UInt8] {
    func failure(_ code: Int32) -> ImageError {
        switch code {
        case ENOENT, ENOTDIR: ImageError(.notFound, source: path, reason: "there is no such file")
        case EACCES, EPERM:
            ImageError(.noPermission, source: path, reason: "no permission to read it; check its mode and owner")
        default: ImageError(.inputOutput, source: path, reason: String(cString: strerror(code)))
        }
    }
    guard !path.isEmpty else { throw ImageError(.notFound, source: "\"\"", reason: "an empty path names no file") }
    guard !path.utf8.contains(0) else {
        throw ImageError(.notFound, source: path, reason: "a path cannot hold a zero byte")
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
        throw ImageError(.notAFile, source: path, reason: "it is a directory; name the images in it")
    default: throw ImageError(.notAFile, source: path, reason: "it is neither a file nor a link to one")
    }
    let size = Int(status.st_size)
    guard size > 0 else { throw ImageError(.empty, source: path, reason: "the file is empty") }
    guard size <= maximumBytes else {
        throw ImageError(
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
        throw ImageError(.inputOutput, source: path, reason: "the file shrank while it was read; try again")
    }
    return bytes
}

/// Writes a whole file beside its place and moves it there, so that no reader sees a part of it.
func writeFile(_ bytes: [UInt8], to path: String) throws(ImageError) {
    do throws(FileWriteError) { try AtomicFile.write(bytes, to: path, isDurable: false) } catch {
        let kind: ImageError.Kind =
            switch error.code {
            case 0, ENOENT, ENOTDIR: .notFound
            case EACCES, EPERM, EROFS: .noPermission
            default: .inputOutput
            }
        throw ImageError(kind, source: path, reason: error.reason)
    }
}
