internal import Foundation
internal import Synchronization

/// Loads the inputs of a batch on as many threads as the model uses.
///
/// Loading blocks: on files, on servers, on a database. So it runs on threads of its own and not on Swift's shared pool,
/// which has one a core and would stand still meanwhile, and with it everything else in the process.
final class BatchLoader<Loaded: Sendable>: Sendable {
    private let results: Mutex<[Result<Loaded, any Error>]>
    private let isCancelled = Atomic(false)
    private let next = Atomic(0)

    private init(count: Int) {
        results = Mutex([Result<Loaded, any Error>](repeating: .failure(CancellationError()), count: count))
    }

    /// What `load` gives or throws for each input, in their order.
    ///
    /// - Parameter order: The positions of all inputs, in the order in which they are begun.
    /// - Throws: `CancellationError`; inputs whose loading has begun are waited for.
    static func load<Input: Sendable>(
        _ batch: [Input], order: [Int], threads: Int, _ load: @escaping @Sendable (Input) throws -> Loaded
    ) async throws -> [Result<Loaded, any Error>] {
        let loader = BatchLoader(count: batch.count)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    // One iteration a thread, each taking the next input until none is left.
                    DispatchQueue.concurrentPerform(iterations: min(threads, batch.count)) { _ in
                        while !loader.isCancelled.load(ordering: .relaxed) {
                            let turn = loader.next.wrappingAdd(1, ordering: .relaxed).oldValue
                            guard turn < order.count else { return }
                            let position = order[turn]
                            let result = Result { try load(batch[position]) }
                            loader.results.withLock { $0[position] = result }
                        }
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
