internal import DiptychBasics

/// Work that blocks its thread on disks and networks, away from the threads of Swift's tasks.
enum BackgroundWork {
    /// Runs `work`; its argument says whether the task was cancelled, which it has to look at often.
    static func run<Result: Sendable>(
        _ work: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Result
    ) async throws -> Result {
        let flag = StopFlag()
        return try await withTaskCancellationHandler {
            try await WorkerThreads.shared.value {
                do { return try work { flag.isSet } } catch let error as HubError
                    where error.kind == .cancelled
                {
                    throw CancellationError()
                }
            }
        } onCancel: {
            flag.set()
        }
    }
}
