internal import Foundation

/// Threads for work that blocks, such as fetching and decoding, of which only so much is accepted.
final class BlockingWork: Sendable {
    private let queue = OperationQueue()
    private let most: Int

    /// - Parameters:
    ///   - threads: how many at a time.
    ///   - waiting: how many may wait beside those.
    init(name: String, threads: Int, waiting: Int) {
        queue.name = name
        queue.maxConcurrentOperationCount = threads
        most = threads + waiting
    }

    /// Runs `body` on one of the threads, unless the waiting task is cancelled before.
    ///
    /// - Throws: what it throws, or ``Problem``, 503, where too much waits.
    func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        guard queue.operationCount < most else {
            throw Problem.busy("too many pictures are on their way; try again in a moment")
        }
        let result = OneShot<T>()
        queue.addOperation {
            // Nobody waits any more.
            guard !result.isResolved else { return }
            result.resolve(Result { try body() })
        }
        return try await result.value
    }
}
