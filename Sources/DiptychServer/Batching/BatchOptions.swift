/// How the inputs of concurrent requests are gathered into shared passes.
public struct BatchOptions: Sendable {
    /// The most pictures of a pass.
    public var largestBatch = 16
    /// The most texts of a pass.
    public var largestTextBatch = 64
    /// The longest time that an input waits for others, where others can be expected; at most 2 ms.
    public var longestWait = Duration.milliseconds(1)
    /// The most images that wait, and a part of the texts: there may be 64 times as many, which take less memory and time.
    /// Requests beyond are answered with 503.
    public var waiting = 1024
    /// The most embeddings of texts, and of images, that are kept for requests to come.
    public var kept = 10_000

    /// The defaults.
    public init() {}

    var images: QueueLimits {
        QueueLimits(
            largestBatch: largestBatch, largestCost: ImageLimits.pass, longestWait: longestWait, waiting: waiting,
            kept: kept)
    }

    var texts: QueueLimits {
        QueueLimits(
            largestBatch: largestTextBatch, longestWait: longestWait, waiting: min(waiting, 1 << 40) * 64,
            kept: kept)
    }
}

/// The limits of one queue.
package struct QueueLimits: Sendable {
    /// The most inputs of a pass.
    package var largestBatch: Int
    /// The most that the inputs of a pass cost together; a single one may cost more.
    package var largestCost: Int
    /// The longest time that inputs wait for others where others can be expected.
    package var longestWait: Duration
    /// The most inputs that wait; more are refused.
    package var waiting: Int
    /// The most results that are kept.
    package var kept: Int

    /// The limits with their defaults.
    package init(
        largestBatch: Int = 16, largestCost: Int = .max, longestWait: Duration = .milliseconds(1), waiting: Int = 1024,
        kept: Int = 10_000
    ) {
        self.largestBatch = largestBatch
        self.largestCost = largestCost
        self.longestWait = longestWait
        self.waiting = waiting
        self.kept = kept
    }
}
