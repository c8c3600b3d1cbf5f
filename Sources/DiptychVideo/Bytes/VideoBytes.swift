internal import DiptychBasics
internal import DiptychMedia
#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The bytes of a video file, wherever they are.
protocol VideoBytes: AnyObject {
    /// All bytes.
    var size: Int { get }
    /// Copies bytes from `offset`, as many as there are: how many; negative where that fails.
    func read(at offset: Int, into out: UnsafeMutableRawBufferPointer) -> Int
    /// Why reading failed, if it did.
    var failure: VideoError? { get }
}

extension VideoSource {
    /// The bytes, opened.
    func open(_ options: VideoOptions) throws(VideoError) -> any VideoBytes {
        switch self {
        case .file(let path): return try FileVideoBytes(path)
        case .data(let bytes, _): return MemoryVideoBytes(bytes)
        case .url(let url): return try RemoteVideoBytes.open(url, options)
        }
    }
}

/// Bytes in memory.
final class MemoryVideoBytes: VideoBytes {
    private let bytes: [UInt8]
    var size: Int { bytes.count }
    var failure: VideoError? { nil }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(at offset: Int, into out: UnsafeMutableRawBufferPointer) -> Int {
        guard offset < bytes.count else { return 0 }
        let count = min(out.count, bytes.count - offset)
        bytes.withUnsafeBytes { out.copyMemory(from: .init(rebasing: $0[offset..<offset + count])) }
        return count
    }
}

/// An open file, or an unlinked one of the fetcher's.
final class FileVideoBytes: VideoBytes {
    private let descriptor: Int32
    let size: Int
    private(set) var failure: VideoError?

    init(_ path: String) throws(VideoError) {
        func failed(_ reason: String) -> VideoError { VideoError(.input, source: path, reason: reason) }
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw VideoError(.input, source: path.isEmpty ? "\"\"" : path, reason: "there is no such file")
        }
        // Without O_NONBLOCK, opening a named pipe would wait for its writer.
        let descriptor = openFile(path)
        guard descriptor >= 0 else {
            let code = errno
            switch code {
            case ENOENT, ENOTDIR: throw failed("there is no such file")
            case EACCES, EPERM: throw failed("no permission to read it; check its mode and owner")
            default: throw failed(String(cString: strerror(code)))
            }
        }
        var status = stat()
        let isRead = fstat(descriptor, &status) == 0
        guard isRead, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
            close(descriptor)
            if isRead, status.st_mode & S_IFMT == S_IFDIR { throw failed("it is a directory; name the videos in it") }
            throw failed(isRead && status.st_mode & S_IFMT == S_IFREG ? "the file is empty" : "it is not a file")
        }
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    /// Takes over a descriptor.
    init(descriptor: Int32, size: Int) {
        self.descriptor = descriptor
        self.size = size
    }

    deinit { close(descriptor) }

    func read(at offset: Int, into out: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let got = pread(descriptor, out.baseAddress, out.count, off_t(offset))
            if got < 0, errno == EINTR { continue }
            return got
        }
    }
}

private func openFile(_ path: String) -> Int32 { open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
