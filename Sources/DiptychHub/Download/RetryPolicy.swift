internal import Foundation

/// A failed attempt, and whether another one may succeed.
struct AttemptError: Error {
    let error: HubError
    let isTransient: Bool
    /// The wait that the server asked for.
    var wait: Duration?

    /// A failure that no further attempt can change.
    static func final(_ error: HubError) -> Self { Self(error: error, isTransient: false) }
}

/// How often, and how far apart, something is tried.
struct RetryPolicy {
    let options: HubOptions
    let isCancelled: () -> Bool
    /// Told of each wait: the reason and its length.
    let waiting: (HubError, Duration) -> Void

    /// Progress of so many bytes shows that the server works: attempts are counted anew.
    private static let progress = 1 << 20

    /// Runs `attempt` until it succeeds, fails for good, or was tried often enough.
    ///
    /// - Parameter position: how many bytes are there, so that an attempt that got on does not count as one.
    func run<Result>(
        position: () -> Int = { 0 }, _ attempt: () throws(AttemptError) -> Result
    ) throws(HubError) -> Result {
        var failures = 0
        while true {
            let start = position()
            do {
                return try attempt()
            } catch {
                failures = position() - start >= Self.progress ? 1 : failures + 1
                guard error.isTransient else { throw error.error }
                guard failures < max(options.attempts, 1) else {
                    throw HubError(
                        error.error.kind, error.error.subject, "\(error.error.reason), after \(failures) attempts")
                }
                let delay = delay(after: failures, wanted: error.wait)
                waiting(error.error, delay)
                try pause(delay, error.error.subject)
            }
        }
    }

    private func delay(after failures: Int, wanted: Duration?) -> Duration {
        let longest = options.longestRetryDelay
        if let wanted { return min(max(wanted, .zero), longest) }
        // A little chance keeps many clients from coming back at the same moment.
        let doubled = options.retryDelay * Double(1 << min(failures - 1, 20)) * Double.random(in: 0.8...1.2)
        return min(doubled, longest)
    }

    private func pause(_ delay: Duration, _ subject: String) throws(HubError) {
        let end = ContinuousClock.now + delay
        while ContinuousClock.now < end {
            guard !isCancelled() else { throw HubError(.cancelled, subject, "interrupted") }
            usleep(5_000)
        }
    }

    /// The wait in a `Retry-After` header: seconds, or a date as in "Wed, 21 Oct 2015 07:28:00 GMT" (RFC 9110, 10.2.3).
    static func wait(_ header: String, now: Date = Date()) -> Duration? {
        if let seconds = Int(header), seconds >= 0 { return .seconds(min(seconds, 86_400)) }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        guard let date = formatter.date(from: header) else { return nil }
        return .seconds(min(max(date.timeIntervalSince(now), 0), 86_400))
    }
}
