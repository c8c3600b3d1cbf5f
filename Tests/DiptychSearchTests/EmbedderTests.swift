import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// A store of a model that is no CLIP: indexed, searched by image, and refused for text.
@Suite struct EmbedderTests {
    private static let model = TinyModel.directory.deletingLastPathComponent()
        .appendingPathComponent("resnet/basic/resnet.safetensors").path

    @Test func aStoreOfAResNetIsSearchedByImage() async throws {
        let directory = try TemporaryDirectory()
        try directory.makeFolder("pictures")
        for seed in 0..<40 {
            var generator = SeededGenerator(UInt64(seed))
            try directory.write(generator.png(), to: "pictures/\(seed).png")
        }
        let model = try await ModelLoader.load(Self.model, options: ModelOptions(threads: 2))
        let store = try await EmbeddedStore.open(at: directory.url.appendingPathComponent("store"), for: model)
        let summary = try await Indexer(store: store, model: model).index([directory.path("pictures")])
        #expect(summary.added == 40)
        #expect(try await store.info().dimension == 64)
        let searcher = Searcher(store: store, model: model)
        var generator = SeededGenerator(7)
        let image = try ImageSource.data(try generator.png()).image()
        let hits = try await searcher.search(SearchQuery([.image(image)])).hits
        let first = try #require(hits.first)
        #expect(first.path.hasSuffix("/7.png") && first.similarity > 0.9999)

        let error = try await #require(throws: ModelError.self) { try await searcher.search(SearchQuery(text: "snow")) }
        #expect(error.description == "resnet.safetensors embeds images only; a text needs a model with a text tower")
        // Another model's store is refused, whatever kind it is.
        let clip = try await TinyModel.load()
        let other = try await #require(throws: StoreError.self) { try await store.require(clip) }
        #expect(other.description.contains("resnet.safetensors"))
    }
}
