internal import DequeModule
internal import Diptych
internal import DiptychBasics
internal import Foundation
internal import Synchronization

/// Tells the work of one request from that of others; its child tasks inherit it.
enum RequestTurn {
    @TaskLocal static var current = 0
}

/// Threads for work that blocks or takes long, such as fetching, decoding and reading large bodies, of which only so much is
/// accepted. On the shared threads it would keep every other request waiting.
///
/// Requests take turns: the next job is one of the request that has the fewest running, so that one with thousands of slow
/// jobs holds nobody else.
final class BlockingWork: Sendable {
    private struct Job {
        let turn: Int
        let run: @Sendable () -> Void
    }

    private struct State {
        var jobs: [Int: Deque<Job>] = [:]
        /// The requests that have jobs waiting, in the order of their turns.
        var line: Deque<Int> = []
        var running: [Int: Int] = [:]
        var count = 0
    }

    private let threads: WorkerThreads
    private let most: Int
    private let state = Mutex(State())

    /// How many requests are looked at for the one with the fewest running jobs.
    private static let compared = 64

    /// - Parameters:
    ///   - threads: how many at a time.
    ///   - waiting: how many may wait beside those.
    init(name: String, threads: Int, waiting: Int) {
        self.threads = WorkerThreads(name: name, most: threads)
        most = threads + waiting
    }

    /// Runs `body` on one of the threads, unless the waiting task is cancelled before.
    ///
    /// - Throws: what it throws, or ``Problem``, 503, where too much waits.
    func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        let result = Promise<T>()
        let job = Job(turn: RequestTurn.current) {
            // Nobody waits any more.
            guard !result.isResolved else { return }
            result.resolve(Result { try body() })
        }
        let isAccepted = state.withLock { state in
            guard state.count < most else { return false }
            state.count += 1
            if state.jobs[job.turn]?.append(job) == nil {
                state.jobs[job.turn] = [job]
                state.line.append(job.turn)
            }
            return true
        }
        guard isAccepted else { throw Problem.busy("too much work is on its way; try again in a moment") }
        threads.run { self.runNext() }
        return try await result.value
    }

    private func runNext() {
        guard let job = state.withLock({ Self.take(&$0) }) else { return }
        job.run()
        state.withLock { state in
            state.count -= 1
            let left = (state.running[job.turn] ?? 1) - 1
            state.running[job.turn] = left > 0 ? left : nil
        }
    }

    private static func take(_ state: inout State) -> Job? {
        let near = state.line.prefix(compared)
        guard
            let place = near.indices.min(by: {
                state.running[near[$0], default: 0] < state.running[near[$1], default: 0]
            })
        else { return nil }
        let turn = state.line.remove(at: place)
        let job = state.jobs[turn]?.popFirst()
        if state.jobs[turn]?.isEmpty ?? true {
            state.jobs[turn] = nil
        } else {
            state.line.append(turn)
        }
        state.running[turn, default: 0] += 1
        return job
    }
}

/// The server's threads for what does not belong on the shared ones.
struct Workers: Sendable {
    /// Reads large bodies, cuts texts into tokens and writes large answers.
    let text: BlockingWork
    /// Decodes images that are too large to share a pass.
    let images: BlockingWork
    /// Fetches URLs, which is mostly waiting.
    let fetches: BlockingWork

    /// What is handled where it is: less than a millisecond's work.
    static let smallBytes = 16 << 10

    init() {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        text = BlockingWork(name: "diptych-text", threads: max(2, cores / 2), waiting: 1 << 16)
        images = BlockingWork(name: "diptych-pictures", threads: max(1, cores / 2), waiting: 1 << 16)
        fetches = BlockingWork(name: "diptych-fetch", threads: 128, waiting: 1 << 14)
    }
}
