import DiptychServer
import Synchronization
import Testing

/// What concurrent requests share, and what happens to those that leave.
@Suite struct BatchQueueTests {
    typealias Queue = BatchQueue<Int, Int, Int>

    /// The batches that a queue computed.
    final class Log: Sendable {
        private let all = Mutex<[[Int]]>([])
        var batches: [[Int]] { all.withLock { $0 } }
        func add(_ batch: [Int]) { all.withLock { $0.append(batch) } }
    }

    /// Runs a queue that doubles numbers, and waits for `gate` before each pass.
    private static func doubling(
        _ limits: QueueLimits = QueueLimits(), gate: (@Sendable () async -> Void)? = nil,
        _ body: (Queue, Log) async throws -> Void
    ) async throws {
        let queue = Queue(limits), log = Log()
        let worker = Task {
            await queue.run { batch in
                log.add(batch)
                await gate?()
                return batch.map { $0 < 0 ? .failure(Negative()) : .success($0 * 2) }
            }
        }
        do { try await body(queue, log) } catch {
            queue.close()
            await worker.value
            throw error
        }
        queue.close()
        await worker.value
    }

    struct Negative: Error {}

    /// A door that opens once.
    final class Gate: Sendable {
        private let stream = AsyncStream<Void>.makeStream()
        func open() { stream.continuation.finish() }
        func pass() async { for await _ in stream.stream {} }
    }

    private static func ask(_ queue: Queue, _ numbers: Int...) async throws -> [Int] {
        try await queue.results(of: numbers.map { ($0, $0) }).map { try $0.get() }
    }

    private static func until(_ condition: () -> Bool) async {
        for _ in 0..<2000 where !condition() { try? await Task.sleep(for: .milliseconds(1)) }
        #expect(condition())
    }

    @Test func requestsShareAPass() async throws {
        let gate = Gate()
        try await Self.doubling(gate: { await gate.pass() }) { queue, log in
            try await withThrowingTaskGroup(of: [Int].self) { group in
                group.addTask { try await Self.ask(queue, 1) }
                await Self.until { log.batches.count == 1 }
                for number in 2...6 { group.addTask { try await Self.ask(queue, number, 1) } }
                await Self.until { queue.counts.waiting == 5 }
                gate.open()
                var sums: [Int] = []
                for try await result in group { sums.append(result.reduce(0, +)) }
                #expect(sums.sorted() == [2, 6, 8, 10, 12, 14])
            }
            #expect(log.batches.count == 2 && Set(log.batches[1]) == [2, 3, 4, 5, 6])
            #expect(queue.counts.misses == 6 && queue.counts.hits == 5)
        }
    }

    @Test func batchesHaveALimit() async throws {
        var limits = QueueLimits()
        limits.largestBatch = 4
        try await Self.doubling(limits) { queue, log in
            let results = try await queue.results(of: (0..<10).map { ($0, $0) })
            #expect(try results.map { try $0.get() } == (0..<10).map { $0 * 2 })
            #expect(log.batches.map(\.count) == [4, 4, 2])
        }
    }

    @Test func whatWasComputedIsKept() async throws {
        var limits = QueueLimits()
        limits.kept = 2
        try await Self.doubling(limits) { queue, log in
            for number in [1, 2, 1, 3, 1, 2] {
                let doubled = try await Self.ask(queue, number)
                #expect(doubled == [number * 2])
            }
            // 3 took the place of 2, which had not been asked for the longest.
            #expect(log.batches == [[1], [2], [3], [2]])
        }
    }

    @Test func failuresAreNotKept() async throws {
        try await Self.doubling { queue, log in
            for _ in 0..<2 {
                let results = try await queue.results(of: [(-1, -1), (5, 5)])
                #expect(throws: Negative.self) { try results[0].get() }
                #expect(try results[1].get() == 10)
            }
            #expect(log.batches == [[-1, 5], [-1]])
        }
    }

    @Test func aFullQueueRefuses() async throws {
        var limits = QueueLimits()
        limits.waiting = 3
        let gate = Gate()
        try await Self.doubling(limits, gate: { await gate.pass() }) { queue, log in
            async let first = Self.ask(queue, 0)
            await Self.until { log.batches.count == 1 }
            async let second = Self.ask(queue, 1, 2, 3)
            await Self.until { queue.counts.waiting == 3 }
            await #expect(throws: QueueError.self) { try await Self.ask(queue, 4) }
            // What is on its way already takes no place.
            async let third = Self.ask(queue, 3)
            gate.open()
            let all = try await first + second + third
            #expect(all == [0, 2, 4, 6, 6])
        }
    }

    @Test func whatNobodyWaitsForIsNotComputed() async throws {
        let gate = Gate()
        try await Self.doubling(gate: { await gate.pass() }) { queue, log in
            async let first = Self.ask(queue, 0)
            await Self.until { log.batches.count == 1 }
            let leaving = Task { try await Self.ask(queue, 1, 2) }
            let staying = Task { try await Self.ask(queue, 2, 3) }
            await Self.until { queue.counts.waiting == 3 }
            leaving.cancel()
            await #expect(throws: CancellationError.self) { try await leaving.value }
            #expect(queue.counts.waiting == 2)
            gate.open()
            #expect(try await staying.value == [4, 6])
            _ = try await first
            #expect(log.batches.flatMap { $0 }.sorted() == [0, 2, 3])
        }
    }

    @Test func closingFinishesWhatWaits() async throws {
        let gate = Gate()
        try await Self.doubling(gate: { await gate.pass() }) { queue, log in
            async let first = Self.ask(queue, 0)
            await Self.until { log.batches.count == 1 }
            async let second = Self.ask(queue, 1)
            await Self.until { queue.counts.waiting == 1 }
            queue.close()
            await #expect(throws: QueueError.self) { try await Self.ask(queue, 2) }
            gate.open()
            let all = try await first + second
            #expect(all == [0, 2])
        }
    }

    @Test func requestsTakeTurns() async throws {
        var limits = QueueLimits()
        limits.largestBatch = 4
        let gate = Gate()
        try await Self.doubling(limits, gate: { await gate.pass() }) { queue, log in
            async let first = Self.ask(queue, 0)
            await Self.until { log.batches.count == 1 }
            async let large = queue.results(of: (100..<160).map { ($0, $0) })
            await Self.until { queue.counts.waiting == 60 }
            async let small = Self.ask(queue, 1, 2)
            await Self.until { queue.counts.waiting == 62 }
            gate.open()
            let doubled = try await (first, small)
            #expect(doubled == ([0], [2, 4]))
            let results = try await large.map { try $0.get() }
            #expect(results == (100..<160).map { $0 * 2 })
            #expect(log.batches[1] == [100, 101, 1, 2] && log.batches[2] == [102, 103, 104, 105])
            #expect(log.batches.map(\.count) == [1] + [Int](repeating: 4, count: 15) + [2])
        }
    }

    @Test func aLargeRequestLeavesRoom() async throws {
        var limits = QueueLimits()
        limits.largestBatch = 2
        limits.waiting = 8
        limits.kept = 0
        let gate = Gate()
        try await Self.doubling(limits, gate: { await gate.pass() }) { queue, log in
            async let large = queue.results(of: (100..<200).map { ($0, $0) })
            await Self.until { log.batches.count == 1 }
            async let small = Self.ask(queue, 1, 2, 3)
            await Self.until { queue.counts.waiting == 2 }
            gate.open()
            let doubled = try await small
            #expect(doubled == [2, 4, 6])
            #expect(log.batches.count < 10)
            let results = try await large.map { try $0.get() }
            #expect(results == (100..<200).map { $0 * 2 })
        }
    }

    @Test func aloneMeansAtOnce() async throws {
        var limits = QueueLimits()
        limits.longestWait = .seconds(5)
        try await Self.doubling(limits) { queue, _ in
            let begin = ContinuousClock.now
            let doubled = try await Self.ask(queue, 1) + Self.ask(queue, 2)
            #expect(doubled == [2, 4])
            #expect(.now - begin < .seconds(4))
        }
    }

    @Test func manyAtOnceWithCancellations() async throws {
        var limits = QueueLimits()
        limits.kept = 50
        try await Self.doubling(limits) { queue, _ in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<2000 {
                    group.addTask {
                        let asking = Task { try await Self.ask(queue, number % 100, number % 37) }
                        if number % 3 == 0 { asking.cancel() }
                        let result = await asking.result
                        if case .success(let values) = result {
                            #expect(values == [number % 100 * 2, number % 37 * 2])
                        }
                        if number % 3 != 0, case .failure(let error) = result { Issue.record("\(error)") }
                    }
                }
            }
            #expect(queue.counts.waiting == 0)
        }
    }

    @Test func recentValues() {
        var values = LRUCache<Int, String>(limit: 3)
        for number in 0..<3 { values.keep("\(number)", for: number) }
        #expect(values.value(for: 0) == "0")
        values.keep("3", for: 3)
        #expect(values.value(for: 1) == nil && values.value(for: 0) == "0" && values.value(for: 2) == "2")
        values.keep("new", for: 0)
        #expect(values.value(for: 0) == "new" && values.count == 3)
        var none = LRUCache<Int, Int>(limit: 0)
        none.keep(1, for: 1)
        #expect(none.value(for: 1) == nil)
        // Against a plain list.
        var generator = SystemRandomNumberGenerator()
        var order: [Int] = []
        var recent = LRUCache<Int, Int>(limit: 7)
        for _ in 0..<5000 {
            let key = Int.random(in: 0..<12, using: &generator)
            #expect(recent.value(for: key) == (order.contains(key) ? key : nil))
            if order.contains(key) { order.removeAll { $0 == key } } else if order.count == 7 { order.removeFirst() }
            recent.keep(key, for: key)
            order.append(key)
        }
    }
}
