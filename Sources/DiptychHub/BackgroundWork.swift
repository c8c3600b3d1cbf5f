internal import DiptychBasics
internal import Synchronization

/// Work that blocks its thread on disks and networks, away from the threads of Swift's tasks.
enum BackgroundWork {
    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    /// Runs `work`; its argument says whether the task was cancelled, which it has to look at often.
    static func run<Result: Sendable>(
        _ work: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Result
    ) async throws -> Result {
        let flag = Flag()
        return try await withTaskCancellationHandler {
            try await WorkerThreads.shared.value {
                do { return try work { flag.isSet.load(ordering: .relaxed) } } catch let error as HubError
                    where error.kind == .cancelled
                {
                    throw CancellationError()
                }
            }
        } onCancel: {
            flag.isSet.store(true, ordering: .relaxed)
        }
    }
}
