internal import DiptychBasics
internal import Synchronization

/// Loads the inputs of a batch on as many threads as the model uses.
///
/// Loading blocks: on files, on servers, on a database. So it runs on threads of its own and not on Swift's shared pool,
/// which has one a core and would stand still meanwhile, and with it everything else in the process.
final class BatchLoader<Loaded: Sendable>: Sendable {
    private let results: Mutex<[Result<Loaded, any Error>]>
    private let isCancelled = Atomic(false)
    private let next = Atomic(0)
    private let working: Atomic<Int>

    private init(count: Int, threads: Int) {
        working = Atomic(threads)
        results = Mutex([Result<Loaded, any Error>](repeating: .failure(CancellationError()), count: count))
    }

    /// What `load` gives or throws for each input, in their order.
    ///
    /// - Parameter order: The positions of all inputs, in the order in which they are begun.
    /// - Throws: `CancellationError`; inputs whose loading has begun are waited for.
    static func load<Input: Sendable>(
        _ batch: [Input], order: [Int], threads: Int, _ load: @escaping @Sendable (Input) throws -> Loaded
    ) async throws -> [Result<Loaded, any Error>] {
        let count = max(1, min(threads, batch.count))
        let loader = BatchLoader(count: batch.count, threads: count)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Each thread takes the next input until none is left; the last one says so.
                for _ in 0..<count {
                    LoaderThreads.all.run {
                        while !loader.isCancelled.load(ordering: .relaxed) {
                            let turn = loader.next.wrappingAdd(1, ordering: .relaxed).oldValue
                            guard turn < order.count else { break }
                            let position = order[turn]
                            let result = Result { try load(batch[position]) }
                            loader.results.withLock { $0[position] = result }
                        }
                        if loader.working.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
                            continuation.resume()
                        }
                    }
                }
            }
        } onCancel: {
            loader.isCancelled.store(true, ordering: .relaxed)
        }
        try Task.checkCancellation()
        return loader.results.withLock { $0 }
    }
}

/// The threads of all loaders.
private enum LoaderThreads {
    static let all = WorkerThreads(name: "diptych-load", most: 1024)
}
