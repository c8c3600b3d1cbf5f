internal import Foundation
internal import Synchronization

/// Loads the inputs of a batch on all cores.
///
/// Loading blocks: on files, on servers, on a database. So it runs on threads of its own and not on Swift's shared pool,
/// which has one a core and would stand still meanwhile, and with it everything else in the process.
final class BatchLoader<Loaded: Sendable>: Sendable {
    private let results: Mutex<[Result<Loaded, any Error>]>
    private let isCancelled = Atomic(false)

    private init(count: Int) {
        results = Mutex([Result<Loaded, any Error>](repeating: .failure(CancellationError()), count: count))
    }

    /// What `load` gives or throws for each input, in their order.
    ///
    /// - Throws: `CancellationError`; inputs whose loading has begun are waited for.
    static func load<Input: Sendable>(
        _ batch: [Input], _ load: @escaping @Sendable (Input) throws -> Loaded
    ) async throws -> [Result<Loaded, any Error>] {
        let loader = BatchLoader(count: batch.count)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    DispatchQueue.concurrentPerform(iterations: batch.count) { position in
                        guard !loader.isCancelled.load(ordering: .relaxed) else { return }
                        let result = Result { try load(batch[position]) }
                        loader.results.withLock { $0[position] = result }
                    }
                    continuation.resume()
                }
            }
        } onCancel: {
            loader.isCancelled.store(true, ordering: .relaxed)
        }
        try Task.checkCancellation()
        return loader.results.withLock { $0 }
    }
}
