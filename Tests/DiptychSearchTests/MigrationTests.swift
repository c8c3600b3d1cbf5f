import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import GRDB
import Testing

/// Stores that an earlier version made.
@Suite struct MigrationTests {
    /// The tables of version 1.
    private static let versionOne = """
        CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE vectors (id INTEGER PRIMARY KEY, content BLOB NOT NULL UNIQUE, embedding BLOB NOT NULL,
            width INTEGER NOT NULL, height INTEGER NOT NULL);
        CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
            modified INTEGER NOT NULL, settled INTEGER NOT NULL, vector INTEGER NOT NULL REFERENCES vectors(id),
            missing_since REAL);
        CREATE INDEX items_by_vector ON items(vector);
        """

    /// The tables of version 3.
    private static let versionThree = """
        CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE vectors (id INTEGER PRIMARY KEY AUTOINCREMENT, content BLOB NOT NULL UNIQUE, embedding BLOB NOT NULL,
            width INTEGER NOT NULL, height INTEGER NOT NULL, type TEXT, taken REAL, camera TEXT, latitude REAL, longitude REAL);
        CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
            modified INTEGER NOT NULL, settled INTEGER NOT NULL, vector INTEGER NOT NULL REFERENCES vectors(id),
            missing_since REAL, added REAL NOT NULL DEFAULT 0, caption TEXT, attributes TEXT);
        CREATE TABLE attributes (name TEXT NOT NULL, value NOT NULL, item INTEGER NOT NULL,
            PRIMARY KEY (name, value, item)) WITHOUT ROWID;
        CREATE INDEX attributes_by_item ON attributes(item);
        CREATE VIRTUAL TABLE captions USING fts5(words, tokenize = 'ascii');
        CREATE TRIGGER item_deleted AFTER DELETE ON items BEGIN DELETE FROM attributes WHERE item = old.id; END;
        CREATE TABLE notes (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX vectors_by_taken ON vectors(taken) WHERE taken IS NOT NULL;
        CREATE INDEX vectors_by_latitude ON vectors(latitude) WHERE latitude IS NOT NULL;
        CREATE INDEX items_by_added ON items(added);
        CREATE INDEX items_by_vector ON items(vector, missing_since, size, modified, added);
        CREATE INDEX items_by_id ON items(id, vector, missing_since);
        CREATE INDEX vectors_by_facts ON vectors(width, height, type, taken, camera, latitude, longitude);
        """

    /// A store of version 1 or 3 with what a new one of the same album holds.
    static func old(of album: Album, version: Int = 1, name: String = "old") throws -> URL {
        let url = album.directory.url.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        let queue = try DatabaseQueue(path: url.appendingPathComponent("store.sqlite").path)
        let isFirst = version == 1
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: isFirst ? versionOne : versionThree)
            try db.execute(sql: "ATTACH ? AS new", arguments: [album.database])
            try db.execute(
                sql: """
                    INSERT INTO main.meta SELECT key, value FROM new.meta WHERE key NOT IN ('space', 'dimension');
                    UPDATE main.meta SET value = '\(version)' WHERE key = 'version';
                    DELETE FROM main.meta WHERE key = 'created';
                    INSERT INTO main.meta SELECT 'model', model FROM new.spaces;
                    INSERT INTO main.meta SELECT 'fingerprint', fingerprint FROM new.spaces;
                    INSERT INTO main.meta SELECT 'model_path', model_path FROM new.spaces;
                    INSERT INTO main.meta SELECT 'dimension', dimension FROM new.spaces;
                    INSERT INTO main.meta SELECT 'preprocessing', preprocessing FROM new.spaces;
                    INSERT INTO main.meta SELECT 'applies_orientation', applies_orientation FROM new.spaces;
                    INSERT INTO main.meta SELECT 'decode', decode FROM new.spaces;
                    INSERT INTO main.meta SELECT 'created', created FROM new.spaces;
                    INSERT INTO main.vectors
                        SELECT assets.id, content, vector, width, height \(isFirst ? "" : ", type, taken, camera, latitude, longitude")
                        FROM new.assets JOIN new.embeddings_1 ON part = assets.id;
                    INSERT INTO main.items
                        SELECT items.id, roots.path || items.path, size, modified, settled, asset, missing_since
                            \(isFirst ? "" : ", added, caption, attributes")
                        FROM new.items JOIN new.roots ON roots.id = items.root;
                    """)
            if !isFirst {
                try db.execute(
                    sql: """
                        INSERT INTO main.attributes SELECT * FROM new.attributes;
                        INSERT INTO main.captions (rowid, words) SELECT rowid, words FROM new.captions;
                        INSERT INTO main.notes SELECT * FROM new.notes;
                        """)
            }
        }
        return url
    }

    @Test func keepsEverything() async throws {
        let album = try await Album()
        try album.add(count: 12)
        _ = try await album.index()
        let url = try Self.old(of: album)
        let query = try await album.model.embed(texts: ["a cat"])[0]
        let expected = try await album.store.search(query, limit: 20).map { [$0.id, $0.path, "\($0.similarity)"] }
        for _ in 0..<2 {
            let store = try await EmbeddedStore.open(at: url)
            #expect(try await store.verify() == [])
            let found = try await store.search(query, limit: 20).map { [$0.id, $0.path, "\($0.similarity)"] }
            #expect(found == expected && found.count == 12)
        }
        // It takes what version 1 could not keep, and nothing is embedded again.
        let store = try await EmbeddedStore.open(at: url, for: album.model)
        let summary = try await Indexer(store: store, model: album.model).index(
            inputs: [
                .success(
                    IndexInput(
                        path: album.images + "/3.png", source: .file(album.images + "/3.png"), caption: "three"))
            ])
        #expect(summary.updated == 1 && summary.reused == 1)
        let three = try await store.places(after: nil, limit: 5, filter: try Filter("caption matches 'three'"))
        #expect(three.map(\.path) == [album.images + "/3.png"])
        #expect(try await store.info().vectors == 12)
    }

    /// Ids, captions, attributes, notes and code files of version 3 stay what they were.
    @Test func theThirdVersionKeepsItsNumbers() async throws {
        let album = try await Album()
        try album.add(count: 12)
        _ = try await album.index()
        let four = album.images + "/4.png"
        _ = try await Indexer(store: album.store, model: album.model).index(inputs: [
            .success(
                IndexInput(
                    path: four, source: .file(four), caption: "a red cat",
                    attributes: ["part": .integer(4), "tags": .list([.text("a"), .text("b")])]))
        ])
        // Numbers that were used once are not used again.
        _ = try await album.store.remove(idsOrPaths: [album.images + "/11.png"])
        let url = try Self.old(of: album, version: 3)
        let store = try await EmbeddedStore.open(at: url)
        #expect(try await store.verify() == [])
        let (old, new) = (
            try await album.store.items(after: nil, limit: 50, filter: nil),
            try await store.items(after: nil, limit: 50, filter: nil)
        )
        #expect(old.map(\.0) == new.map(\.0))
        #expect(old.map(\.1.values) == new.map(\.1.values))
        for filter in ["caption matches 'red'", "part = 4", "tags = 'b'", "name = '4.png'"] {
            let found = try await store.places(after: nil, limit: 5, filter: try Filter(filter))
            #expect(found.map(\.path) == [four], "\(filter)")
        }
        #expect(try await store.note("roots") == album.store.note("roots"))
        try album.add(count: 13)
        let model = try await EmbeddedStore.open(at: url, for: album.model)
        #expect(try await Indexer(store: model, model: album.model).index([album.images]).added == 2)
        let ids = try await store.places(after: nil, limit: 50, filter: nil).compactMap { Int($0.id) }
        #expect(ids.suffix(2).allSatisfy { $0 > 12 } && Set(ids).count == 13)
        #expect(try await store.info().roots.map(\.path) == [album.images])
        #expect(try await store.verify() == [])
        let indices =
            "SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY name"
        let migrated = try await DatabaseQueue(path: url.appendingPathComponent("store.sqlite").path)
            .read { try String.fetchAll($0, sql: indices) }
        #expect(try migrated == album.strings(indices) && migrated.contains("items_by_id"))
    }

    /// What version 4 lacks is one column: a store that cannot be written is read all the same, and another is brought up to date.
    @Test func versionFourIsReadAndBroughtUpToDate() async throws {
        let album = try await Album()
        try album.add(count: 3)
        _ = try await album.index()
        let part = try #require(try await album.store.parts(of: "1").first)
        try await album.store.annotate([Annotation(part: part.id, task: "label", value: .text("cat"), author: "ann")])
        try album.sql("ALTER TABLE annotations DROP COLUMN details")
        try album.sql("UPDATE meta SET value = '4' WHERE key = 'version'")
        let reader = try await EmbeddedStore.open(toRead: album.store.directory)
        #expect(try await reader.annotations(ofPart: part.id).map(\.annotation.value) == ["cat"])
        #expect(try await reader.info().count == 3)
        #expect(try await reader.verify() == [])
        let store = try await EmbeddedStore.open(at: album.store.directory)
        var said = Annotation(part: part.id, task: "label", value: .text("dog"), author: "ann")
        said.details = .object(["seconds": .number(1.5)])
        try await store.annotate([said])
        let all = try await store.annotations(ofPart: part.id).map(\.annotation)
        #expect(all.map(\.value) == ["cat", "dog"] && all.map(\.details) == [nil, said.details])
        #expect(try await store.verify() == [])
    }

    /// A store from before there was a choice was decoded exactly.
    @Test func storesThatDoNotSayHowTheyWereDecoded() async throws {
        let album = try await Album()
        try album.add(count: 2)
        _ = try await album.index()
        let url = try Self.old(of: album, version: 3)
        try await DatabaseQueue(path: url.appendingPathComponent("store.sqlite").path).write { db in
            try db.execute(sql: "DELETE FROM meta WHERE key IN ('decode', 'applies_orientation', 'model_path')")
        }
        let store = try await EmbeddedStore.open(at: url, for: album.model)
        #expect(store.decode == .exact && store.appliesOrientation)
    }

    @Test func manyMayMigrateAtOnce() async throws {
        let album = try await Album()
        try album.add(count: 5)
        _ = try await album.index()
        let url = try Self.old(of: album)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { try await EmbeddedStore.open(at: url).info().count } }
            for try await count in group { #expect(count == 5) }
        }
        #expect(try await EmbeddedStore.open(at: url).verify() == [])
    }
}
