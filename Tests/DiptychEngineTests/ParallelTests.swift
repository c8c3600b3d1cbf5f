import CKernels
import Foundation
import Testing

/// Loops over all cores: every index once, on a thread that nobody else is at the same time.
@Suite struct ParallelTests {
    /// What a loop's bodies note.
    private final class Notes: @unchecked Sendable {
        let threads: Int
        let nests: Bool
        private let lock = NSLock()
        private var hits: [Int]
        private var busy: Set<Int32> = []
        private(set) var problems = 0

        init(count: Int, threads: Int, nests: Bool) {
            (self.threads, self.nests) = (threads, nests)
            hits = [Int](repeating: 0, count: count)
        }

        var isComplete: Bool { problems == 0 && hits.allSatisfy { $0 == 1 } }

        func visit(_ index: Int) {
            let thread = diptych_thread_index()
            lock.withLock {
                hits[index] += 1
                if thread < 0 || thread >= threads || !busy.insert(thread).inserted { problems += 1 }
            }
            if nests, index.isMultiple(of: 5) {
                let inner = Notes(count: 9, threads: 4, nests: false)
                inner.run()
                lock.withLock { if !inner.isComplete || diptych_thread_index() != thread { problems += 1 } }
            }
            lock.withLock { _ = busy.remove(thread) }
        }

        func run() {
            diptych_parallel(
                Int32(threads), hits.count,
                { context, index in Unmanaged<Notes>.fromOpaque(context!).takeUnretainedValue().visit(index) },
                Unmanaged.passUnretained(self).toOpaque())
        }
    }

    /// Calls `body` on `count` threads at once and waits for them to end.
    private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for number in 0..<count {
            group.enter()
            let thread = Thread {
                body(number)
                group.leave()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        group.wait()
    }

    @Test func everyIndexRunsOnceFromManyThreadsAtOnce() {
        let failures = Failures()
        onThreads(4) { number in
            for round in 0..<1500 {
                let notes = Notes(
                    count: (round * 7 + number) % 40, threads: 1 + (round + number) % 5, nests: round.isMultiple(of: 3))
                notes.run()
                if !notes.isComplete { failures.add() }
            }
        }
        #expect(failures.count == 0)
    }

    private final class Failures: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var count = 0
        func add() { lock.withLock { count += 1 } }
    }

    #if os(Linux)
        private var threadsOfThisProcess: Int {
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0
        }

        /// A model that is let go of takes its thread and its team along.
        @Test func teamsEndWithTheThreadThatCalled() {
            let before = threadsOfThisProcess
            for _ in 0..<50 {
                onThreads(2) { _ in
                    Notes(count: 64, threads: 4, nests: false).run()
                }
            }
            // Threads leave the list a little after they have said that they are done.
            let deadline = Date(timeIntervalSinceNow: 10)
            while threadsOfThisProcess > before + 20, Date() < deadline { usleep(10_000) }
            #expect(threadsOfThisProcess <= before + 20)
        }

        /// Workers that wait for a loop that does not come sleep: they leave the processor to others.
        @Test func idleTeamsUseNoTime() throws {
            Notes(count: 64, threads: 4, nests: false).run()
            usleep(50_000)
            var start = rusage(), end = rusage()
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &start)
            usleep(500_000)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &end)
            func seconds(_ usage: rusage) -> Double {
                Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                    + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
            }
            #expect(seconds(end) - seconds(start) < 0.1)
        }
    #endif
}
