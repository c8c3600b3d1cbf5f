internal import Synchronization

/// A value that comes once, from anywhere. Waiting for it ends with the waiting task.
final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, any Error>)
        case resolved(Result<Value, any Error>)
    }

    private let state = Mutex(State.open)

    /// Gives the value, or why there is none; only the first time counts.
    func resolve(_ result: Result<Value, any Error>) {
        let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .resolved: return nil
            case .open:
                state = .resolved(result)
                return nil
            case .awaited(let continuation):
                state = .resolved(result)
                return continuation
            }
        }
        waiting?.resume(with: result)
    }

    /// Whether there is nothing more to give.
    var isResolved: Bool {
        state.withLock { if case .resolved = $0 { true } else { false } }
    }

    /// The value; for one task.
    ///
    /// - Throws: why there is none, or `CancellationError` as soon as the waiting task is cancelled.
    var value: Value {
        get async throws {
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let known: Result<Value, any Error>? = state.withLock { state in
                        if case .resolved(let result) = state { return result }
                        state = .awaited(continuation)
                        return nil
                    }
                    if let known { continuation.resume(with: known) }
                }
            } onCancel: {
                resolve(.failure(CancellationError()))
            }
        }
    }
}
