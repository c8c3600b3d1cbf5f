import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// What `repair` makes again, what it leaves, and that indexing does the rest.
@Suite struct RepairTests {
    /// An album with captions and attributes, its store closed behind it.
    static func album() async throws -> Album {
        let album = try await Album()
        try album.add(count: 12)
        _ = try await album.index()
        #expect(try await album.store.verify() == [])
        return album
    }

    static func repair(_ album: Album) async throws -> StoreRepair {
        try await EmbeddedStore.repair(at: album.store.directory)
    }

    @Test func aSoundStoreStaysAsItIs() async throws {
        let album = try await Self.album()
        let result = try await Self.repair(album)
        #expect(result.mended == [] && result.problems == [])
    }

    /// Damage that the rest of the store mends, and a word of the line that says so.
    @Test(arguments: [
        ("UPDATE meta SET value = '9' WHERE key = 'space'", "current space"),
        ("DELETE FROM meta WHERE key = 'space'", "current space"),
        ("DELETE FROM attributes", "filters look up about 12 items"),
        ("DELETE FROM captions", "filters look up about 12 items"),
        ("INSERT INTO attributes (name, value, item) VALUES ('size', 'x', 1)", "filters look up about 1 item (1)"),
        ("INSERT INTO parts (id, asset, kind) VALUES (900, 800, 0)", "1 part (900)"),
        (
            "INSERT INTO annotations (part, task, revision, author, time, how) VALUES (900, 't', 1, 'a', 0, 'typed')",
            "1 annotation (1)"
        ),
        (
            "INSERT INTO embeddings_1 (id, asset, part, vector) SELECT 900, 800, 800, vector FROM embeddings_1 WHERE id = 1",
            "1 embedding (900)"
        ),
    ])
    func mends(sql: String, saying words: String) async throws {
        let album = try await Self.album()
        for id in 1...12 {
            try album.sql("UPDATE items SET caption = 'a cat', attributes = '{\"n\":\(id)}' WHERE id = \(id)")
        }
        _ = try await Self.repair(album)
        let before = try await album.store.places(
            after: nil, limit: 99, filter: try Filter("caption matches 'cat' and n > 0"))
        #expect(before.count == 12)
        try album.sql("" + sql)
        let result = try await Self.repair(album)
        #expect(result.problems == [] && result.mended.count == 1, "\(result)")
        #expect(result.mended.contains { $0.contains(words) }, "\(result.mended)")
        let store = try await EmbeddedStore.open(at: album.store.directory)
        #expect(try await store.verify() == [])
        let filter = try Filter("caption matches 'cat' and n > 0")
        #expect(try await store.places(after: nil, limit: 99, filter: filter) == before)
    }

    /// Damage of which indexing has to read files again.
    @Test(arguments: [
        "UPDATE embeddings_1 SET vector = zeroblob(96) WHERE id = 3", "DELETE FROM embeddings_1 WHERE id = 3",
        "DELETE FROM parts WHERE id = 3", "UPDATE items SET size = 'large' WHERE id = 3",
        "UPDATE items SET modified = 1e300, missing_since = 'x' WHERE id = 3",
        "DELETE FROM assets WHERE id = 3",
    ])
    func indexingDoesTheRest(sql: String) async throws {
        let album = try await Self.album()
        let query = try await album.store.items(ids: ["3"])[0].1
        try album.sql("" + sql)
        #expect(try await album.store.verify() != [], "verify does not see it")
        _ = try await Self.repair(album)
        let store = try await EmbeddedStore.open(at: album.store.directory)
        _ = try await Indexer(store: store, model: album.model).index([album.images])
        #expect(try await store.verify() == [])
        let best = try #require(try await store.search(query, limit: 1).first)
        #expect(best.similarity > 0.9999 && best.id == "3")
    }

    @Test func anEmptyTableOfASpaceIsMadeAgain() async throws {
        let album = try await Self.album()
        try album.sql("DROP TABLE embeddings_1")
        let result = try await Self.repair(album)
        #expect(result.mended.contains { $0.contains("embeddings_1") })
        #expect(result.problems.count == 12 && result.problems.allSatisfy { $0.contains("has no embedding") })
        let store = try await EmbeddedStore.open(at: album.store.directory)
        _ = try await Indexer(store: store, model: album.model).index([album.images])
        #expect(try await store.verify() == [])
    }

    /// Tables, indices and triggers that are gone: what follows from the rest is there again.
    @Test(arguments: [
        "DROP INDEX items_by_path", "DROP INDEX embeddings_1_by_part", "DROP TRIGGER item_deleted",
        "DROP TRIGGER embeddings_1_removed", "DROP TABLE notes", "DROP TABLE attributes", "DROP TABLE captions",
        "DROP TABLE annotations",
    ])
    func whatIsMissingIsMadeAgain(sql: String) async throws {
        let album = try await Self.album()
        let name = sql.split(separator: " ")[2]
        try album.sql(sql)
        #expect(try await album.store.verify().contains { $0.contains("\(name) is missing") })
        let result = try await Self.repair(album)
        #expect(result.mended.contains { $0.contains(name) } && result.problems == [], "\(result)")
        let store = try await EmbeddedStore.open(at: album.store.directory)
        try album.add(count: 2)
        _ = try await Indexer(store: store, model: album.model).index([album.images])
        #expect(try await store.verify() == [])
    }

    /// What searches and indexing would stumble over is named, with its table, row and column.
    @Test(arguments: [
        ("UPDATE items SET path = x'ff00fe' WHERE id = 1", "items 1: its path"),
        ("UPDATE items SET caption = x'ff' WHERE id = 2", "items 2: its caption"),
        ("UPDATE items SET added = 'x' WHERE id = 3", "items 3: its added"),
        ("UPDATE items SET size = 'large' WHERE id = 3", "items 3: its size"),
        ("UPDATE assets SET width = 'wide' WHERE id = 4", "assets 4: its width"),
        ("UPDATE assets SET taken = 'x' WHERE id = 4", "assets 4: its taken"),
        ("UPDATE parts SET x = 'x' WHERE id = 5", "parts 5: its x"),
        ("UPDATE parts SET kind = 7 WHERE id = 5", "part 5"),
        ("UPDATE spaces SET preprocessing = '{'", "the space"),
    ])
    func wrongKindsAreNamed(sql: String, saying words: String) async throws {
        let album = try await Self.album()
        try album.sql(sql)
        let problems = try await album.store.verify()
        #expect(problems.contains { $0.hasPrefix(words) }, "\(problems)")
    }

    @Test func aWholeOfAnotherKindIsMended() async throws {
        let album = try await Self.album()
        try album.sql("UPDATE parts SET kind = 7 WHERE id = 5")
        let result = try await Self.repair(album)
        #expect(result.mended.count == 1 && result.problems == [], "\(result)")
    }

    /// Attributes that cannot be read are named, and what filters look up, the only good copy, is left.
    @Test func brokenAttributesKeepWhatFiltersLookUp() async throws {
        let album = try await Self.album()
        try album.sql("UPDATE items SET attributes = '{\"n\":7}' WHERE id = 2")
        _ = try await Self.repair(album)
        try album.sql("UPDATE items SET attributes = '{{{' WHERE id = 2")
        let result = try await Self.repair(album)
        #expect(result.problems.contains { $0.contains("item 2") && $0.contains("cannot be read") })
        #expect(try album.strings("SELECT value FROM attributes WHERE name = 'n'") == ["7"])
    }

    @Test(arguments: [
        ("DELETE FROM meta WHERE key = 'version'", "does not say the version"),
        ("UPDATE meta SET value = '-3' WHERE key = 'version'", "'-3'"),
        ("UPDATE meta SET value = 'x' WHERE key = 'version'", "'x'"),
    ])
    func aVersionThatIsNotSaidIsWrittenAgain(sql: String, saying words: String) async throws {
        let album = try await Self.album()
        try album.sql(sql)
        let error = try await #require(throws: StoreError.self) {
            try await EmbeddedStore.open(at: album.store.directory)
        }
        #expect(error.kind == .damaged && error.reason.contains(words) && error.reason.contains("--repair"), "\(error)")
        let result = try await Self.repair(album)
        #expect(result.mended == ["wrote the version of the format again: 5"] && result.problems == [], "\(result)")
    }

    /// Nobody knows any more which model it was: indexing makes a space, and embeds all images again.
    @Test func aSpaceThatIsGoneIsMadeByIndexing() async throws {
        let album = try await Self.album()
        try album.sql("DELETE FROM spaces")
        let error = try await #require(throws: StoreError.self) {
            try await EmbeddedStore.open(at: album.store.directory)
        }
        #expect(error.kind == .damaged && error.reason.contains("number 1"), "\(error)")
        #expect(error.reason.contains("diptych index"), "\(error)")
        let store = try await EmbeddedStore.open(at: album.store.directory, for: album.model)
        _ = try await Indexer(store: store, model: album.model).index([album.images])
        #expect(try await store.verify() == [])
        #expect(try await store.info().vectors == 12)
    }

    @Test func aTextWithoutEmbeddingSaysHowItIsIndexed() async throws {
        let album = try await Self.album()
        let file = try album.directory.write("a cat\n", to: "words.txt")
        let indexer = Indexer(store: album.store, model: album.model)
        _ = try await indexer.index(texts: [TextInput(path: file + "#1", text: "a cat")], of: file)
        try album.sql("DELETE FROM embeddings_1 WHERE asset IN (SELECT id FROM assets WHERE kind = 'text')")
        let problems = try await album.store.verify()
        #expect(problems.count == 1 && problems[0].contains("`index --texts`"), "\(problems)")
    }

    @Test func whatCannotBeMendedIsListed() async throws {
        let album = try await Self.album()
        try album.sql("UPDATE items SET root = 77 WHERE id = 4")
        let result = try await Self.repair(album)
        #expect(result.mended == [] && result.problems.count == 1)
        #expect(result.problems.allSatisfy { $0.contains("item 4") && $0.contains("no root") })
    }

    @Test func indicesAreMadeAgain() async throws {
        let album = try await Self.album()
        // An index without its entries: what is damaged in files, and no statement can do but this.
        try album.sql(
            "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = sql || ' WHERE 0' WHERE name = 'items_by_added'; PRAGMA writable_schema = RESET; DELETE FROM items WHERE 0; REINDEX items_by_added; PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, ' WHERE 0', '') WHERE name = 'items_by_added'; PRAGMA writable_schema = RESET"
        )
        #expect(try await album.store.verify().contains { $0.contains("items_by_added") })
        let result = try await Self.repair(album)
        #expect(result.mended == ["made the indices of the database again"] && result.problems == [])
    }
}
