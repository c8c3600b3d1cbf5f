import Diptych
import DiptychMedia
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Files that move, drives that are not there, and what is written beside images.
@Suite struct VanishedTests {
    private static func items(_ album: Album) async throws -> [String: StoredItem] {
        var items: [String: StoredItem] = [:]
        try await album.store.forEachItem { item, _ in
            items[item.path.split(separator: "/").last.map(String.init) ?? ""] = item
        }
        return items
    }

    private static func move(_ album: Album, _ old: String, _ new: String) throws {
        try FileManager.default.moveItem(atPath: album.directory.path(old), toPath: album.directory.path(new))
    }

    @Test func aRenamedFolderKeepsItsItems() async throws {
        let album = try await Album()
        try album.add(count: 6)
        try album.add("copy.png", seed: 0)
        _ = try await Indexer(store: album.store, model: album.model).index(
            inputs: [
                .success(
                    IndexInput(
                        path: album.directory.path("pictures/3.png"), source: .file("\(album.images)/3.png"),
                        caption: "mine"))
            ])
        _ = try await album.index()
        let before = try await Self.items(album)
        try Self.move(album, "pictures", "elsewhere")
        let summary = try await Indexer(store: album.store, model: album.model).index([
            album.directory.path("elsewhere")
        ])
        #expect(summary.moved == 7 && summary.added == 0 && summary.removed == 0 && summary.reused == 0)
        let after = try await Self.items(album)
        #expect(after.count == 7 && after.mapValues(\.id) == before.mapValues(\.id))
        #expect(after.values.allSatisfy { !$0.missing && $0.path.hasPrefix(album.directory.path("elsewhere/")) })
        #expect(after["3.png"]?.attributes.caption == "mine")
    }

    @Test func aCopyIsNoMove() async throws {
        let album = try await Album()
        try album.add("a.png", seed: 1)
        _ = try await album.index()
        try album.add("b.png", seed: 1)
        let summary = try await album.index()
        #expect(summary.moved == 0 && summary.added == 1 && summary.reused == 1)
        #expect(try await album.found() == ["a.png", "b.png"])
    }

    /// What comes from archives and URLs has no file that could be gone.
    @Test func onlyFilesMove() async throws {
        let album = try await Album()
        let bytes = try album.directory.bytes(
            album.add("a.png", seed: 1).replacing(album.directory.path + "/", with: ""))
        _ = try await Indexer(store: album.store, model: album.model).index(
            inputs: [.success(IndexInput(path: "https://host/a.png", source: .bytes { _ in bytes }))])
        let summary = try await album.index()
        #expect(summary.moved == 0 && summary.added == 1)
    }

    @Test func anEmptyRootIsRefused() async throws {
        let album = try await Album()
        try album.add(count: 3)
        _ = try await album.index()
        try Self.move(album, "pictures", "away")
        try album.directory.makeFolder("pictures/below")
        var indexer = Indexer(store: album.store, model: album.model)
        for prunes in [false, true] {
            indexer.dropsVanished = prunes
            let error = await #expect(throws: VanishedImages.self) { try await indexer.index([album.images]) }
            #expect(error?.kind == .isEmpty(held: 3) && error?.path == album.images)
        }
        #expect(try await album.found().count == 3)
        indexer.acceptsEmptyRoots = true
        #expect(try await indexer.index([album.images]).removed == 3)
        // Empty from now on: there is nothing left to lose.
        indexer.acceptsEmptyRoots = false
        #expect(try await indexer.index([album.images]).removed == 0)
    }

    @Test func aMissingRootMayBeGoneForGood() async throws {
        let album = try await Album()
        try album.add(count: 3)
        _ = try await album.index()
        try FileManager.default.removeItem(atPath: album.images)
        var indexer = Indexer(store: album.store, model: album.model)
        await #expect(throws: StoreError.self) { try await indexer.index([album.images]) }
        #expect(try await album.store.info().count == 3)
        indexer.acceptsEmptyRoots = true
        #expect(try await indexer.index([album.images]).removed == 3)
    }

    /// Most of a large folder is gone: that is asked about before it is dropped, not before it is marked.
    @Test func largeLossesAreAskedAbout() async throws {
        let album = try await Album(batchSize: 16)
        try album.add(count: 201)
        _ = try await album.index()
        for number in 0..<101 { try FileManager.default.removeItem(atPath: "\(album.images)/\(number).png") }
        var indexer = Indexer(store: album.store, model: album.model)
        indexer.dropsVanished = true
        let error = await #expect(throws: VanishedImages.self) { try await indexer.index([album.images]) }
        #expect(error?.kind == .mostly(vanished: 101, of: 201, isOtherDevice: false))
        #expect(try await album.store.info().missing == 0)
        indexer.dropsVanished = false
        #expect(try await indexer.index([album.images]).removed == 101)
        // Those that are only marked count as well.
        indexer.dropsVanished = true
        await #expect(throws: VanishedImages.self) { try await indexer.index([album.images]) }
        indexer.acceptsVanished = true
        #expect(try await indexer.index([album.images]).removed == 0)
    }

    /// What the last run noted says that a drive was mounted on a folder, and on which device the root was.
    @Test func otherDrivesAreNoticed() async throws {
        let album = try await Album()
        try album.directory.makeFolder("pictures/nas")
        try album.add(count: 3)
        try album.add("nas/4.png", seed: 4)
        _ = try await album.index()
        let note = try #require(try await album.store.note("roots"))
        #expect(String(decoding: note, as: UTF8.self).contains(album.images.replacing("/", with: "\\/")))
        try FileManager.default.removeItem(atPath: "\(album.images)/nas/4.png")
        func set(devices: [String: Int], mounts: [String]) async throws {
            let noted = try JSONSerialization.data(withJSONObject: ["devices": devices, "mounts": mounts])
            try await album.store.setNote("roots", noted)
        }
        let indexer = Indexer(store: album.store, model: album.model)
        try await set(devices: [:], mounts: ["\(album.images)/nas"])
        let error = await #expect(throws: VanishedImages.self) { try await indexer.index([album.images]) }
        #expect(error?.kind == .notMounted(held: 1) && error?.path == "\(album.images)/nas")
        // Another device alone says nothing: numbers change when a system starts again.
        try await set(devices: [album.images: 1], mounts: [])
        #expect(try await indexer.index([album.images]).removed == 1)
        for number in 0..<2 { try FileManager.default.removeItem(atPath: "\(album.images)/\(number).png") }
        try await set(devices: [album.images: 1], mounts: [])
        let other = await #expect(throws: VanishedImages.self) { try await indexer.index([album.images]) }
        #expect(other?.kind == .mostly(vanished: 3, of: 4, isOtherDevice: true))
    }

    @Test func whatIsExcludedLaterIsFoundNoLonger() async throws {
        let album = try await Album()
        try album.add(count: 3)
        _ = try await album.index()
        var indexer = Indexer(store: album.store, model: album.model)
        indexer.rules = FolderRules(excluding: [try #require(FolderPattern("1.png"))])
        #expect(try await indexer.index([album.images]).removed == 1)
        #expect(try await album.found() == ["0.png", "2.png"])
        // A file that is named itself is in no folder.
        #expect(try await indexer.index(["\(album.images)/1.png"]).added == 1)
    }

    private static func xmp(_ caption: String, rating: Int) -> String {
        """
        <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
          xmlns:exif="http://ns.adobe.com/exif/1.0/" xmp:Rating="\(rating)" exif:GPSLatitude="10,30N" exif:GPSLongitude="20,15W">
        <dc:description><rdf:Alt><rdf:li xml:lang="x-default">\(caption)</rdf:li></rdf:Alt></dc:description>
        <dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>sky</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>
        """
    }

    /// A sidecar is read with its image, and again when it changes, comes or goes, without embedding anything.
    @Test func sidecarsComeAndGo() async throws {
        let album = try await Album()
        for name in ["a.png", "b.png"] { IndexingTests.settle(try album.add(name, seed: name == "a.png" ? 1 : 2)) }
        func write(_ text: String, _ name: String) throws {
            IndexingTests.settle(try album.directory.write(text, to: "pictures/\(name)"), secondsAgo: text.count)
        }
        try write(Self.xmp("a beach", rating: 3), "a.xmp")
        #expect(IndexingTests.counts(try await album.index()) == [2, 0, 0, 0, 0, 0])
        let vectors = try album.vectors()
        var item = try #require(try await Self.items(album)["a.png"])
        #expect(item.attributes.caption == "a beach" && item.attributes.latitude == 10.5)
        #expect(item.attributes.longitude == -20.25 && item.attributes.other["rating"] == .integer(3))
        #expect(item.attributes.other["keywords"] == .list([.text("sea"), .text("sky")]))
        let filter = try Filter("keywords has 'sky' and rating >= 3 and caption matches 'beach'")
        #expect(try await album.store.places(after: nil, limit: 9, filter: filter).count == 1)
        #expect(IndexingTests.counts(try await album.index()) == [0, 0, 2, 0, 0, 0])

        try write(Self.xmp("a beach in winter", rating: 5), "a.xmp")
        try write(Self.xmp("of b", rating: 1), "b.png.xmp")
        #expect(IndexingTests.counts(try await album.index()) == [0, 2, 0, 0, 2, 0])
        item = try #require(try await Self.items(album)["a.png"])
        #expect(item.attributes.caption == "a beach in winter" && item.attributes.other["rating"] == .integer(5))
        // The longer name counts.
        try write(Self.xmp("nobody's", rating: 4), "b.xmp")
        #expect(IndexingTests.counts(try await album.index()) == [0, 0, 2, 0, 0, 0])

        try FileManager.default.removeItem(atPath: "\(album.images)/a.xmp")
        #expect(IndexingTests.counts(try await album.index()) == [0, 1, 1, 0, 1, 0])
        item = try #require(try await Self.items(album)["a.png"])
        #expect(item.attributes.other["rating"] == nil && item.attributes.other["sidecar"] == nil)
        #expect(try await album.found().count == 2)
        #expect(try album.vectors().count == vectors.count)
    }

    /// What a list says about an image replaces what its files say.
    @Test func listsCountBeforeFiles() async throws {
        let album = try await Album()
        let path = try album.add("a.png", seed: 1)
        try album.directory.write(Self.xmp("beside", rating: 3), to: "pictures/a.xmp")
        let input = IndexInput(path: path, source: .file(path), caption: "listed", attributes: ["rating": .integer(1)])
        _ = try await Indexer(store: album.store, model: album.model).index(inputs: [.success(input)])
        let item = try #require(try await Self.items(album)["a.png"])
        #expect(item.attributes.caption == "listed" && item.attributes.other == ["rating": .integer(1)])
    }
}
