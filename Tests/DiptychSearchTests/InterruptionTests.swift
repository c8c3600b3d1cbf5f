import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// A run that ends early leaves a valid store, and the next one goes on from there.
@Suite struct InterruptionTests {
    @Test func cancellationLeavesAValidStore() async throws {
        let album = try await Album(batchSize: 4)
        try album.add(count: 60)
        var generator = SeededGenerator(1)
        var reported = 0
        for _ in 0..<12 {
            let stop = Int.random(in: 0...3, using: &generator)
            let (stream, continuation) = AsyncStream<String>.makeStream()
            let task = Task {
                try await Indexer(store: album.store, model: album.model).index([album.images]) { event in
                    if event.kind == .added { continuation.yield(event.path) }
                }
            }
            if stop > 0 {
                var seen = 0
                for await _ in stream {
                    seen += 1
                    if seen == stop { break }
                }
            }
            task.cancel()
            let result = await task.result
            continuation.finish()
            if case .failure(let error) = result { #expect(error is CancellationError, "\(error)") }
            #expect(try await album.store.verify() == [])
            let count = try await album.store.info().count
            #expect(count >= reported + stop)
            reported = count
            if reported >= 56 { break }
        }
        let summary = try await album.index()
        #expect(summary.added == 60 - reported && summary.unchanged == reported)
        #expect(try await album.found().count == 60)
        #expect(try await album.index().unchanged == 60)
    }

    @Test func anErrorOfTheListenerKeepsWhatIsStored() async throws {
        struct Enough: Error {}
        let album = try await Album(batchSize: 4)
        try album.add(count: 12)
        await #expect(throws: Enough.self) {
            _ = try await Indexer(store: album.store, model: album.model).index([album.images]) { _ in throw Enough()
            }
        }
        #expect(try await album.store.info().count == 4)
        // The lock is free again.
        #expect(try await album.index().added == 8)
    }

    @Test func damagedWeightsStoreNothing() async throws {
        let copy = try TinyModel.copy()
        try copy.changeWeights { file in
            file.tensors["vision_model.post_layernorm.bias"]?.bytes.replaceSubrange(0..<2, with: [0, 0x7E])
        }
        let model = try await CLIPModel.load(copy.path)
        let store = try await EmbeddedStore.open(at: copy.url.appendingPathComponent("store"), for: model)
        var generator = SeededGenerator(1)
        let image = try copy.write(generator.png(), to: "a.png")
        await #expect(throws: ModelError.self) { try await Indexer(store: store, model: model).index([image]) }
        #expect(try await store.info().vectors == 0)
    }
}
