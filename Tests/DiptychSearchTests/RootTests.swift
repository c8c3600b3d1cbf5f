import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import GRDB
import Testing

/// Folders that were indexed, and that move.
@Suite struct RootTests {
    private static func album(_ count: Int = 6) async throws -> Album {
        let album = try await Album()
        try album.add(count: count)
        _ = try await album.index()
        return album
    }

    private static func listed(_ store: EmbeddedStore) async throws -> [String: String] {
        var paths: [String: String] = [:]
        for place in try await store.places(after: nil, limit: 1000, filter: nil) { paths[place.id] = place.path }
        return paths
    }

    @Test func itemsAreKeptRelativeToTheirRoot() async throws {
        let album = try await Self.album()
        let roots = try await album.store.info().roots
        #expect(roots.map(\.path) == [album.images] && roots.map(\.name) == ["pictures"])
        #expect(roots.map(\.count) == [6] && roots.allSatisfy(\.isThere))
        #expect(try album.strings("SELECT path FROM items ORDER BY id LIMIT 2") == ["0.png", "1.png"])
        #expect(try await Self.listed(album.store)["1"] == album.images + "/0.png")
    }

    @Test func aRootMovesWithoutBeingReadAgain() async throws {
        let album = try await Self.album()
        let before = try await Self.listed(album.store)
        let new = try album.directory.makeFolder("elsewhere") + "/photos"
        try FileManager.default.moveItem(atPath: album.images, toPath: new)
        #expect(try await album.store.info().roots.map(\.isThere) == [false])
        // Indexing the old place does not take its images for deleted.
        await #expect(throws: StoreError.self) { try await album.index() }
        #expect(try await album.store.moveRoot(album.images, to: new) == 6)
        let after = try await Self.listed(album.store)
        #expect(after == before.mapValues { new + $0.dropFirst(album.images.count) })
        let summary = try await Indexer(store: album.store, model: album.model).index([new])
        #expect(summary.unchanged == 6 && summary.added == 0 && summary.removed == 0)
        #expect(try await album.store.verify() == [])
        // By its name, too.
        try FileManager.default.moveItem(atPath: new, toPath: album.images)
        #expect(try await album.store.moveRoot("pictures", to: album.images) == 6)
        #expect(try await Self.listed(album.store) == before)
    }

    @Test func aStoreMovesTogetherWithItsImages() async throws {
        let album = try await Self.album()
        let new = try album.directory.makeFolder("disk")
        for name in ["store", "pictures"] {
            try FileManager.default.moveItem(atPath: album.directory.path(name), toPath: new + "/" + name)
        }
        let store = try await EmbeddedStore.open(at: URL(fileURLWithPath: new + "/store"), for: album.model)
        #expect(try await Self.listed(store)["3"] == new + "/pictures/2.png")
        let summary = try await Indexer(store: store, model: album.model).index([new + "/pictures"])
        #expect(summary.unchanged == 6 && summary.added == 0)
        // Moved on alone, it finds them where they were last.
        let alone = try album.directory.makeFolder("alone") + "/store"
        try FileManager.default.moveItem(atPath: new + "/store", toPath: alone)
        let moved = try await EmbeddedStore.open(at: URL(fileURLWithPath: alone), for: album.model)
        #expect(try await Self.listed(moved)["3"] == new + "/pictures/2.png")
    }

    @Test func aStoreInsideItsImagesMovesWithThem() async throws {
        let album = try await Self.album()
        let inside = URL(fileURLWithPath: album.images + "/sub/.store")
        var store = try await EmbeddedStore.open(at: inside, for: album.model)
        _ = try await Indexer(store: store, model: album.model).index([album.images])
        let new = album.directory.path("renamed")
        try FileManager.default.moveItem(atPath: album.images, toPath: new)
        store = try await EmbeddedStore.open(at: URL(fileURLWithPath: new + "/sub/.store"), for: album.model)
        #expect(try await Self.listed(store)["1"] == new + "/0.png")
    }

    @Test func filesBelowNoRootBelongToALaterOne() async throws {
        let album = try await Album()
        try album.add(count: 4)
        let file = album.images + "/2.png"
        let indexer = Indexer(store: album.store, model: album.model)
        _ = try await indexer.index([file])
        #expect(try await album.store.info().roots.isEmpty)
        #expect(try await indexer.index([album.images]).added == 3)
        #expect(try await Self.listed(album.store)["1"] == file)
        #expect(try await album.store.info().roots.map(\.count) == [4])
        // One above keeps what the one below has.
        let parent = URL(fileURLWithPath: album.images).deletingLastPathComponent().path
        try album.directory.write(Data(try Data(contentsOf: URL(fileURLWithPath: file))).map { $0 }, to: "five.png")
        #expect(try await indexer.index([parent]).unchanged == 4)
        #expect(try await album.store.info().roots.map(\.count).sorted() == [1, 4])
        #expect(try await album.store.verify() == [])
    }

    @Test func filtersAndRemovalGoAcrossRoots() async throws {
        let album = try await Album()
        for folder in ["pictures/a", "pictures/a/b", "pictures/ab", "other"] {
            try album.directory.makeFolder(folder)
            var generator = SeededGenerator(UInt64(folder.utf8.count))
            try album.directory.write(generator.png(), to: folder + "/x.png")
        }
        let indexer = Indexer(store: album.store, model: album.model)
        for root in ["/a/b", "/ab"] { _ = try await indexer.index([album.images + root]) }
        _ = try await indexer.index([album.images, album.directory.path("other")])
        func found(_ filter: Filter) async throws -> [String] {
            let listed = try await album.store.places(after: nil, limit: 100, filter: filter).map(\.path).sorted()
            // Of what SQL finds, the language's own meaning finds the same.
            let all = try await album.store.items(after: nil, limit: 100, filter: nil).map(\.0)
            #expect(all.filter { filter.accepts($0) }.map(\.path).sorted() == listed, "\(filter)")
            return listed
        }
        let a = album.images + "/a"
        #expect(try await found(.under(a)) == [a + "/b/x.png", a + "/x.png"])
        #expect(try await found(.compare(.folder, .equal, .text(a))) == [a + "/x.png"])
        #expect(try await found(.under("/")).count == 4)
        #expect(try await found(.compare(.path, .equal, .text(a + "/b/x.png"))) == [a + "/b/x.png"])
        #expect(try await found(.like(.path, "*/ab/*")) == [album.images + "/ab/x.png"])
        #expect(try await found(.compare(.folder, .notEqual, .text(a))).count == 3)
        #expect(try await found(.oneOf(.folder, [.text(a), .text(a + "/b")])).count == 2)
        #expect(try await found(.compare(.name, .equal, .text("x.png"))).count == 4)
        #expect(try await album.store.remove(idsOrPaths: [a]) == 2)
        #expect(try await found(.under("/")).count == 2)
    }

    @Test func whatCannotBeMovedIsSaid() async throws {
        let album = try await Self.album()
        let other = try album.directory.makeFolder("other")
        func message(_ old: String, _ new: String) async -> String {
            do {
                _ = try await album.store.moveRoot(old, to: new)
                return ""
            } catch { return "\(error)" }
        }
        #expect(await message(album.images, album.directory.path("nowhere")).contains("there is no folder"))
        #expect(await message("/never/indexed", other).contains("its roots are '\(album.images)'"))
        try FileManager.default.copyItem(atPath: album.images + "/1.png", toPath: other + "/1.png")
        _ = try await Indexer(store: album.store, model: album.model).index([other])
        #expect(await message(album.images, other).contains("is the root 'other' already"))
        #expect(try await album.store.verify() == [])
    }

    /// A sample in an archive has vanished when its archive has, and not before.
    @Test func placesInFilesVanishWithTheirFiles() async throws {
        let album = try await Self.album(1)
        let archive = try album.directory.write([1, 2, 3], to: "pictures/shard.tar")
        let bytes = try album.directory.bytes("pictures/0.png")
        let indexer = Indexer(store: album.store, model: album.model)
        _ = try await indexer.index(inputs: [
            .success(IndexInput(path: archive + "#a/b.png", source: .bytes { _ in bytes }))
        ])
        #expect(try await indexer.index([album.images]).removed == 0)
        try FileManager.default.removeItem(atPath: archive)
        #expect(try await indexer.index([album.images]).removed == 1)
    }
}
