internal import DequeModule
internal import Foundation

/// Threads for work that blocks or computes for long. They begin when there is work, and end when there was none for a while.
///
/// They are no queue of Dispatch's: its threads, of which it runs as many as there are cores, are those that Swift's shared
/// pool has on Linux, and what keeps them busy keeps all tasks of the process waiting.
package final class WorkerThreads: Sendable {
    // Sendable: everything is only touched while holding the condition's lock.
    private final class State: @unchecked Sendable {
        let condition = NSCondition()
        var work = Deque<@Sendable () -> Void>()
        var threads = 0
        var idle = 0

        private static let patience = 10.0

        func run() {
            while let body = take() { body() }
        }

        /// Waits for work; nil where there was none for long.
        private func take() -> (@Sendable () -> Void)? {
            condition.lock()
            defer { condition.unlock() }
            let end = Date(timeIntervalSinceNow: Self.patience)
            while work.isEmpty {
                idle += 1
                let isInTime = condition.wait(until: end)
                idle -= 1
                if !isInTime, work.isEmpty {
                    threads -= 1
                    return nil
                }
            }
            return work.popFirst()
        }
    }

    private let state = State()
    private let name: String
    private let most: Int

    /// - Parameter most: how many threads there are at a time.
    package init(name: String, most: Int) {
        (self.name, self.most) = (name, max(1, most))
    }

    /// Runs `body` on one of the threads, in the order of the calls.
    package func run(_ body: @escaping @Sendable () -> Void) {
        let state = state
        state.condition.lock()
        state.work.append(body)
        let isNew = state.work.count > state.idle && state.threads < most
        if isNew { state.threads += 1 } else { state.condition.signal() }
        state.condition.unlock()
        guard isNew else { return }
        let thread = Thread { state.run() }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Threads for reading files and for what computes for long, of any part of the program that has none to itself.
    package static let shared = WorkerThreads(name: "diptych-blocking", most: 256)

    /// Runs `body` on one of the threads and waits for what it gives, without keeping a thread of Swift's tasks.
    ///
    /// A task that is cancelled goes on waiting: `body` has to end by itself.
    package func value<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            run { continuation.resume(with: Result { try body() }) }
        }
    }

    /// The same of what cannot fail.
    package func result<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
        await withCheckedContinuation { continuation in run { continuation.resume(returning: body()) } }
    }
}
