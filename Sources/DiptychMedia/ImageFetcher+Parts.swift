internal import DiptychNetwork

/// Fetches files that are larger than memory should hold, under the same rules as images: parts of them where the server gives
/// parts, otherwise all of it, piece by piece.
package struct PartFetcher: Sendable {
    private let options: FetchOptions
    private let maximumBytes: Int

    /// A fetcher of files of at most `maximumBytes`.
    package init(options: FetchOptions, maximumBytes: Int) {
        self.options = options
        self.maximumBytes = maximumBytes
    }

    /// `count` bytes from `offset`, fewer at the end, and the size of the whole file; nil where the server does not give parts.
    package func part(
        of url: String, offset: Int, count: Int
    ) throws(ImageError) -> (bytes: [UInt8], total: Int)? {
        let fetcher = ImageFetcher(options: options, maximumBytes: maximumBytes)
        var request = try fetcher.request(url)
        request.maximumBytes = count
        request.headers = ["Range: bytes=\(offset)-\(offset + count - 1)"]
        var bytes: [UInt8] = []
        var isPart = true
        let head: ResponseHead
        do {
            head = try Transfer.perform(request) { head, part in
                isPart = head.status == 206
                guard isPart else { return false }
                bytes.append(contentsOf: part)
                return true
            }
        } catch {
            guard isPart, error.kind != .tooLarge else { return nil }
            throw fetcher.explain(error, url)
        }
        guard head.isSuccess else {
            throw ImageError(.fetchFailed, source: url, reason: "the server answered with status \(head.status)")
        }
        // "bytes 0-99/1234"
        guard head.status == 206, let words = head["content-range"]?.split(separator: "/"), words.count == 2,
            let total = Int(words[1]), total >= 0, words[0].lowercased().hasPrefix("bytes \(offset)-")
        else { return nil }
        return (bytes, total)
    }

    /// The whole file, in pieces.
    package func all(
        of url: String, _ receive: @escaping (UnsafeRawBufferPointer) -> Bool
    ) throws(ImageError) {
        let fetcher = ImageFetcher(options: options, maximumBytes: maximumBytes)
        var request = try fetcher.request(url)
        request.totalTimeout = nil
        request.stallTimeout = options.totalTimeout
        let head: ResponseHead
        do {
            head = try Transfer.perform(request) { _, part in receive(part) }
        } catch { throw fetcher.explain(error, url) }
        guard head.isSuccess else {
            throw ImageError(.fetchFailed, source: url, reason: "the server answered with status \(head.status)")
        }
    }
}
