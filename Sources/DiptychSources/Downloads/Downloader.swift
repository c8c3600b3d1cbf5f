internal import Crypto
internal import DiptychBasics
internal import DiptychMedia
internal import DiptychNetwork
internal import Foundation

/// Downloads the images of a list of URLs into a folder, and notes what happened to each, so that a run that was stopped, however
/// hard, goes on where it was:
///
///     let summary = try Downloader(into: "images", options: DownloadOptions()).run(urls)
///
/// A file is called by its SHA-256, in folders by the first two digits: equal files are one. `downloads.jsonl` has a line a URL.
/// Exchanges run at the same time on the calling thread, which blocks.
public final class Downloader {
    private struct Finished {
        let item: HostQueue.Item
        let result: Result<ResponseHead, TransferError>
        let body: [UInt8]
        let refusal: String?
        let isTooMuch: Bool
    }

    private let folder: String
    private let options: DownloadOptions
    private let state: DownloadState
    private let files: DownloadFiles
    private var queue: HostQueue
    private let set: TransferSet
    private var finished: [Finished] = []
    private var waiting: [DownloadRecord] = []
    private var lastCommit = ContinuousClock.now
    private let commits = Commits()
    /// The bytes of bodies that have not ended.
    private var inFlight = 0
    private var mostActive: Int
    private var summary = DownloadSummary()
    private var onEnd: (DownloadRecord) -> Void = { _ in }

    /// URLs that are read ahead, so that one host's do not hide those of others.
    private static let lookahead = 20_000
    /// Bodies of more bytes than these together make some wait.
    private static let mostInFlight = 512 << 20
    private static let batch = 1000

    /// Prepares to download into a folder, which is made where it is missing.
    ///
    /// - Throws: `FileWriteError`, ``SourceError`` where another process downloads into it.
    public init(into folder: String, options: DownloadOptions) throws {
        (self.folder, self.options) = (folder, options)
        files = try DownloadFiles(folder)
        state = try DownloadState(folder: folder)
        queue = HostQueue(perHost: max(1, options.connectionsPerHost), requestsPerSecond: options.requestsPerSecond)
        mostActive = max(1, options.connections)
        do throws(TransferError) { set = try TransferSet(connections: mostActive) } catch {
            throw SourceError(.unavailable, url: folder, error.words)
        }
    }

    /// Downloads what is not there yet.
    ///
    /// - Parameters:
    ///   - urls: the URLs in the order of their rows; nil for a row without one.
    ///   - onEnd: is told what happened to each URL of this run, once that is on the disk.
    /// - Returns: what there is now.
    /// - Throws: `FileWriteError` where nothing can be written any more, `CancellationError`; what was told stays.
    public func run(
        _ urls: some Sequence<String?>, onEnd: @escaping (DownloadRecord) -> Void = { _ in }
    ) throws -> DownloadSummary {
        self.onEnd = onEnd
        summary = DownloadSummary()
        var iterator = urls.makeIterator()
        var known: Set<DownloadState.Key> = []
        var hasMore = true
        do {
            while true {
                try Task.checkCancellation()
                while hasMore, queue.count < Self.lookahead {
                    guard let url = iterator.next() else {
                        hasMore = false
                        break
                    }
                    consider(url, &known)
                }
                start()
                guard set.count > 0 || queue.count > 0 || hasMore else { break }
                set.turn(waiting: queue.count > 0 && set.count < mostActive ? 10 : 100)
                // Hosts that are to be left alone for a while.
                if set.count == 0, finished.isEmpty { usleep(5_000) }
                try settle()
                if waiting.count >= Self.batch || .now - lastCommit > .seconds(1) { try commit() }
            }
            try commit(isLast: true)
        } catch let error as CancellationError {
            try? commit(isLast: true)
            throw error
        }
        return summary
    }

    /// Writes `downloads.jsonl` once more, with a line for each URL in the order of their rows, and those of other lists behind them.
    ///
    /// - Throws: `FileWriteError`.
    public func finish(_ urls: some Sequence<String?>) throws { try state.rewrite(urls) }

    /// What is known of a URL; before ``finish(_:)``.
    public func record(of url: String) -> DownloadRecord? { state.record(url) }

    private func consider(_ url: String?, _ known: inout Set<DownloadState.Key>) {
        guard let url, !url.isEmpty else {
            summary.empty += 1
            return
        }
        let key = DownloadState.Key(url)
        guard known.insert(key).inserted else {
            summary.repeated += 1
            return
        }
        if let entry = state.entries[key], !isTriedAgain(entry) {
            switch entry.status {
            case .downloaded: summary.present += 1
            case .failed: summary.failed += 1
            case .refused: summary.refused += 1
            }
            return
        }
        guard ["http://", "https://"].contains(where: { url.prefix(8).lowercased().hasPrefix($0) }) else {
            let isBucket = ["s3://", "gs://"].contains { url.prefix(5).lowercased() == $0 }
            let reason =
                isBucket
                ? "only http and https URLs are downloaded; `dataset convert --copy` and `index` read s3:// and gs://"
                : "is not an http or https URL"
            return end(DownloadRecord(url: url, status: .failed, reason: reason))
        }
        enqueue(HostQueue.Item(url: url))
    }

    private func isTriedAgain(_ entry: DownloadState.Entry) -> Bool {
        switch entry.status {
        case .downloaded: false
        case .failed: entry.isTransient || options.retry == .failed || options.retry == .all
        case .refused: !options.heedsReservations || options.retry == .refused || options.retry == .all
        }
    }

    private func enqueue(_ item: HostQueue.Item) {
        if !queue.add(item) { end(unreachable(item.url)) }
    }

    private func unreachable(_ url: String) -> DownloadRecord {
        var record = DownloadRecord(
            url: url, status: .failed, reason: "its host could not be reached, many times in a row")
        record.isTransient = true
        return record
    }

    // MARK: Exchanges

    private func start() {
        let now = ContinuousClock.now
        for item in queue.wake(now: now) { end(unreachable(item.url)) }
        while set.count < mostActive, inFlight < Self.mostInFlight, let item = queue.next(now: now) { begin(item) }
    }

    private func begin(_ item: HostQueue.Item) {
        var request = Request(url: Self.encoded(item.url))
        request.redirects = .followed(5)
        request.allows = { [addresses = options.addresses] in addresses.allows($0.bytes) }
        request.connectTimeout = options.connectTimeout
        request.totalTimeout = options.totalTimeout
        request.maximumBytes = options.maximumBytes
        let heeds = options.heedsReservations
        var (body, counted) = ([UInt8](), 0)
        var (refusal, isFirst, isTooMuch) = (nil as String?, true, false)
        set.add(request) { [unowned self] head, part in
            if isFirst {
                isFirst = false
                refusal = heeds ? Self.reservation(head) : nil
                if let size = head["content-length"].flatMap({ Int($0) }), size <= options.maximumBytes {
                    body.reserveCapacity(size)
                }
            }
            guard refusal == nil else { return false }
            inFlight += part.count
            counted += part.count
            guard inFlight <= Self.mostInFlight * 2 else {
                isTooMuch = true
                return false
            }
            body.append(contentsOf: part)
            return true
        } completion: { [unowned self] result in
            inFlight -= counted
            if refusal == nil, heeds, case .success(let head) = result { refusal = Self.reservation(head) }
            finished.append(
                Finished(item: item, result: result, body: body, refusal: refusal, isTooMuch: isTooMuch))
        }
    }

    private static func reservation(_ head: ResponseHead) -> String? {
        Reservations.reason(robots: head.values(of: "x-robots-tag"), reservation: head["tdm-reservation"])
    }

    /// A URL with what cannot stand in one encoded, as browsers do it.
    static func encoded(_ url: String) -> String {
        guard let start = url.firstRange(of: "://")?.upperBound,
            let path = url[start...].firstIndex(where: { "/?#".contains($0) })
        else { return url }
        let plain = url.prefix { $0 != "#" }
        guard plain.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F }) else { return String(plain) }
        var result = String(plain[..<min(path, plain.endIndex)])
        for byte in plain[min(path, plain.endIndex)...].utf8 {
            if byte > 0x20, byte < 0x7F {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    // MARK: What came of them

    private func settle() throws {
        let ended = finished
        finished.removeAll(keepingCapacity: true)
        for exchange in ended {
            let isReached: Bool? =
                switch exchange.result {
                case .success: true
                case .failure(let error):
                    error.received > 0 || exchange.refusal != nil ? true : error.isTransient ? false : nil
                }
            for item in queue.ended(exchange.item.url, isReached: isReached) { end(unreachable(item.url)) }
            try settle(exchange)
        }
    }

    private func settle(_ exchange: Finished) throws {
        let item = exchange.item
        var record = DownloadRecord(url: item.url, status: .failed)
        if case .success(let head) = exchange.result { record.httpStatus = head.status }
        if let refusal = exchange.refusal {
            (record.status, record.reason) = (.refused, refusal)
            return end(record)
        }
        if exchange.isTooMuch {
            // Fewer at a time.
            mostActive = max(1, mostActive / 2)
            return queue.add(item, after: .milliseconds(100))
        }
        switch exchange.result {
        case .success(let head) where head.isSuccess:
            guard !exchange.body.isEmpty else {
                record.reason = "the server sent no bytes"
                return end(record)
            }
            guard let format = ImageFormat(sniffing: exchange.body) else {
                let type = head["content-type"].map { " (the server calls it \($0.prefix(60)))" } ?? ""
                record.reason = "is not an image that is read\(type)"
                return end(record)
            }
            let hash = SHA256.hash(data: exchange.body).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
                .joined()
            record.path = try files.keep(exchange.body, hash: hash, ending: Self.ending(format))
            (record.status, record.hash, record.size) = (.downloaded, hash, exchange.body.count)
            record.etag = head["etag"].map(BucketSource.plainTag)
            record.lastModified = head["last-modified"]
            end(record)
        case .success(let head):
            record.reason = "the server answers \(head.status)"
            record.isTransient = SourceClient.isTransient(head.status)
            let wait = head["retry-after"].flatMap { Int($0) }.map { Duration.seconds(min(max($0, 0), 60)) }
            retry(item, record, wait)
        case .failure(let error):
            record.reason = reason(error)
            record.isTransient = error.isTransient
            retry(item, record, nil)
        }
    }

    private func retry(_ item: HostQueue.Item, _ record: DownloadRecord, _ wait: Duration?) {
        guard record.isTransient, item.attempt < options.attempts else { return end(record) }
        var next = item
        next.attempt += 1
        if let wait { queue.pause(hostOf: item.url, for: wait) }
        queue.add(next, after: wait ?? options.retryDelay * Double(1 << min(item.attempt - 1, 10)))
    }

    private func reason(_ error: TransferError) -> String {
        switch error.kind {
        case .tooLarge: "has more than \(options.maximumBytes) bytes"
        case .refusedAddress:
            "it leads to \(error.detail), which is not a public address; --allow-private-urls allows that"
        case .redirectToOtherScheme: "it leads to a scheme other than http and https"
        case .tooManyRedirects: "it redirects more than 5 times"
        case .invalidURL: "is not a URL that can be asked for, or has a user name in it"
        default: error.words
        }
    }

    private static func ending(_ format: ImageFormat) -> String {
        switch format {
        case .jpeg: "jpg"
        case .tiff: "tif"
        default: format.rawValue.lowercased()
        }
    }

    private func end(_ record: DownloadRecord) {
        switch record.status {
        case .downloaded:
            summary.downloaded += 1
            summary.bytes += record.size ?? 0
        case .failed: summary.failed += 1
        case .refused: summary.refused += 1
        }
        waiting.append(record)
    }

    /// Notes what has ended, its files first, while exchanges go on.
    ///
    /// - Parameter isLast: whether to wait until all is noted.
    private func commit(isLast: Bool = false) throws {
        if commits.isRunning {
            // What waits for the disk takes memory.
            guard isLast || commits.hasEnded || waiting.count >= 8 * Self.batch else { return }
            try settleCommit()
        }
        lastCommit = .now
        guard !waiting.isEmpty else { return }
        let batch = state.batch(waiting)
        waiting.removeAll(keepingCapacity: true)
        let (sync, write) = (files.syncer(), state.writer())
        let hasFiles = batch.records.contains { $0.status == .downloaded }
        commits.run(batch) {
            if hasFiles { try sync() }
            try write(batch)
        }
        if isLast { try settleCommit() }
    }

    private func settleCommit() throws {
        guard let batch = try commits.wait() else { return }
        state.adopt(batch)
        for record in batch.records { onEnd(record) }
    }
}

/// What waits for the disk on a thread of its own, one batch at a time.
private final class Commits {
    // Sendable: only touched while the condition is locked.
    private final class State: @unchecked Sendable {
        let condition = NSCondition()
        var result: Result<Void, any Error>?
    }

    private let state = State()
    private var batch: DownloadState.Batch?

    var isRunning: Bool { batch != nil }

    var hasEnded: Bool {
        state.condition.lock()
        defer { state.condition.unlock() }
        return state.result != nil
    }

    func run(_ batch: DownloadState.Batch, _ body: @escaping @Sendable () throws -> Void) {
        self.batch = batch
        let state = state
        WorkerThreads.shared.run {
            let result = Result { try body() }
            state.condition.lock()
            state.result = result
            state.condition.signal()
            state.condition.unlock()
        }
    }

    /// Waits for the batch that runs, and gives it; nil where none does.
    func wait() throws -> DownloadState.Batch? {
        guard let batch else { return nil }
        self.batch = nil
        state.condition.lock()
        defer { state.condition.unlock() }
        while state.result == nil { state.condition.wait() }
        defer { state.result = nil }
        try state.result?.get()
        return batch
    }
}
