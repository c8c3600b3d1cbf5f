import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// What indexing does with files that come, stay, change, move and go.
@Suite struct IndexingTests {
    /// The counts of a run: added, updated, unchanged, removed, reused, skipped.
    static func counts(_ summary: IndexSummary) -> [Int] {
        [summary.added, summary.updated, summary.unchanged, summary.removed, summary.reused, summary.skippedCount]
    }

    /// Sets a file's time back, so that the store trusts it.
    static func settle(_ path: String, secondsAgo: Int = 100) {
        let time = timeval(tv_sec: Int(time(nil)) - secondsAgo, tv_usec: 123_456)
        _ = utimes(path, [time, time])
    }

    @Test func embedsEachFileOnce() async throws {
        let album = try await Album()
        try album.add(count: 10)
        try album.directory.makeFolder("pictures/below/further")
        try album.add("below/further/a.png", seed: 100)
        #expect(Self.counts(try await album.index()) == [11, 0, 0, 0, 0, 0])
        let before = try album.vectors()
        #expect(Self.counts(try await album.index()) == [0, 0, 11, 0, 0, 0])
        #expect(try album.vectors() == before)

        let stored = try await album.stored()
        let names = stored.keys.sorted()
        let direct = try await album.model.embed(images: names.map { .file("\(album.images)/\($0)") })
        for (row, name) in names.enumerated() {
            let loss = try 1 - direct[row].similarity(to: #require(stored[name]))
            #expect(loss < 1e-6)
        }
    }

    @Test func tellsOfEachFileOnceItIsStored() async throws {
        let album = try await Album()
        try album.add(count: 9)
        try album.directory.write("text", to: "pictures/5.png")
        var told: [String: IndexEvent.Kind] = [:]
        let database = album.directory
        _ = try await Indexer(store: album.store, model: album.model).index([album.images]) { event in
            #expect(told.updateValue(event.kind, forKey: event.path) == nil)
            #expect((event.reason == nil) == (event.kind != .skipped))
            _ = database
        }
        #expect(told.count == 9 && told.values.filter { $0 == .added }.count == 8)
        #expect(told["\(album.images)/5.png"] == .skipped)
    }

    @Test func aTouchedFileIsUnchanged() async throws {
        let album = try await Album()
        try album.add(count: 3)
        _ = try await album.index()
        let before = try album.vectors()
        Self.settle("\(album.images)/1.png")
        #expect(Self.counts(try await album.index()) == [0, 0, 3, 0, 0, 0])
        #expect(try album.vectors() == before)
    }

    @Test func aChangedFileIsUpdated() async throws {
        let album = try await Album()
        try album.add(count: 3)
        _ = try await album.index()
        let before = try await album.stored()
        try album.add("1.png", seed: 50)
        #expect(Self.counts(try await album.index()) == [0, 1, 2, 0, 0, 0])
        let after = try await album.stored()
        #expect(after["0.png"] == before["0.png"] && after["1.png"] != before["1.png"])
        // What it was before, no item uses any more.
        #expect(try await album.store.info().vectors == 4)
        let dropped = try await album.store.compact()
        #expect(dropped.items == 0 && dropped.vectors == 1)
        #expect(try await album.stored() == after)
    }

    @Test func aChangeThatTheTimeHidesIsFound() async throws {
        let album = try await Album()
        let path = try album.directory.write(bitmap(red: 200, green: 0, blue: 0), to: "pictures/a.bmp")
        var status = stat()
        stat(path, &status)
        _ = try await album.index()
        let before = try await album.stored()["a.bmp"]
        // Written again within the same step of the file system's clock, as it were: same size, same time.
        try album.directory.write(bitmap(red: 0, green: 200, blue: 90), to: "pictures/a.bmp")
        utimensat(AT_FDCWD, path, [status.st_mtim, status.st_mtim], 0)
        #expect(Self.counts(try await album.index()) == [0, 1, 0, 0, 0, 0])
        #expect(try await album.stored()["a.bmp"] != before)
    }

    @Test func aMovedFileKeepsItsEmbedding() async throws {
        let album = try await Album()
        try album.add(count: 4)
        _ = try await album.index()
        let (vectors, stored) = (try album.vectors(), try await album.stored())
        try album.directory.makeFolder("pictures/folder")
        try FileManager.default.moveItem(
            atPath: "\(album.images)/2.png", toPath: "\(album.images)/folder/moved.png")
        let summary = try await album.index()
        #expect(Self.counts(summary) == [0, 0, 3, 0, 0, 0] && summary.moved == 1)
        // The same rows with the same bytes: nothing was embedded.
        #expect(try album.vectors() == vectors)
        #expect(try await album.stored()["folder/moved.png"] == stored["2.png"])
        #expect(try await album.found() == ["0.png", "1.png", "3.png", "folder/moved.png"])
    }

    @Test(arguments: [1, 2, 16])
    func copiesShareAnEmbedding(batchSize: Int) async throws {
        let album = try await Album(batchSize: batchSize)
        try album.add("a.png", seed: 1)
        try album.add("b.png", seed: 1)
        #expect(Self.counts(try await album.index()) == [2, 0, 0, 0, 1, 0])
        try album.add("c.png", seed: 1)
        #expect(Self.counts(try await album.index()) == [1, 0, 2, 0, 1, 0])
        let info = try await album.store.info()
        #expect(info.count == 3 && info.vectors == 1)
        #expect(try await album.found() == ["a.png", "b.png", "c.png"])
    }

    @Test func aFileThatTakesAnothersContentReusesIt() async throws {
        let album = try await Album()
        try album.add(count: 2)
        _ = try await album.index()
        try album.add("1.png", seed: 0)
        #expect(Self.counts(try await album.index()) == [0, 1, 1, 0, 1, 0])
    }

    @Test func aVanishedFileIsNotFoundAndComesBack() async throws {
        let album = try await Album()
        try album.add(count: 3)
        _ = try await album.index()
        let before = try album.vectors()
        unlink("\(album.images)/1.png")
        #expect(Self.counts(try await album.index()) == [0, 0, 2, 1, 0, 0])
        #expect(try await album.found() == ["0.png", "2.png"])
        var info = try await album.store.info()
        #expect(info.count == 2 && info.missing == 1 && info.vectors == 3)
        // Once marked, it is not counted again.
        #expect(Self.counts(try await album.index()) == [0, 0, 2, 0, 0, 0])

        try album.add("1.png", seed: 1)
        #expect(Self.counts(try await album.index()) == [1, 0, 2, 0, 1, 0])
        #expect(try album.vectors() == before)
        info = try await album.store.info()
        #expect(info.count == 3 && info.missing == 0)

        unlink("\(album.images)/1.png")
        _ = try await album.index()
        let dropped = try await album.store.compact()
        #expect(dropped.items == 1 && dropped.vectors == 1)
        try album.add("1.png", seed: 1)
        #expect(Self.counts(try await album.index()) == [1, 0, 2, 0, 0, 0])
    }

    @Test func onlyWhatLiesUnderTheRootsVanishes() async throws {
        let album = try await Album()
        for folder in ["a", "ab", "a b"] {
            try album.directory.makeFolder("pictures/\(folder)")
            try album.add("\(folder)/x.png", seed: UInt64(folder.utf8.count))
        }
        _ = try await album.index()
        for folder in ["a", "ab", "a b"] { unlink("\(album.images)/\(folder)/x.png") }
        // Without it, an empty folder would pass for a drive that is not there.
        var indexer = Indexer(store: album.store, model: album.model)
        indexer.acceptsEmptyRoots = true
        let summary = try await indexer.index(["\(album.images)/a"])
        #expect(Self.counts(summary) == [0, 0, 0, 1, 0, 0])
        #expect(try await album.found() == ["a b/x.png", "ab/x.png"])
    }

    @Test func aFileThatBecameAFolderHasVanished() async throws {
        let album = try await Album()
        try album.add("a.png", seed: 1)
        _ = try await album.index()
        unlink("\(album.images)/a.png")
        try album.directory.makeFolder("pictures/a.png")
        var indexer = Indexer(store: album.store, model: album.model)
        indexer.acceptsEmptyRoots = true
        #expect(Self.counts(try await indexer.index([album.images])) == [0, 0, 0, 1, 0, 0])
    }

    @Test func corruptFilesAreSkippedUntilTheyAreRepaired() async throws {
        let album = try await Album()
        try album.add(count: 5)
        let whole = try album.directory.bytes("pictures/2.png")
        try album.directory.write(Array(whole.prefix(60)), to: "pictures/2.png")
        try album.directory.write("no image", to: "pictures/3.png")
        try album.directory.write("", to: "pictures/4.png")
        for added in [2, 0] {
            let summary = try await album.index()
            #expect(Self.counts(summary) == [added, 0, 2 - added, 0, 0, 3])
            #expect(summary.skipped.map(\.path) == [2, 3, 4].map { "\(album.images)/\($0).png" })
            #expect(summary.skipped.allSatisfy { !$0.reason.isEmpty && !$0.reason.contains("\n") })
        }
        try album.directory.write(whole, to: "pictures/2.png")
        #expect(Self.counts(try await album.index()) == [1, 0, 2, 0, 0, 2])
    }

    @Test func removedItemsComeBackWithTheNextRun() async throws {
        let album = try await Album()
        try album.directory.makeFolder("pictures/x%_y")
        try album.add(count: 4)
        try album.add("x%_y/5.png", seed: 5)
        try album.directory.makeFolder("pictures/xaby")
        try album.add("xaby/6.png", seed: 6)
        _ = try await album.index()
        #expect(try await album.store.remove(idsOrPaths: ["\(album.images)/0.png", "2", "none", "999"]) == 2)
        #expect(try await album.store.remove(idsOrPaths: ["\(album.images)/x%_y"]) == 1)
        #expect(try await album.found().contains("xaby/6.png"))
        #expect(try await album.store.info().count == 3)
        // Nothing is left of their contents that could be used again.
        #expect(Self.counts(try await album.index()) == [3, 0, 3, 0, 0, 0])
        await #expect(throws: StoreError.self) { try await album.store.remove(idsOrPaths: ["1", ""]) }
        #expect(try await album.store.info().count == 6)
        #expect(try await album.store.remove(idsOrPaths: ["/"]) == 6)
    }

    @Test func emptyFoldersGiveEmptyRuns() async throws {
        let album = try await Album()
        #expect(Self.counts(try await album.index()) == [0, 0, 0, 0, 0, 0])
        let none = try await Indexer(store: album.store, model: album.model).index([])
        #expect(Self.counts(none) == [0, 0, 0, 0, 0, 0])
    }

    @Test func rootsThatAreMissingAreErrors() async throws {
        let album = try await Album()
        try album.add(count: 1)
        for root in ["\(album.images)/none", "", "/none/such", "a\0b"] {
            let error = await #expect(throws: StoreError.self) {
                try await Indexer(store: album.store, model: album.model).index([album.images, root])
            }
            #expect(error?.kind == .missing && error?.description.contains("\n") == false)
        }
        #expect(try await album.store.info().count == 0)
    }

    @Test func overlappingRootsAreWalkedOnce() async throws {
        let album = try await Album()
        try album.directory.makeFolder("pictures/a/b")
        try album.directory.makeFolder("pictures/ab")
        try album.add("a/b/1.png", seed: 1)
        try album.add("ab/2.png", seed: 2)
        symlink(album.images, album.directory.path("link"))
        let roots = [
            "\(album.images)/a/b/1.png", "\(album.images)/a/b", "\(album.images)/a", "\(album.images)/ab",
            "\(album.images)/a/../a/b/", album.directory.path("link/a"),
        ]
        for order in [roots, roots.reversed()] {
            let summary = try await Indexer(store: album.store, model: album.model).index(order)
            #expect(summary.added + summary.unchanged == 2)
        }
    }

    @Test func aStoreThatIsBeingIndexedIsBusy() async throws {
        let album = try await Album()
        try album.add(count: 1)
        // As another process holds it: the lock belongs to the open file, not to the process.
        let descriptor = open(album.directory.path("store/index.lock"), O_RDWR | O_CREAT, 0o644)
        #expect(flock(descriptor, LOCK_EX) == 0)
        let busy = await #expect(throws: StoreError.self) { try await album.index() }
        #expect(busy?.kind == .busy && busy?.description.contains("another process") == true)
        let compacting = await #expect(throws: StoreError.self) { try await album.store.compact() }
        #expect(compacting?.kind == .busy)
        // Searching and looking are free.
        #expect(try await album.found() == [])
        close(descriptor)
        #expect(try await album.index().added == 1)
    }
}
