import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// What `verify` finds, and that no damage stops the process.
@Suite struct VerifyTests {
    static func album() async throws -> Album {
        let album = try await Album()
        try album.add(count: 12)
        _ = try await album.index()
        #expect(try await album.store.verify() == [])
        return album
    }

    @Test func findsDamagedEmbeddings() async throws {
        let album = try await Self.album()
        func problems(_ sql: String, _ bytes: Data? = nil) async throws -> [String] {
            try album.sql(sql, bytes)
            return try await album.store.verify()
        }
        let cut = try await problems("UPDATE embeddings_1 SET vector = substr(vector, 1, 92) WHERE id = 3")
        #expect(cut == ["embedding 3 has 23 numbers instead of 24"])
        let long = [Float](repeating: 1, count: 24).withUnsafeBytes { Data($0) }
        let two = try await problems("UPDATE embeddings_1 SET vector = ? WHERE id = 5", long)
        #expect(two.count == 2 && two[1].contains("embedding 5 has length 4.89"))
        let three = try await problems("UPDATE embeddings_1 SET vector = zeroblob(96) WHERE id = 6")
        #expect(three.count == 3 && three[2].contains("length 0"))
        let four = try await problems("UPDATE assets SET content = x'00' WHERE id = 7")
        #expect(four.count == 4 && four[3].contains("content hash"))
    }

    @Test func findsItemsWithoutEmbeddings() async throws {
        let album = try await Self.album()
        try album.sql("DELETE FROM embeddings_1 WHERE id = 2")
        let problems = try await album.store.verify()
        #expect(problems.count == 1 && problems[0].contains("item 2") && problems[0].contains(album.images))
        // Indexing does what the message says.
        let path = String(problems[0].split(separator: "(")[1].prefix { $0 != ")" })
        utimes(path, nil)
        #expect(try await album.index().updated == 1)
        #expect(try await album.store.verify() == [])
    }

    @Test func listsTwentyProblemsAtMost() async throws {
        let album = try await Album()
        _ = try album.insert(count: 50, seed: 1)
        try album.sql("UPDATE embeddings_1 SET vector = x''")
        #expect(try await album.store.verify().count == 20)
    }

    @Test func findsDamagedPages() async throws {
        let album = try await Self.album()
        let original = try await Self.closedDatabase(album)
        // The database's header says how long its pages are.
        let size = Int(original[16]) << 8 | Int(original[17])
        for page in 1..<original.count / size {
            var bytes = original
            var generator = SeededGenerator(UInt64(page))
            for place in page * size..<(page + 1) * size { bytes[place] = UInt8.random(in: 0...255, using: &generator) }
            let copy = try TemporaryDirectory()
            try copy.write(bytes, to: "store.sqlite")
            do {
                let problems = try await EmbeddedStore.open(at: copy.url).verify()
                #expect(!problems.isEmpty, "page \(page)")
                #expect(problems.allSatisfy { !$0.contains("\n") })
            } catch let error as StoreError {
                #expect(error.kind == .damaged || error.kind == .notAStore, "page \(page): \(error)")
            }
        }
    }

    /// The database's bytes with nothing left in the log beside it.
    static func closedDatabase(_ album: Album) async throws -> [UInt8] {
        _ = try await album.store.compact()
        return try album.directory.bytes("store/store.sqlite")
    }

    @Test func survivesAnyDamage() async throws {
        let album = try await Self.album()
        let original = try await Self.closedDatabase(album)
        let query = try await album.model.embed(texts: ["a cat"])[0]
        var generator = SeededGenerator(11)
        var (sound, refused) = (0, 0)
        for round in 0..<120 {
            var bytes = original
            if round % 10 == 0 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator)) }
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                // Many in the first bytes of a page, where what else it holds is said.
                let page = Int.random(in: 0..<max(1, bytes.count / 4096), using: &generator) * 4096
                let place = page + Int.random(in: 0..<(Bool.random(using: &generator) ? 100 : 4096), using: &generator)
                if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &generator) }
            }
            let copy = try TemporaryDirectory()
            try copy.write(bytes, to: "store.sqlite")
            do {
                let store = try await EmbeddedStore.open(at: copy.url)
                for step in [
                    { _ = try await store.verify() }, { _ = try await store.info() },
                    { _ = try await store.search(query, limit: 5) },
                    { try await store.forEachItem { _, _ in } },
                    { _ = try await Indexer(store: store, model: album.model).index([album.images]) },
                    { _ = try await store.remove(idsOrPaths: ["1", album.images]) },
                    { _ = try await store.compact() },
                ] as [() async throws -> Void] {
                    do {
                        try await step()
                        sound += 1
                    } catch let error as StoreError {
                        #expect(!error.description.contains("\n") && error.description.contains(copy.path))
                        refused += 1
                    }
                }
            } catch let error as StoreError {
                #expect(!error.description.contains("\n") && error.path == copy.path, "\(error)")
                refused += 1
            }
        }
        print("after damage: \(sound) calls went well, \(refused) were refused")
    }

    /// Values of kinds that the tables do not allow, which SQLite nevertheless stores.
    @Test(arguments: [
        "UPDATE items SET path = x'ff00fe' WHERE id = 1", "UPDATE items SET size = 'large' WHERE id = 1",
        "UPDATE items SET modified = 1e300 WHERE id = 1", "UPDATE items SET modified = 'now' WHERE id = 1",
        "UPDATE items SET settled = 'x' WHERE id = 1", "UPDATE items SET missing_since = 'x' WHERE id = 1",
        "UPDATE embeddings_1 SET vector = 'text' WHERE id = 1", "UPDATE assets SET width = 'wide' WHERE id = 1",
        "UPDATE assets SET height = 1e300 WHERE id = 1", "UPDATE assets SET content = 7 WHERE id = 1",
        "DROP TABLE items", "DROP TABLE assets", "DROP TABLE embeddings_1", "DROP TABLE parts", "DROP TABLE roots",
        "DROP TABLE spaces", "DELETE FROM spaces",
        "DELETE FROM roots", "UPDATE items SET root = 7", "UPDATE roots SET path = x'ff' WHERE id > 0",
        "UPDATE spaces SET aligned = 'x'",
        "UPDATE spaces SET created = 'x', decode = 7", "UPDATE meta SET value = '9' WHERE key = 'space'",
        "ALTER TABLE items RENAME TO others", "DELETE FROM meta",
        "UPDATE spaces SET model = x'ff'", "UPDATE meta SET value = '' WHERE key = 'created'",
        "UPDATE spaces SET preprocessing = 'x'",
        "DROP TABLE items; CREATE TABLE items (id, root, path, size, modified, settled, asset, missing_since);"
            + "INSERT INTO items VALUES (NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL), ('x', 0, 1, 2, 3, 4, 1, NULL)",
    ])
    func survivesValuesOfOtherKinds(sql: String) async throws {
        let album = try await Self.album()
        try album.sql(sql)
        let query = try await album.model.embed(texts: ["a cat"])[0]
        for step in [
            { _ = try await EmbeddedStore.open(at: album.store.directory, for: album.model) },
            { _ = try await album.store.verify() }, { _ = try await album.store.info() },
            { _ = try await album.store.search(query, limit: 50) },
            { try await album.store.forEachItem { _, _ in } }, { _ = try await album.index() },
            { _ = try await album.store.remove(idsOrPaths: ["1"]) }, { _ = try await album.store.compact() },
        ] as [() async throws -> Void] {
            do { try await step() } catch let error as StoreError {
                #expect(!error.description.contains("\n"), "\(error)")
            }
        }
    }
}
