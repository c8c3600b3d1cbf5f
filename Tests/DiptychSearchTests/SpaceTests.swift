import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Stores with the embeddings of several models.
@Suite struct SpaceTests {
    private static func album(_ count: Int = 9) async throws -> (Album, other: CLIPModel, files: TemporaryDirectory) {
        let album = try await Album()
        try album.add(count: count)
        _ = try await album.index()
        let files = try TinyModel.other()
        return (album, try await CLIPModel.load(files.path), files)
    }

    private static func ranking(_ store: EmbeddedStore, _ model: CLIPModel) async throws -> [String] {
        try await store.search(model.embed(texts: ["a cat"])[0], limit: 50).map { "\($0.id) \($0.similarity)" }
    }

    @Test func aSecondSpaceIsWhatAStoreOfThatModelHolds() async throws {
        let (album, other, files) = try await Self.album()
        defer { withExtendedLifetime(files) {} }
        let before = try await Self.ranking(album.store, album.model)
        let store = try await EmbeddedStore.open(at: album.store.directory, addingSpaceFor: other)
        let summary = try await SpaceFiller(store: store, model: other).fill()
        #expect(summary.embedded == 9 && summary.skippedCount == 0)
        // The same as a store that was indexed with the other model.
        let fresh = try await EmbeddedStore.open(at: album.directory.url.appendingPathComponent("fresh"), for: other)
        _ = try await Indexer(store: fresh, model: other).index([album.images])
        #expect(try await Self.ranking(store, other) == Self.ranking(fresh, other))
        // The first space is what it was, and still the current one.
        #expect(try await Self.ranking(album.store, album.model) == before)
        let opened = try await EmbeddedStore.open(at: album.store.directory)
        #expect(opened.space == album.store.space)
        #expect(try await opened.info().spaces.map(\.isCurrent) == [true, false])
        #expect(try await opened.info().spaces.map(\.embeddings) == [9, 9])
        #expect(try await opened.verify() == [])
        #expect(try await store.verify() == [])
        // Filling again does nothing.
        #expect(try await SpaceFiller(store: store, model: other).fill().embedded == 0)
    }

    @Test func switchingAndDropping() async throws {
        let (album, other, files) = try await Self.album()
        defer { withExtendedLifetime(files) {} }
        let directory = album.store.directory
        let store = try await EmbeddedStore.open(at: directory, addingSpaceFor: other)
        let name = store.space.name
        await #expect(throws: StoreError.self) { try await album.store.switchSpace(to: name) }
        _ = try await SpaceFiller(store: store, model: other).fill()
        #expect(try await album.store.switchSpace(to: name).name == name)
        #expect(try await EmbeddedStore.open(at: directory).space.name == name)
        // A model finds its own space, whatever the current one is.
        #expect(try await EmbeddedStore.open(at: directory, for: album.model).space == album.store.space)
        await #expect(throws: StoreError.self) { try await album.store.dropSpace(name) }
        await #expect(throws: StoreError.self) { try await album.store.dropSpace("none") }
        #expect(try await album.store.dropSpace("1").id == 1)
        let left = try await EmbeddedStore.open(at: directory)
        #expect(try await left.info().spaces.map(\.name) == [name])
        #expect(try await left.verify() == [])
        #expect(try await Self.ranking(left, other).count == 9)
        await #expect(throws: StoreError.self) { try await EmbeddedStore.open(at: directory, for: album.model) }
    }

    /// What is indexed while a space is being filled is found in both in the end.
    @Test func indexingGoesOnMeanwhile() async throws {
        let (album, other, files) = try await Self.album(6)
        defer { withExtendedLifetime(files) {} }
        let store = try await EmbeddedStore.open(at: album.store.directory, addingSpaceFor: other)
        try album.add(count: 12)
        _ = try await Indexer(store: store, model: other).index([album.images])
        // Six of the new model came first, so that the others are late ones; then the first space gets the six.
        #expect(try await SpaceFiller(store: store, model: other).fill().embedded == 0)
        #expect(try await SpaceFiller(store: album.store, model: album.model).fill().embedded == 6)
        for (store, model) in [(store, other), (album.store, album.model)] {
            let fresh = try await EmbeddedStore.open(
                at: album.directory.url.appendingPathComponent("fresh-\(store.space.id)"), for: model)
            _ = try await Indexer(store: fresh, model: model).index([album.images])
            func found(_ store: EmbeddedStore) async throws -> [String] {
                try await store.search(model.embed(texts: ["a cat"])[0], limit: 50).map {
                    "\($0.path) \($0.similarity)"
                }
            }
            #expect(try await found(store) == found(fresh))
            #expect(try await store.verify() == [])
        }
    }

    /// Removal takes the embeddings of every space, and a file that changed is not embedded under its old content.
    @Test func removalAndChanges() async throws {
        let (album, other, files) = try await Self.album(5)
        defer { withExtendedLifetime(files) {} }
        let store = try await EmbeddedStore.open(at: album.store.directory, addingSpaceFor: other)
        try album.add("3.png", seed: 99)
        let summary = try await SpaceFiller(store: store, model: other).fill()
        #expect(summary.embedded == 4 && summary.skipped.map(\.path) == [album.images + "/3.png"])
        #expect(summary.skipped.first?.reason.contains("changed") == true)
        #expect(try await album.store.remove(idsOrPaths: ["1"]) == 1)
        #expect(try await store.info().spaces.map(\.embeddings) == [4, 3])
        #expect(try await album.store.verify() == [])
    }
}
