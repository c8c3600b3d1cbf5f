internal import Foundation

/// A thread that runs an actor's jobs one after the other.
///
/// All models of a process share one, ``shared``, so that there is one team of threads however many models are loaded, and a
/// forward pass of one never takes the cores from another's.
///
/// A team of workers belongs to the thread that calls it, this package's and oneDNN's: on Swift's shared pool, which moves an
/// actor from thread to thread, each thread would raise teams of its own. Blocking work does not belong on the shared pool either.
final class EngineThread: SerialExecutor {
    /// The thread of all models; it begins with the first and never ends.
    static let shared = EngineThread(name: "diptych-engine")

    // Sendable: `jobs` and `isStopped` are only touched while holding the condition's lock.
    private final class Queue: @unchecked Sendable {
        let condition = NSCondition()
        // With each job its executor, which so outlives it even where the job lets go of the actor last.
        var jobs: [(UnownedJob, EngineThread)] = []
        var isStopped = false

        func run() {
            while true {
                condition.lock()
                while jobs.isEmpty && !isStopped { condition.wait() }
                guard !jobs.isEmpty else {
                    condition.unlock()
                    return
                }
                let (job, executor) = jobs.removeFirst()
                condition.unlock()
                job.runSynchronously(on: executor.asUnownedSerialExecutor())
            }
        }
    }

    private let queue = Queue()

    init(name: String) {
        let thread = Thread { [queue] in queue.run() }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit {
        queue.condition.lock()
        queue.isStopped = true
        queue.condition.signal()
        queue.condition.unlock()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.condition.lock()
        queue.jobs.append((job, self))
        queue.condition.signal()
        queue.condition.unlock()
    }
}
