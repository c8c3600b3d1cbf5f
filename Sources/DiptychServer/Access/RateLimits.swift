internal import HTTPTypes
internal import Synchronization

/// How many requests each caller may still make: a bucket that fills evenly and holds a minute's worth.
final class RateLimits: Sendable {
    private struct Bucket {
        var tokens: Double
        var filled: ContinuousClock.Instant
    }

    private let perMinute: Int?
    private let buckets = Mutex<[String: Bucket]>([:])

    /// The most callers that are remembered; beyond them the full buckets, which say nothing, are forgotten.
    private static let most = 10_000

    /// At most `perMinute` requests a minute of each caller; nil for no limit.
    init(perMinute: Int?) { self.perMinute = perMinute }

    /// Counts a request of `caller`.
    ///
    /// - Parameter own: the caller's own limit, in place of the general one.
    /// - Throws: ``Problem``, 429, saying when to come again.
    func count(_ caller: String, own: Int? = nil, at now: ContinuousClock.Instant = .now) throws {
        guard let limit = own ?? perMinute else { return }
        let (size, rate) = (Double(limit), Double(limit) / 60)
        let wait: Double = buckets.withLock { buckets in
            if buckets.count > Self.most { buckets = buckets.filter { $0.value.tokens < 1 } }
            var bucket = buckets[caller] ?? Bucket(tokens: size, filled: now)
            bucket.tokens = min(size, bucket.tokens + (now - bucket.filled).inSeconds * rate)
            bucket.filled = now
            defer { buckets[caller] = bucket }
            guard bucket.tokens >= 1 else { return (1 - bucket.tokens) / rate }
            bucket.tokens -= 1
            return 0
        }
        guard wait > 0 else { return }
        throw Problem(
            status: .tooManyRequests, detail: "more than \(limit) requests a minute; try again later",
            headers: [.retryAfter: String(max(1, Int(wait.rounded(.up))))])
    }
}
