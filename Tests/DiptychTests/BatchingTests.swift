import Diptych
import DiptychTestSupport
import Foundation
import Synchronization
import Testing

/// An embedding depends on its input alone, however inputs are put together and whoever else is using the model.
@Suite struct BatchingTests {
    let expected: Expected

    init() throws { expected = try #require(Expected.shared) }

    @Test(arguments: [1, 2, 3, 7, 100])
    func embeddingsDoNotDependOnTheBatchSize(batchSize: Int) async throws {
        let model = try await TinyModel.load(batchSize: batchSize)
        #expect(worstLoss(try await model.embed(images: expected.sources), try expected.embeddings("images")) <= 1e-5)
        let images = try expected.sources.map { try $0.image() }
        #expect(worstLoss(try await model.embed(images: images), try expected.embeddings("images")) <= 1e-5)
    }

    @Test func embeddingsDoNotDependOnOrderOrNeighbours() async throws {
        let model = try await TinyModel.load()
        let (texts, images) = try await (model.embed(texts: expected.texts), model.embed(images: expected.sources))
        var generator = SeededGenerator(3)
        for _ in 0..<5 {
            let some = expected.texts.indices.filter { _ in Bool.random(using: &generator) }.shuffled(using: &generator)
            let few = try await model.embed(texts: some.map { expected.texts[$0] })
            #expect(worstLoss(few, texts.rows(some)) <= 1e-6)
            let order = expected.sources.indices.shuffled(using: &generator)
            let shuffled = try await model.embed(images: order.map { expected.sources[$0] })
            #expect(worstLoss(shuffled, images.rows(order)) <= 1e-6)
        }
        // More texts than a pass takes.
        let many = try await model.embed(texts: (0..<40).flatMap { _ in expected.texts })
        for start in 0..<40 {
            let range = start * texts.count..<(start + 1) * texts.count
            #expect(worstLoss(many.rows(Array(range)), texts) <= 1e-6)
        }
    }

    @Test func manyTasksShareOneModel() async throws {
        let model = try await TinyModel.load()
        let (texts, images) = try await (model.embed(texts: expected.texts), model.embed(images: expected.sources))
        let (expected, fingerprint) = (expected, await model.fingerprint())
        try await withThrowingTaskGroup(of: (texts: Double, images: Double, sameFingerprint: Bool).self) { group in
            for seed in 0..<24 {
                group.addTask {
                    var generator = SeededGenerator(UInt64(seed))
                    let some = expected.texts.indices.shuffled(using: &generator).prefix(5)
                    let order = expected.sources.indices.shuffled(using: &generator).prefix(3)
                    async let first = model.embed(texts: some.map { expected.texts[$0] })
                    async let second = model.embed(images: order.map { expected.sources[$0] })
                    async let third = model.fingerprint()
                    return try await (
                        worstLoss(first, texts.rows(Array(some))), worstLoss(second, images.rows(Array(order))),
                        third == fingerprint
                    )
                }
            }
            for try await result in group {
                #expect(result.texts <= 1e-6 && result.images <= 1e-6 && result.sameFingerprint)
            }
        }
    }

    @Test func modelsComeAndGo() async throws {
        for _ in 0..<30 {
            let model = try await TinyModel.load()
            async let first = model.embed(texts: ["a cat"])
            async let second = model.embed(texts: ["a dog"])
            _ = try await (first, second)
        }
    }

    @Test func anImageThatCannotBeReadDisturbsNoOther() async throws {
        let model = try await TinyModel.load(batchSize: 4)
        let alone = try await model.embed(images: expected.sources)
        let corrupt: [ImageSource] = [
            .file("/none/such.png"), .data([], label: "empty"), .data([0xFF, 0xD8, 0xFF, 0], label: "cut"),
            .data(Array("text".utf8), label: "text"), .file("/"), .url("ftp://host/a.png"), .url("data:,%"),
        ]
        var generator = SeededGenerator(5)
        for _ in 0..<5 {
            let mixed = (expected.sources + corrupt).shuffled(using: &generator)
            var seen = 0
            try await model.embedEach(mixed) { index, source, result in
                #expect(index == seen && source == mixed[index])
                seen += 1
                if let row = expected.sources.firstIndex(of: source) {
                    let loss = try Double(1 - result.get().similarity(to: alone[row]))
                    #expect(loss <= 1e-6)
                } else {
                    let error = #expect(throws: ImageError.self) { try result.get() }
                    #expect(error?.description.contains("\n") == false)
                }
            }
            #expect(seen == mixed.count)
        }
        let error = try await #require(throws: ImageError.self) {
            try await model.embed(images: expected.sources + corrupt)
        }
        #expect(error.source == "/none/such.png")
    }

    @Test func anImageTooThinToResizeIsNamed() async throws {
        let model = try await TinyModel.load()
        let thin = try Image(width: 1, height: 600_000, bytes: [UInt8](repeating: 9, count: 1_800_000)).png()
        let error = await #expect(throws: ImageError.self) {
            try await model.embed(images: [.data(thin, label: "needle.png")])
        }
        #expect(error?.source == "needle.png", "\(error?.description ?? "")")
    }

    @Test func allImagesOfARunMayBeUnreadable() async throws {
        let model = try await TinyModel.load(batchSize: 2)
        var failures = 0
        try await model.embedEach((0..<5).map { ImageSource.file("/none/\($0)") }) { _, _, result in
            if case .failure = result { failures += 1 }
        }
        #expect(failures == 5)
    }

    @Test func inputsWithoutPixelsPassThrough() async throws {
        let model = try await TinyModel.load(batchSize: 4)
        let pixels = try model.preprocessing.pixels(of: expected.sources[0].image())
        var facts: [Int] = []
        try await model.embedBatches(
            0..<11, readingFrom: { _ in nil },
            load: { LoadedInput(facts: $0, pixels: $0.isMultiple(of: 3) ? pixels : nil) },
            { items in
                #expect(items.count <= 4)
                for item in items {
                    let (fact, embedding) = try item.result.get()
                    #expect(fact == item.input && item.index == item.input)
                    #expect((embedding != nil) == fact.isMultiple(of: 3))
                    facts.append(fact)
                }
            })
        #expect(facts == Array(0..<11))
    }

    /// A large file that is begun last would keep the other threads waiting.
    @Test func largeFilesAreLoadedFirstAndHandedOverInOrder() async throws {
        let folder = try TemporaryDirectory()
        let sizes = [5, 900, 40, 40, 7000, 1, 300, 2]
        let paths = try sizes.enumerated().map { try folder.write([UInt8](repeating: 0, count: $1), to: "\($0)") }
        let model = try await TinyModel.load(threads: 1, batchSize: 4)
        let begun = Mutex<[Int]>([])
        var handed: [Int] = []
        try await model.embedBatches(
            0..<sizes.count, readingFrom: { paths[$0] },
            load: { index in
                begun.withLock { $0.append(index) }
                return LoadedInput(facts: (), pixels: nil)
            }, { handed += $0.map(\.index) })
        #expect(handed == Array(sizes.indices))
        #expect(begun.withLock { $0 } == [4, 1, 6, 2, 3, 0, 7, 5])
    }

    @Test func whatIsEncodedIsHandedOverWhenTheRunIsCancelled() async throws {
        let model = try await TinyModel.load(threads: 1, batchSize: 2)
        let gate = DispatchSemaphore(value: 0)
        let (started, continuation) = AsyncStream<Void>.makeStream()
        let handed = Counter()
        let task = Task {
            try await model.embedBatches(
                0..<100, readingFrom: { _ in nil },
                load: { index in
                    // The third pair of batches waits for the cancellation.
                    if index >= 8 {
                        continuation.yield()
                        gate.wait()
                    }
                    return LoadedInput(facts: (), pixels: nil)
                }, { items in for _ in items { handed.increment() } })
        }
        for await _ in started { break }
        task.cancel()
        for _ in 0..<100 { gate.signal() }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(handed.value == 8)
    }

    @Test func anErrorOfTheReceiverEndsTheRun() async throws {
        struct Enough: Error {}
        let model = try await TinyModel.load(batchSize: 2)
        var seen = 0
        await #expect(throws: Enough.self) {
            try await model.embedEach(expected.sources) { _, _, _ in
                seen += 1
                if seen == 3 { throw Enough() }
            }
        }
        #expect(seen == 3)
    }

    @Test func cancellationEndsAnEndlessRun() async throws {
        let model = try await TinyModel.load(batchSize: 4)
        let source = expected.sources[0]
        let started = AsyncStream<Void>.makeStream()
        let count = Counter()
        let task = Task {
            try await model.embedEach(repeatElement(source, count: .max)) { index, _, _ in
                count.increment()
                if index == 20 { started.continuation.yield() }
            }
        }
        for await _ in started.stream { break }
        let clock = ContinuousClock()
        let begin = clock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.now - begin < .seconds(3))
        #expect(count.value < 1_000_000)
    }

    @Test func cancellationEndsABatchThatLoadsSlowly() async throws {
        let model = try await TinyModel.load(batchSize: 1000)
        let (started, startedContinuation) = AsyncStream<Void>.makeStream()
        let (gate, loaded) = (DispatchSemaphore(value: 0), Counter())
        let task = Task {
            try await model.embedBatches(
                0..<1000, readingFrom: { _ in nil },
                load: { (_: Int) -> LoadedInput<Void> in
                    startedContinuation.yield()
                    gate.wait()
                    loaded.increment()
                    return LoadedInput(facts: (), pixels: nil)
                },
                { _ in Issue.record("a batch that was cancelled came through") })
        }
        for await _ in started { break }
        task.cancel()
        for _ in 0..<1000 { gate.signal() }
        await #expect(throws: CancellationError.self) { try await task.value }
        // Those that had begun, one a core, and no other.
        #expect(loaded.value <= ProcessInfo.processInfo.activeProcessorCount + 1)
    }

    @Test func loadingLeavesTheSharedPoolFree() async throws {
        let model = try await TinyModel.load(batchSize: 64)
        let permit = DispatchSemaphore(value: 0)
        let task = Task {
            var waited = 0
            try await model.embedBatches(
                0..<64, readingFrom: { _ in nil },
                load: { (_: Int) -> LoadedInput<Bool> in
                    LoadedInput(facts: permit.wait(timeout: .now() + 20) == .success, pixels: nil)
                }, { items in waited += try items.filter { try $0.result.get().facts }.count })
            return waited
        }
        // Each permit comes from a task of the pool: were its threads all waiting for permits, none would come.
        for _ in 0..<64 { await Task.detached { _ = permit.signal() }.value }
        #expect(try await task.value == 64)
    }

    /// In a process of its own, where nothing else takes memory.
    @Test func memoryDoesNotGrowWithTheNumberOfInputs() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            let model = try await TinyModel.load()
            var generator = SeededGenerator(9)
            let files = try (0..<10).map { _ in try generator.png(width: 120, height: 90) }
            let sources = (0..<3000).lazy.map { ImageSource.data(files[$0 % 10], label: "\($0)") }
            var resident: [Int: Int] = [:]
            try await model.embedEach(sources) { index, _, result in
                _ = try result.get()
                if index == 500 || index == 2999 { resident[index] = try residentBytes() }
            }
            let (early, late) = (try #require(resident[500]), try #require(resident[2999]))
            print("resident after 500: \(early >> 20) MiB, after 3000: \(late >> 20) MiB")
            #expect(late - early < 4 << 20)
            exit(late - early < 4 << 20 ? 0 : 1)
        }
        print(String(decoding: result?.standardOutputContent ?? [], as: UTF8.self))
    }
}

/// Counts on several threads at once.
private final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func increment() { count.withLock { $0 += 1 } }
}

/// The memory of this process that is in use.
func residentBytes() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    let pages = try #require(Int(text.split(separator: " ")[1]))
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
}
