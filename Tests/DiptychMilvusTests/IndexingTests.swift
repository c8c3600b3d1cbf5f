#if Milvus
    import Diptych
    import DiptychMilvus
    import DiptychSearch
    import DiptychTestSupport
    import Foundation
    import Testing

    /// Images on their way to a server, with a model.
    @Suite("Indexing into Milvus", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing), .serialized)
    struct IndexingTests {
        private func images(_ count: Int) throws -> TemporaryDirectory {
            let folder = try TemporaryDirectory()
            for number in 0..<count {
                var generator = SeededGenerator(UInt64(number))
                try folder.write(generator.png(), to: "\(number).png")
            }
            return folder
        }

        @Test func indexesSearchesAndGoesOn() async throws {
            let (model, folder) = (try await TinyModel.load(), try images(40))
            let address = try await MilvusServer.shared.value.address("indexing")
            let store = try await MilvusStore.open(address, for: model)
            let first = try await Indexer(store: store, model: model).index([folder.path])
            #expect(first.added == 40)
            #expect(try await store.info().count == 40)
            // Another image, a copy, and one that vanished; the files' times show every change by now or the contents do.
            try folder.write(folder.bytes("7.png"), to: "copy.png")
            unlink(folder.path("3.png"))
            let second = try await Indexer(store: store, model: model).index([folder.path])
            #expect(second.added == 1 && second.reused == 1 && second.removed == 1 && second.unchanged == 39)
            let local = try TemporaryDirectory()
            let same = try await EmbeddedStore.open(at: URL(fileURLWithPath: local.path("s")), for: model)
            _ = try await Indexer(store: same, model: model).index([folder.path])
            let query = try await model.embed(texts: ["a red square"])[0]
            let (hits, wanted) = (try await store.search(query, limit: 39), try await same.search(query, limit: 39))
            #expect(Set(hits.map(\.path)) == Set(wanted.map(\.path)))
            #expect(zip(hits, wanted).allSatisfy { abs($0.similarity - $1.similarity) < 1e-5 })
            // Another model is refused, with both names.
            let other = try TinyModel.other()
            let stranger = try await CLIPModel.load(other.path, options: ModelOptions(precision: .fp32, threads: 2))
            let error = await #expect(throws: StoreError.self) { try await MilvusStore.open(address, for: stranger) }
            #expect(error?.kind == .otherModel)
            let turned = await #expect(throws: StoreError.self) {
                try await MilvusStore.open(address, for: model, appliesOrientation: false)
            }
            #expect(turned?.kind == .otherModel)
            try await store.drop()
        }

        @Test func aServerKilledWhileIndexingLosesNothingAndTheRunResumes() async throws {
            let (model, folder) = (try await TinyModel.load(batchSize: 4), try images(60))
            let server = try await MilvusServer(start: 4)
            let store = try await MilvusStore.open(try server.address("killed"), for: model)
            let told = Told()
            // The server dies while images are on their way, and comes back: the run goes on by itself.
            let run = Task {
                try await Indexer(store: store, model: model).index([folder.path]) { event in
                    told.add(event.path)
                    // So that the run is still at work when the server goes.
                    usleep(30_000)
                }
            }
            while told.paths.count < 8 { try await Task.sleep(for: .milliseconds(10)) }
            try await server.crash()
            try await Task.sleep(for: .seconds(1))
            try await server.restart()
            #expect(try await run.value.added == 60)
            #expect(try await store.info().count == 60)
            // It dies for longer than a call waits: the run ends with an error, and what it told of is there.
            let more = try images(90)
            let after = Told()
            let cut = Task {
                try await Indexer(store: store, model: model).index([more.path]) { event in
                    after.add(event.path)
                    usleep(20_000)
                }
            }
            while after.paths.count < 8 { try await Task.sleep(for: .milliseconds(10)) }
            try await server.crash()
            cut.cancel()
            await #expect(throws: (any Error).self) { try await cut.value }
            try await server.restart()
            let acknowledged = after.paths
            #expect(try await store.known(acknowledged).allSatisfy { $0 != nil })
            let rest = try await Indexer(store: store, model: model).index([more.path])
            #expect(rest.added + rest.unchanged == 90 && rest.unchanged >= acknowledged.count)
            #expect(try await store.info().count == 150)
            try await server.crash()
        }

        /// Paths that a run has told of.
        private final class Told: @unchecked Sendable {
            // Guarded by the lock.
            private var list: [String] = []
            private let lock = NSLock()
            func add(_ path: String) { lock.withLock { list.append(path) } }
            var paths: [String] { lock.withLock { list } }
        }
    }
#endif
