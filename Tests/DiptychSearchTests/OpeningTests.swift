import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import GRDB
import Testing

/// What becomes a store, what is one, and what is refused.
@Suite struct OpeningTests {
    /// What opening `directory` for the small model says.
    static func refusal(_ directory: URL, orientation: Bool? = nil) async throws -> StoreError {
        let model = try await TinyModel.load()
        let error = try await #require(throws: StoreError.self) {
            try await EmbeddedStore.open(at: directory, for: model, appliesOrientation: orientation)
        }
        #expect(error.path == directory.path && !error.description.contains("\n"), "\(error)")
        return error
    }

    @Test func newDirectoriesBecomeStores() async throws {
        let directory = try TemporaryDirectory()
        let model = try await TinyModel.load()
        try directory.makeFolder("empty")
        for name in ["new", "empty", "some/way/down", "with space\nand 雪"] {
            let store = try await EmbeddedStore.open(at: directory.url.appendingPathComponent(name), for: model)
            let info = try await store.info()
            #expect(info.count == 0 && info.missing == 0 && info.vectors == 0 && info.dimension == 24)
            let fingerprint = await model.fingerprint()
            #expect(info.model == "tiny-clip" && info.fingerprint == fingerprint)
            #expect(info.appliesOrientation && info.bytes > 0)
            #expect(abs(info.created - Date().timeIntervalSince1970) < 60)
        }
    }

    @Test func storesAreFoundAgain() async throws {
        let album = try await Album()
        try album.add(count: 3)
        _ = try await album.index()
        let before = try await album.stored()
        for _ in 0..<2 {
            let store = try await EmbeddedStore.open(at: album.store.directory, for: album.model)
            #expect(try await store.info().count == 3)
            let plain = try await EmbeddedStore.open(at: album.store.directory)
            #expect(plain.dimension == 24 && plain.appliesOrientation)
            var items = 0
            try await plain.forEachItem { item, embedding in
                items += 1
                #expect(before[String(item.path.dropFirst(album.images.count + 1))] == embedding)
                #expect(item.attributes.width == 24 && item.attributes.height == 20 && item.attributes.bytes > 50)
            }
            #expect(items == 3)
        }
    }

    @Test func twoMayMakeOneStoreAtOnce() async throws {
        let directory = try TemporaryDirectory()
        let (model, url) = (try await TinyModel.load(), directory.url.appendingPathComponent("store"))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { try await EmbeddedStore.open(at: url, for: model).info().count }
            }
            for try await count in group { #expect(count == 0) }
        }
    }

    @Test func anotherModelIsRefusedByBothNames() async throws {
        let album = try await Album()
        let copy = try TinyModel.other()
        let other = try await CLIPModel.load(copy.path)
        let error = try await #require(throws: StoreError.self) {
            try await EmbeddedStore.open(at: album.store.directory, for: other)
        }
        #expect(error.kind == .otherModel)
        for word in ["'tiny-clip'", "'\(other.name)'", album.store.directory.path] {
            #expect(error.description.contains(word), "\(error)")
        }
        // Nor does an indexer take it, whichever way the store was opened.
        try album.add(count: 1)
        let plain = try await EmbeddedStore.open(at: album.store.directory)
        let refused = await #expect(throws: StoreError.self) {
            try await Indexer(store: plain, model: other).index([album.images])
        }
        #expect(refused?.kind == .otherModel)
        #expect(try await plain.info().count == 0)
    }

    @Test func otherPreprocessingIsRefused() async throws {
        let copy = try TinyModel.copy()
        let url = copy.url.appendingPathComponent("store")
        _ = try await EmbeddedStore.open(at: url, for: CLIPModel.load(copy.path))
        _ = try await EmbeddedStore.open(at: url, for: CLIPModel.load(copy.path))
        try copy.changeJSON("preprocessor_config.json") { $0["image_mean"] = [0.5, 0.5, 0.5] }
        let error = await #expect(throws: StoreError.self) {
            try await EmbeddedStore.open(at: url, for: CLIPModel.load(copy.path))
        }
        #expect(error?.kind == .otherModel && error?.description.contains("preprocess") == true)
    }

    @Test func otherOrientationIsRefused() async throws {
        let directory = try TemporaryDirectory()
        let (model, url) = (try await TinyModel.load(), directory.url.appendingPathComponent("store"))
        let store = try await EmbeddedStore.open(at: url, for: model, appliesOrientation: false)
        #expect(!store.appliesOrientation)
        #expect(try await !EmbeddedStore.open(at: url, for: model).appliesOrientation)
        #expect(try await !EmbeddedStore.open(at: url, for: model, appliesOrientation: false).appliesOrientation)
        let error = try await Self.refusal(url, orientation: true)
        #expect(error.kind == .otherModel && error.description.contains("orientation"))
    }

    @Test func otherDecodingIsRefused() async throws {
        let directory = try TemporaryDirectory()
        let (model, url) = (try await TinyModel.load(), directory.url.appendingPathComponent("store"))
        let store = try await EmbeddedStore.open(at: url, for: model, decode: .fast)
        let info = try await store.info()
        #expect(store.decode == .fast && info.decode == .fast)
        #expect(try await EmbeddedStore.open(at: url, for: model).decode == .fast)
        #expect(try await EmbeddedStore.open(at: url, for: model, decode: .fast).decode == .fast)
        func change(_ statement: String) async throws {
            let path = url.appendingPathComponent("store.sqlite").path
            try await DatabaseQueue(path: path).write { try $0.execute(sql: statement) }
        }
        let error = try await #require(throws: StoreError.self) {
            try await EmbeddedStore.open(at: url, for: model, decode: .exact)
        }
        #expect(error.kind == .otherModel && error.description.contains("--decode fast"))
        // One that names another way is not opened.
        try await change("UPDATE spaces SET decode = 'dreamt'")
        let unknown = try await #require(throws: StoreError.self) { try await EmbeddedStore.open(at: url) }
        #expect(unknown.kind == .notAStore && unknown.description.contains("dreamt"))
    }

    @Test func otherThingsAreRefused() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("text", to: "file")
        #expect(try await Self.refusal(URL(fileURLWithPath: file)).kind == .notAStore)
        #expect(try await Self.refusal(URL(fileURLWithPath: file + "/below")).kind == .inputOutput)

        try directory.makeFolder("full")
        try directory.write("text", to: "full/notes.txt")
        #expect(try await Self.refusal(directory.url.appendingPathComponent("full")).kind == .notAStore)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("full")) == ["notes.txt"])

        for (name, bytes) in [("text", "text"), ("long", String(repeating: "no database ", count: 1000))] {
            try directory.makeFolder(name)
            try directory.write(bytes, to: "\(name)/store.sqlite")
            #expect(try await Self.refusal(directory.url.appendingPathComponent(name)).kind == .damaged)
            #expect(try directory.bytes("\(name)/store.sqlite") == Array(bytes.utf8))
        }
        try directory.makeFolder("folder/store.sqlite")
        #expect(try await Self.refusal(directory.url.appendingPathComponent("folder")).kind == .inputOutput)
    }

    @Test func otherDatabasesAreRefusedAndLeftAlone() async throws {
        for statement in ["CREATE TABLE songs (title TEXT)", "CREATE TABLE meta (key TEXT, value TEXT)"] {
            let directory = try TemporaryDirectory()
            let path = directory.path("store.sqlite")
            try await DatabaseQueue(path: path).write { try $0.execute(sql: statement) }
            #expect(try await Self.refusal(directory.url).kind == .notAStore)
            let tables = try await DatabaseQueue(path: path).read { db in
                try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master WHERE type = 'table'")
            }
            #expect(tables == 1)
        }
    }

    @Test func newerFormatsAreRefused() async throws {
        let album = try await Album()
        try album.sql("UPDATE meta SET value = '99' WHERE key = 'version'")
        let error = try await Self.refusal(album.store.directory)
        #expect(error.kind == .notAStore && error.description.contains("newer"))
        await #expect(throws: StoreError.self) { try await EmbeddedStore.open(at: album.store.directory) }
    }

    @Test(arguments: ["0", "-24", "x", "9223372036854775807", "99999999999999999999"])
    func impossibleDimensionsAreRefused(dimension: String) async throws {
        let album = try await Album()
        try album.sql("UPDATE spaces SET dimension = ?", dimension)
        #expect(try await Self.refusal(album.store.directory).kind == .damaged)
    }

    @Test func missingStoresAreNotMade() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("text", to: "file")
        for url in [directory.url, directory.url.appendingPathComponent("none"), URL(fileURLWithPath: file)] {
            let error = await #expect(throws: StoreError.self) { try await EmbeddedStore.open(at: url) }
            #expect(error?.kind == .missing && error?.path == url.path)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["file"])
    }

    @Test(.enabled(if: getuid() != 0, "no mode keeps root out"))
    func readOnlyDirectoriesAreRefused() async throws {
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o555)
        defer { chmod(directory.path, 0o755) }
        #expect(try await Self.refusal(directory.url).kind == .inputOutput)
        #expect(try await Self.refusal(directory.url.appendingPathComponent("store")).kind == .inputOutput)
    }

    @Test func aDirectoryThatNoOneMayWriteIsRefused() async throws {
        // Not even root makes files here.
        #expect(try await Self.refusal(URL(fileURLWithPath: "/proc/diptych-store")).kind == .inputOutput)
    }

    /// A reader without permission to write cannot follow what others write: it says so, rather than give a mixture.
    @Test func whatIsWrittenAfterOpeningForReadingIsNoticed() async throws {
        let album = try await Album()
        try album.add(count: 3)
        _ = try await album.index()
        _ = try await album.store.compact()
        let reader = try await EmbeddedStore.open(toRead: album.store.directory)
        #expect(reader.isReadOnly)
        #expect(try await reader.places(after: nil, limit: 9, filter: nil).count == 3)
        await #expect(throws: StoreError.self) { try await reader.remove(idsOrPaths: ["1"]) }
        try album.add(count: 5)
        _ = try await album.index()
        let error = await #expect(throws: StoreError.self) {
            try await reader.places(after: nil, limit: 9, filter: nil)
        }
        #expect(error?.kind == .busy, "\(error?.description ?? "")")
        // What is opened now sees it: the log is there to be read.
        let other = try await EmbeddedStore.open(toRead: album.store.directory)
        #expect(try await other.places(after: nil, limit: 9, filter: nil).count == 5)
        try album.add(count: 6)
        _ = try await album.index()
        #expect(try await other.places(after: nil, limit: 9, filter: nil).count == 6)
    }
}
