internal import DiptychMedia
#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file on a server, of which blocks are fetched when they are needed.
final class RemoteVideoBytes: VideoBytes {
    private static let blockSize = 1 << 20
    private static let blocksKept = 16

    let size: Int
    private(set) var failure: VideoError?
    private let url: String
    private let fetcher: PartFetcher
    private var blocks: [Int: [UInt8]] = [:]
    /// The blocks that are kept, the one used longest ago first.
    private var order: [Int] = []

    /// The file at `url`; all of it, in an unlinked temporary file, where the server does not give parts.
    static func open(_ url: String, _ options: VideoOptions) throws(VideoError) -> any VideoBytes {
        let fetcher = PartFetcher(options: options.fetch, maximumBytes: options.maximumBytes)
        do throws(ImageError) {
            if let first = try fetcher.part(of: url, offset: 0, count: blockSize) {
                return RemoteVideoBytes(url, fetcher, first.bytes, size: first.total)
            }
            return try whole(url, fetcher)
        } catch { throw VideoError(error) }
    }

    private init(_ url: String, _ fetcher: PartFetcher, _ first: [UInt8], size: Int) {
        (self.url, self.fetcher, self.size) = (url, fetcher, size)
        blocks[0] = first
        order = [0]
    }

    func read(at offset: Int, into out: UnsafeMutableRawBufferPointer) -> Int {
        guard offset < size else { return 0 }
        let index = offset / Self.blockSize
        guard let block = block(index) else { return -1 }
        let start = offset - index * Self.blockSize
        guard start < block.count else { return 0 }
        let count = min(out.count, block.count - start)
        block.withUnsafeBytes { out.copyMemory(from: .init(rebasing: $0[start..<start + count])) }
        return count
    }

    private func block(_ index: Int) -> [UInt8]? {
        if let known = blocks[index] {
            if order.last != index {
                order.removeAll { $0 == index }
                order.append(index)
            }
            return known
        }
        do throws(ImageError) {
            guard let part = try fetcher.part(of: url, offset: index * Self.blockSize, count: Self.blockSize),
                part.total == size
            else { throw ImageError(.fetchFailed, source: url, reason: "the file changed while it was read") }
            if order.count >= Self.blocksKept { blocks[order.removeFirst()] = nil }
            blocks[index] = part.bytes
            order.append(index)
            return part.bytes
        } catch {
            failure = VideoError(error)
            return nil
        }
    }

    private static func whole(_ url: String, _ fetcher: PartFetcher) throws(ImageError) -> FileVideoBytes {
        guard let file = tmpfile() else {
            throw ImageError(
                .inputOutput, source: url, reason: "no temporary file can be made: \(String(cString: strerror(errno)))")
        }
        let descriptor = dup(fileno(file))
        fclose(file)
        var (size, code) = (0, Int32(0))
        do throws(ImageError) {
            guard descriptor >= 0 else { throw ImageError(.inputOutput, source: url, reason: "too many open files") }
            try fetcher.all(of: url) { part in
                var done = 0
                while done < part.count {
                    let count = write(descriptor, part.baseAddress.map { $0 + done }, part.count - done)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else {
                        code = errno
                        return false
                    }
                    done += count
                }
                size += done
                return true
            }
            guard size > 0 else { throw ImageError(.empty, source: url, reason: "the server sent no bytes") }
        } catch {
            if descriptor >= 0 { close(descriptor) }
            throw code == 0 ? error : ImageError(.inputOutput, source: url, reason: String(cString: strerror(code)))
        }
        return FileVideoBytes(descriptor: descriptor, size: size)
    }
}
