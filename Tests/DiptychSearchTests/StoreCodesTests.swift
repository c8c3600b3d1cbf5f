import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import GRDB
import Testing

/// Stores that are large enough for codes, which here are small.
@Suite struct StoreCodesTests {
    /// An album whose store has codes from 64 vectors on, in segments of 256.
    struct Coded {
        let album: Album
        let store: EmbeddedStore
        var vectors: [[Float]]

        init(_ count: Int, each: Int = 1, seed: UInt64 = 1) async throws {
            album = try await Album()
            vectors = try album.insert(count: count, each: each, seed: seed)
            store = try await Self.open(album)
        }

        static func open(_ album: Album) async throws -> EmbeddedStore {
            try await EmbeddedStore.open(
                at: album.directory.url.appendingPathComponent("store"), codesFrom: 64, capacity: 256)
        }

        var folder: String { album.directory.path("store/codes") }

        func segments() -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".codes") }
        }

        /// What the scan of every embedding finds, in a store that has no codes.
        func expected(_ request: SearchRequest) async throws -> SearchResults {
            try await album.store.search(request)
        }
    }

    static func query(_ seed: UInt64) -> Embedding {
        var generator = SeededGenerator(seed)
        return Embedding(values: generator.unitVector(24))
    }

    @Test func aSearchMakesCodesAndFindsTheSame() async throws {
        let coded = try await Coded(1000)
        #expect(coded.segments().isEmpty)
        for seed: UInt64 in 10..<30 {
            let request = SearchRequest(Self.query(seed), limit: 10, isExact: true)
            let found = try await coded.store.search(request)
            #expect(try await found == coded.expected(request))
            #expect(found.isExact)
        }
        // 992 are whole blocks.
        #expect(coded.segments().count == 4)
        var (hits, all) = (0, 0)
        let requests = (30..<60).map { SearchRequest(Self.query($0), limit: 10) }
        for (request, found) in zip(requests, try await coded.store.search(requests)) {
            #expect(!found.isExact && found.next != nil)
            let alone = try await coded.store.search(request)
            #expect(alone.map(\.id) == found.map(\.id))
            let expected = Set(try await coded.expected(request).map(\.id))
            hits += found.count { expected.contains($0.id) }
            all += 10
        }
        #expect(Double(hits) >= 0.97 * Double(all))
        #expect(try await coded.store.verify().isEmpty)
    }

    @Test func aSearchDoesNotWaitForManyCodes() async throws {
        let coded = try await Coded(1000)
        let store = try await EmbeddedStore.open(
            at: coded.album.directory.url.appendingPathComponent("store"), codesFrom: 64, capacity: 256, atOnce: 300)
        let request = SearchRequest(Self.query(1), limit: 10)
        // Before there are codes, for the first search makes some in the background.
        let expected = try await coded.expected(request)
        // Meanwhile the floats of all are compared.
        let found = try await store.search(request)
        #expect(found == expected)
        #expect(found.isExact)
        // Then they come by themselves.
        for _ in 0..<500 where try await store.search(request).isExact { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try await !store.search(request).isExact)
        #expect(coded.segments().count >= 3)
    }

    @Test func whatHasNoCodesYetIsFoundToo() async throws {
        let coded = try await Coded(500)
        _ = try await coded.store.search(Self.query(2))
        let late = try coded.album.insert(count: 40, each: 2, seed: 3)
        for vector in late {
            let found = try await coded.store.search(Embedding(values: vector), limit: 2)
            #expect(found.allSatisfy { $0.similarity > 0.9999 && $0.path.hasPrefix("/random/3/") })
        }
        let request = SearchRequest(Self.query(4), limit: 60, isExact: true)
        #expect(try await coded.store.search(request) == coded.expected(request))
    }

    @Test func deletedAndVanishedItemsAreNotFound() async throws {
        let coded = try await Coded(800)
        let query = Self.query(5)
        _ = try await coded.store.search(query)
        try coded.album.sql("DELETE FROM items WHERE id % 3 = 0")
        try coded.album.sql("UPDATE items SET missing_since = 1 WHERE id % 3 = 1")
        for exact in [true, false] {
            let request = SearchRequest(query, limit: 20, isExact: exact)
            let found = try await coded.store.search(request)
            #expect(found.count == 20 && found.allSatisfy { Int($0.id)! % 3 == 2 })
            if exact { #expect(try await found == coded.expected(request)) }
        }
        let dropped = try await coded.store.compact()
        #expect(dropped.vectors == 533)
        #expect(try await coded.store.verify().isEmpty)
        let request = SearchRequest(query, limit: 20, isExact: true)
        #expect(try await coded.store.search(request) == coded.expected(request))
    }

    @Test func copiesAreFoundTogether() async throws {
        let coded = try await Coded(400, each: 3)
        let found = try await coded.store.search(Embedding(values: coded.vectors[99]), limit: 4)
        #expect(found.prefix(3).map(\.id) == ["298", "299", "300"])
    }

    @Test(arguments: ["bytes >= 0", "id > '3'", "path like '/random/*/7*/0'", "width = 1 and bytes = 1", "bytes = 2"])
    func filtersLeaveOutTheSame(text: String) async throws {
        let coded = try await Coded(1000)
        let filter = try Filter(text)
        for round in 0..<3 {
            for exact in [true, false] {
                let request = SearchRequest(
                    Self.query(UInt64(20 + round)), limit: 10, filter: filter, isExact: exact)
                let (found, expected) = (try await coded.store.search(request), try await coded.expected(request))
                #expect(found.count == expected.count)
                if exact { #expect(found == expected) }
                let common = Set(found.map(\.id)).intersection(expected.map(\.id))
                #expect(common.count >= expected.count - 1)
            }
        }
    }

    @Test(arguments: [
        "width < 30", "width < 30 and bytes < 50", "width < 300 or bytes < 5", "not (width < 990 or bytes < 5)",
        "not (width < 900) and not (height >= 3)", "width < 30 or height = 2 or path like '*7?/0'",
        "not exists camera and bytes < 9", "exists taken or part = 3", "part = 3", "part = 3 and width < 500",
        "not part = 3", "part in (1, 2) and height = 1 and not width > 800", "id = '5' or width = 7",
        "camera = 'A' or not (camera = 'A' or bytes < 700)", "caption matches 'cat' or width < 9",
    ])
    func whatPassesIsListedByIndices(text: String) async throws {
        let coded = try await Coded(1000, each: 2)
        try coded.album.sql(
            """
            UPDATE assets SET width = id * 7 % 1000, height = id % 5, camera = CASE WHEN id % 50 = 0 THEN 'A' END,
                taken = CASE WHEN id % 90 = 0 THEN id END;
            UPDATE items SET size = id * 3 % 1000, missing_since = CASE WHEN id % 13 = 0 THEN 1.0 END;
            INSERT INTO attributes SELECT 'part', id % 40, id FROM items;
            """)
        // Exact searches list what passes at once.
        let filter = try Filter(text)
        let request = SearchRequest(Self.query(9), limit: 200, filter: filter, isExact: true)
        let found = try await coded.store.search(request)
        #expect(try await found == coded.expected(request))
        #expect(!found.isEmpty || text.contains("caption"))
    }

    @Test func aFilterKnowsOfChanges() async throws {
        let coded = try await Coded(1000)
        // Few pass: what does is listed, and remembered.
        let filter = try Filter("path like '/random/*/7?/0' or path like '/new/*'")
        let request = SearchRequest(Self.query(6), limit: 5, filter: filter)
        let first = try await coded.store.search(request)
        #expect(try await first.map(\.id) == coded.expected(request).map(\.id))
        #expect(try await coded.store.search(request) == first)
        let values = Self.query(6).values
        try await coded.store.put([
            ItemRecord(
                path: "/new/1", content: ContentHash(of: Data("new".utf8)), embedding: Embedding(values: values))
        ])
        #expect(try await coded.store.search(request).first?.path == "/new/1")
        _ = try await coded.store.remove(idsOrPaths: ["/new/1"])
        #expect(try await coded.store.search(request).map(\.id) == first.map(\.id))
    }

    @Test func pagesGoOnWhileTheStoreGrows() async throws {
        let coded = try await Coded(1000)
        var request = SearchRequest(Self.query(7), limit: 15, isExact: true)
        let all = try await coded.expected(SearchRequest(Self.query(7), limit: 90, isExact: true))
        var pages: [String] = []
        for page in 0..<6 {
            let found = try await coded.store.search(request)
            pages += found.map(\.id)
            request.after = found.next
            _ = try coded.album.insert(count: 20, seed: UInt64(100 + page))
        }
        #expect(pages == all.map(\.id))
    }

    @Test func storesThatAreSmallHaveNoCodes() async throws {
        let coded = try await Coded(63)
        #expect(try await coded.store.search(Self.query(8)).isExact)
        #expect(coded.segments().isEmpty)
        // The usual store needs thousands.
        let usual = try await Album()
        _ = try usual.insert(count: 1000, seed: 1)
        #expect(try await usual.store.search(Self.query(8)).isExact)
        #expect(!FileManager.default.fileExists(atPath: usual.directory.path("store/codes")))
    }

    @Test func indexingMakesCodes() async throws {
        let coded = try await Coded(0)
        var generator = SeededGenerator(9)
        for batch in 0..<6 {
            try await coded.store.put(
                (0..<100).map { item in
                    let name = "/batch/\(batch)/\(item)"
                    return ItemRecord(
                        path: name, content: ContentHash(of: Data(name.utf8)),
                        embedding: Embedding(values: generator.unitVector(24)))
                })
        }
        #expect(coded.segments().count == 3)
        #expect(try await coded.store.verify().isEmpty)
    }

    @Test func theCodesMayBeDeleted() async throws {
        let coded = try await Coded(600)
        let request = SearchRequest(Self.query(10), limit: 10, isExact: true)
        let first = try await coded.store.search(request)
        for _ in 0..<3 {
            try FileManager.default.removeItem(atPath: coded.folder)
            #expect(try await coded.store.search(request) == first)
            #expect(coded.segments().count == 3)
        }
    }

    @Test func aStoreThatCannotHaveCodesIsScanned() async throws {
        let coded = try await Coded(600)
        try Data("in the way".utf8).write(to: URL(fileURLWithPath: coded.folder))
        let request = SearchRequest(Self.query(11), limit: 10)
        let found = try await coded.store.search(request)
        #expect(found.isExact)
        #expect(try await found == coded.expected(request))
    }

    @Test func verifyingFindsWrongCodes() async throws {
        let coded = try await Coded(600)
        _ = try await coded.store.search(Self.query(12))
        #expect(try await coded.store.verify().isEmpty)
        // A byte of the second-pass codes; records stand at the file's end.
        let path = coded.folder + "/000002.codes"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let place = try #require(bytes.lastIndex { $0 != 0 })
        bytes[place] ^= 3
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let problems = try await coded.store.verify()
        #expect(problems.count == 1 && problems[0].contains("1 of 592") && problems[0].contains("delete the folder"))
        try FileManager.default.removeItem(atPath: coded.folder)
        #expect(try await coded.store.verify().isEmpty)
        _ = try await coded.store.search(Self.query(12))
        try Data("garbage".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try await coded.store.verify().first?.contains("2 of 3 files are damaged") == true)
        // The next search puts it right.
        let request = SearchRequest(Self.query(13), limit: 10, isExact: true)
        #expect(try await coded.store.search(request) == coded.expected(request))
        #expect(try await coded.store.verify().isEmpty)
    }

    /// A database that was put back from a copy gives its next embeddings ids that the codes know already.
    @Test func aRestoredDatabaseGetsNewCodes() async throws {
        let coded = try await Coded(600)
        _ = try await coded.store.search(Self.query(14))
        try coded.album.sql(
            """
            DELETE FROM items WHERE id > 400; DELETE FROM assets WHERE id > 400; DELETE FROM parts WHERE id > 400;
            UPDATE sqlite_sequence SET seq = 400 WHERE name <> 'items'
            """)
        for seed: UInt64 in [50, 51] {
            let store = try await Coded.open(coded.album)
            let request = SearchRequest(Self.query(seed), limit: 10, isExact: true)
            #expect(try await store.search(request) == coded.expected(request))
            #expect(try await store.verify().isEmpty)
            // Others take the place of those that were lost.
            if seed == 50 {
                try coded.album.sql(
                    """
                    DELETE FROM items WHERE asset > 300; DELETE FROM assets WHERE id > 300; DELETE FROM parts WHERE id > 300;
                    UPDATE sqlite_sequence SET seq = 300 WHERE name <> 'items'
                    """)
                _ = try coded.album.insert(count: 300, seed: 77)
            }
        }
    }
}
