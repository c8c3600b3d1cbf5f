internal import DiptychBasics
internal import DiptychDatasets
internal import Foundation

/// Files that are read before they are wanted, some at a time.
final class PreparedFiles: Sendable {
    typealias Outcome = Result<[UInt8], DatasetError>

    // Sendable: only touched while the condition is locked.
    private final class State: @unchecked Sendable {
        let condition = NSCondition()
        /// Those that were begun, with what came of them.
        var files: [String: Outcome?] = [:]
        /// The files that were given last: an image may stand in several rows.
        var recent: [(path: String, bytes: [UInt8])] = []
    }

    /// Files of more bytes are read when they are wanted.
    static let largest = 16 << 20
    private static let most = 64
    private static let mostRecent = 4

    private let state = State()
    private let threads = WorkerThreads(name: "diptych-sources", most: 16)

    /// Begins to read a file, unless it was begun or many wait.
    func begin(_ path: String, _ read: @escaping @Sendable () -> Outcome) {
        let state = state
        state.condition.lock()
        let isNew =
            state.files[path] == nil && state.files.count < Self.most
            && !state.recent.contains { $0.path == path }
        if isNew { state.files[path] = .some(nil) }
        state.condition.unlock()
        guard isNew else { return }
        threads.run {
            let outcome = read()
            state.condition.lock()
            state.files[path] = .some(outcome)
            state.condition.broadcast()
            state.condition.unlock()
        }
    }

    /// Waits for a file that was begun, and forgets it; nil for one that was not.
    func take(_ path: String) -> Outcome? {
        state.condition.lock()
        defer { state.condition.unlock() }
        while let entry = state.files[path] {
            if let outcome = entry {
                state.files[path] = nil
                if case .success(let bytes) = outcome {
                    if state.recent.count >= Self.mostRecent { state.recent.removeFirst() }
                    state.recent.append((path, bytes))
                }
                return outcome
            }
            state.condition.wait()
        }
        return state.recent.last { $0.path == path }.map { .success($0.bytes) }
    }
}
