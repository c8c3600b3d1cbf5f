internal import Foundation
internal import Synchronization

/// The percentiles of what took how long within the last minute.
///
/// Times are counted by their size, a quarter of a doubling a step, for each second of the minute, so that memory is constant
/// and a percentile is off by at most 9 %.
final class LatencyWindow: Sendable {
    /// What is known about a minute.
    struct Summary: Sendable {
        let count: Int
        let p50: Double
        let p90: Double
        let p99: Double
    }

    private static let seconds = 60
    private static let steps = 112  // 10 µs · 2^(112/4) is 45 minutes
    private static let smallest = 1e-5

    private struct State {
        var counts = [UInt32](repeating: 0, count: LatencyWindow.seconds * LatencyWindow.steps)
        /// The second that each row belongs to.
        var rows = [Int](repeating: -1, count: LatencyWindow.seconds)
    }

    private let state = Mutex(State())
    private let start = ContinuousClock.now

    private var second: Int { Int((ContinuousClock.now - start).components.seconds) }

    /// Counts a time.
    func record(_ time: Duration) {
        let step = Int((log2(max(time.inSeconds, Self.smallest) / Self.smallest) * 4).rounded(.up))
        let (now, column) = (second, min(max(0, step), Self.steps - 1))
        state.withLock { state in
            let row = now % Self.seconds
            if state.rows[row] != now {
                state.rows[row] = now
                for index in row * Self.steps..<(row + 1) * Self.steps { state.counts[index] = 0 }
            }
            state.counts[row * Self.steps + column] += 1
        }
    }

    /// The last minute.
    var summary: Summary {
        let now = second
        var sums = [Int](repeating: 0, count: Self.steps)
        state.withLock { state in
            for row in 0..<Self.seconds where state.rows[row] > now - Self.seconds && state.rows[row] >= 0 {
                for step in 0..<Self.steps { sums[step] += Int(state.counts[row * Self.steps + step]) }
            }
        }
        let count = sums.reduce(0, +)
        func percentile(_ share: Double) -> Double {
            guard count > 0 else { return 0 }
            let wanted = Int((share * Double(count)).rounded(.up))
            var seen = 0
            for (step, number) in sums.enumerated() {
                seen += number
                if seen >= wanted { return Self.smallest * exp2(Double(step) / 4) }
            }
            return 0
        }
        return Summary(count: count, p50: percentile(0.5), p90: percentile(0.9), p99: percentile(0.99))
    }
}

extension Duration {
    /// The time in seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
    /// The time in whole nanoseconds.
    var inNanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
