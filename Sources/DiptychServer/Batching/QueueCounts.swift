/// What a queue did so far, whatever it holds.
package struct QueueCounts: Sendable {
    /// Results that were kept or on their way when they were asked for.
    package var hits = 0
    /// Results that had to be computed.
    package var misses = 0
    /// Passes.
    package var batches = 0
    /// Inputs in all passes.
    package var inputs = 0
    /// Results that are kept now.
    package var kept = 0
    /// Inputs that wait now.
    package var waiting = 0

    /// Nothing yet.
    package init() {}

    /// The sum of two queues.
    package static func + (a: QueueCounts, b: QueueCounts) -> QueueCounts {
        var sum = QueueCounts()
        for path in [\QueueCounts.hits, \.misses, \.batches, \.inputs, \.kept, \.waiting] {
            sum[keyPath: path] = a[keyPath: path] + b[keyPath: path]
        }
        return sum
    }
}
