internal import DiptychMedia
internal import DiptychNetwork
internal import Foundation

/// Requests to one server, tried again where that may help, over connections that stay open.
struct SourceClient: Sendable {
    /// What is asked for.
    struct Question {
        var url: String
        /// What messages call it.
        var about: String
        var isHead = false
        var headers: [String] = []
        var signing: Request.Signing?
        /// Only these bytes.
        var range: Range<Int>?
        /// More bytes are refused.
        var limit = Int.max
        /// Whether the server is one that the user did not name.
        var isElsewhere = false
    }

    /// What takes the bytes of an answer.
    struct Sink {
        /// Takes more bytes, and says whether it wants them.
        var write: (UnsafeRawBufferPointer) -> Bool
        /// Forgets all bytes: the answer begins again.
        var reset: () -> Bool
    }

    /// An answer, whatever its status.
    struct Answer {
        let head: ResponseHead
        /// The beginning of the body of an error.
        let message: [UInt8]
    }

    let options: SourceOptions
    private let connections = ConnectionPool()

    private static let longestMessage = 1 << 16

    init(_ options: SourceOptions) { self.options = options }

    /// Asks until there is an answer that another attempt would not change. An answer that ended early is gone on with where the
    /// server gives parts.
    ///
    /// - Throws: ``SourceError``, of kind `unavailable` or `tooLarge`.
    func ask(_ question: Question, _ sink: Sink) throws(SourceError) -> Answer {
        var (failures, received, tag) = (0, 0, nil as String?)
        while true {
            if Task.isCancelled { throw SourceError(.unavailable, url: question.about, "interrupted") }
            let start = received
            var (message, isMisplaced, isRefused) = ([UInt8](), false, false)
            var wait: Duration?
            let reason: String
            do throws(TransferError) {
                let head = try Transfer.perform(
                    request(question, skipping: received, tag), isCancelled: { Task.isCancelled }
                ) { head, part in
                    guard head.isSuccess else {
                        message += part.prefix(max(0, Self.longestMessage - message.count))
                        return true
                    }
                    if received > 0, received == start, head.status != 206 {
                        // The server begins at the beginning.
                        isMisplaced = true
                        return false
                    }
                    guard part.count <= question.limit - received else {
                        isRefused = true
                        return false
                    }
                    if tag == nil { tag = head["etag"] }
                    received += part.count
                    return sink.write(part)
                }
                // The file has changed since the first part of it.
                isMisplaced = head.status == 412 && received > 0
                guard isMisplaced || Self.isTransient(head.status) else { return Answer(head: head, message: message) }
                reason = "the server answers \(head.status)"
                wait = head["retry-after"].flatMap { Int($0) }.map { .seconds(min(max($0, 0), 3600)) }
            } catch {
                if isRefused {
                    throw SourceError(.tooLarge, url: question.about, "has more than \(question.limit) bytes")
                }
                guard isMisplaced || error.isTransient else { throw Self.explain(error, question) }
                reason = error.words
            }
            if isMisplaced {
                guard sink.reset() else {
                    throw SourceError(.unavailable, url: question.about, "changed while it was read; try again")
                }
                (received, tag) = (0, nil)
            }
            // What gets on is not counted.
            failures = received > start + 1 << 20 ? 1 : failures + 1
            guard failures < options.attempts else {
                throw SourceError(
                    .unavailable, url: question.about, "\(reason), also at the \(failures)th attempt; run again later")
            }
            pause(failures, wait)
        }
    }

    /// The bytes of an answer, and its head.
    func bytes(_ question: Question) throws(SourceError) -> (Answer, [UInt8]) {
        var bytes: [UInt8] = []
        let answer = try ask(
            question,
            Sink(
                write: {
                    bytes.append(contentsOf: $0)
                    return true
                },
                reset: {
                    bytes = []
                    return true
                }))
        return (answer, bytes)
    }

    private func request(_ question: Question, skipping received: Int, _ tag: String?) -> Request {
        var request = Request(url: question.url)
        (request.isHead, request.signing, request.connections) = (question.isHead, question.signing, connections)
        request.headers = question.headers
        request.wantsErrors = true
        request.stallTimeout = options.stallTimeout
        let start = (question.range?.lowerBound ?? 0) + received
        if question.range != nil || received > 0 {
            request.headers.append("Range: bytes=\(start)-\(question.range.map { String($0.upperBound - 1) } ?? "")")
            if received > 0, let tag, !tag.hasPrefix("W/") { request.headers.append("If-Match: \(tag)") }
        }
        let isSecure = question.url.lowercased().hasPrefix("https:")
        let proxy = isSecure ? options.proxies.https : options.proxies.http
        request.proxy = proxy.map { Request.Proxy(url: $0, exceptions: options.proxies.exceptions) }
        if question.isElsewhere, !options.redirectsAnywhere, proxy == nil {
            request.allows = { AddressPolicy.publicOnly.allows($0.bytes) }
        }
        return request
    }

    /// Whether another attempt may have another status.
    static func isTransient(_ status: Int) -> Bool { [408, 429, 500, 502, 503, 504].contains(status) }

    private func pause(_ failures: Int, _ wanted: Duration?) {
        // Randomly a little longer or shorter, so that many clients do not come back at the same moment.
        let doubled = options.retryDelay * Double(1 << min(failures - 1, 16)) * Double.random(in: 0.8...1.2)
        let end = ContinuousClock.now + min(wanted ?? doubled, options.longestRetryDelay)
        while ContinuousClock.now < end, !Task.isCancelled { usleep(5_000) }
    }

    private static func explain(_ error: TransferError, _ question: Question) -> SourceError {
        switch error.kind {
        case .invalidURL: SourceError(.invalid, url: question.about, "not a URL that can be asked for")
        case .refusedAddress:
            SourceError(
                .forbidden, url: question.about,
                "it leads to \(error.detail), which is not a public address; --allow-private-urls allows that")
        case .cancelled: SourceError(.unavailable, url: question.about, "interrupted")
        default: SourceError(.unavailable, url: question.about, error.words)
        }
    }
}

extension TransferError {
    /// What went wrong, for messages.
    var words: String {
        switch kind {
        case .timedOut: "the server took too long"
        case .cut: "the server stopped after \(received) bytes"
        case .notHTTP: "what answers there is not a web server"
        default: detail.isEmpty ? "the server could not be reached" : detail
        }
    }
}
