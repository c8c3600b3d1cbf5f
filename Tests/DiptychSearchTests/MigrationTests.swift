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

    /// A store of version 1 with what a new one of the same album holds.
    private static func old(of album: Album) throws -> URL {
        let url = album.directory.url.appendingPathComponent("old")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        let queue = try DatabaseQueue(path: url.appendingPathComponent("store.sqlite").path)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: versionOne)
            try db.execute(sql: "ATTACH ? AS new", arguments: [album.database])
            try db.execute(
                sql: """
                    INSERT INTO main.meta SELECT key, value FROM new.meta;
                    UPDATE main.meta SET value = '1' WHERE key = 'version';
                    INSERT INTO main.vectors SELECT id, content, embedding, width, height FROM new.vectors;
                    INSERT INTO main.items SELECT id, path, size, modified, settled, vector, missing_since FROM new.items;
                    """)
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
                        path: album.pictures + "/3.png", source: .file(album.pictures + "/3.png"), caption: "three"))
            ])
        #expect(summary.updated == 1 && summary.reused == 1)
        let three = try await store.places(after: nil, limit: 5, filter: try Filter("caption matches 'three'"))
        #expect(three.map(\.path) == [album.pictures + "/3.png"])
        #expect(try await store.info().vectors == 12)
    }

    @Test func theSecondVersionGetsIndices() async throws {
        let album = try await Album()
        try album.add(count: 5)
        _ = try await album.index()
        let indices = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
        let present = try album.strings(indices)
        try album.sql(
            """
            DROP INDEX items_by_vector; DROP INDEX items_by_id; DROP INDEX vectors_by_facts;
            CREATE INDEX items_by_vector ON items(vector);
            UPDATE meta SET value = '2' WHERE key = 'version';
            """)
        let store = try await EmbeddedStore.open(at: album.store.directory)
        #expect(try await store.verify() == [])
        #expect(try album.strings(indices) == present && present.contains("items_by_id"))
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
