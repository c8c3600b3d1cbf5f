internal import Synchronization

/// Sleeps until a timeout or shutdown.
final class ShutdownSignal: Sendable {
    private struct State {
        var isOver = false
        var sleep: Task<Void, Never>?
    }

    private let state = Mutex(State())

    /// Ends all waiting, now and later.
    func finish() {
        let sleep = state.withLock { state in
            state.isOver = true
            return state.sleep
        }
        sleep?.cancel()
    }

    /// Whether to go on after so long a time.
    func wait(atMost time: Duration) async -> Bool {
        let sleep = Task { _ = try? await Task.sleep(for: time) }
        let isOver = state.withLock { state in
            state.sleep = sleep
            return state.isOver
        }
        if isOver { sleep.cancel() }
        await sleep.value
        return state.withLock { !$0.isOver }
    }
}
