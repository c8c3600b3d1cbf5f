import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Numbers that no index and no search would write, from whoever wrote a cursor, a code file or a row.
@Suite struct NumberTests {
    /// Near every limit of the numbers that machines count with.
    static let limits: [Int64] =
        [0, 7, 8, 15, 16, 24, 31, 32, 52, 53, 62].flatMap { bits -> [Int64] in
            let power = Int64(1) << Int64(bits)
            return [power - 1, power, power + 1, -power, -power - 1]
        } + [.max, .max - 1, .min, .min + 1]

    // MARK: Cursors

    @Test func cursorsThatNobodyGaveAreRefused() {
        func text(_ snapshot: Int64, _ position: Int64, _ item: Int64, bits: UInt32 = Float(0.25).bitPattern) -> String
        {
            let parts = [snapshot, position].map { String($0, radix: 36) }
            return "p1-\(parts[0])-\(parts[1])-\(String(bits, radix: 36))-\(String(item, radix: 36))"
        }
        for number in Self.limits {
            // Positions are counted on from, in numbers that JSON writes exactly.
            #expect((SearchCursor(text(1, number, 1)) != nil) == (number >= 0 && number <= 1 << 53), "\(number)")
            #expect((SearchCursor(text(number, 1, 1)) != nil) == (number >= 0), "\(number)")
            #expect((SearchCursor(text(1, 1, number)) != nil) == (number >= 0), "\(number)")
        }
        #expect(SearchCursor(text(1, 2, 3)) == SearchCursor(snapshot: 1, position: 2, similarity: 0.25, item: 3))
        for bits: UInt32 in [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, .max] {
            #expect(SearchCursor(text(1, 1, 1, bits: bits)) == nil)
        }
        // There is one way to write each.
        for other in [
            "", "p1", "p1----", "P1-1-1-hhls57-1", "p1-1-1-HHLS57-1", "p1-01-1-hhls57-1", "p1-+1-1-hhls57-1",
            "p1-1-1-hhls57-1-", "p1-1-1-hhls57-1 ", "p2-1-1-hhls57-1", "p1-zzzz-1y2p0ij32e8e7-hihlpw-1",
        ] { #expect(SearchCursor(other) == nil, "\(other)") }
    }

    @Test func cursorsOfAnyNumbersAreSearchedBehind() async throws {
        let album = try await Album()
        _ = try album.insert(count: 5, seed: 1)
        let query = StoreCodesTests.query(2)
        for number in Self.limits {
            for cursor in [
                SearchCursor(snapshot: number, position: 1, similarity: 1, item: 0),
                SearchCursor(snapshot: .max, position: Int(number), similarity: 1, item: 0),
                SearchCursor(snapshot: .max, position: 1, similarity: 1, item: number),
                SearchCursor(snapshot: number, position: Int(number), similarity: -1, item: number),
            ] {
                for limit in [1, 5, Int.max] {
                    _ = try await album.store.search(SearchRequest(query, limit: limit, after: cursor))
                }
                var options = Searcher.Options()
                options.after = cursor
                options.groupsFrom = 0.9
                _ = try await Searcher(store: album.store, model: album.model)
                    .search(SearchQuery([.text("a cat")]), options)
            }
        }
    }

    // MARK: Code files

    /// A file with another number in one place and the checksums that belong to it: FNV-1a, as CodeHeader says.
    private static func changed(_ file: [UInt8], at place: Int, to number: UInt64, bytes: Int, centre: Int) -> [UInt8] {
        func sum(_ parts: [UInt8]...) -> [UInt8] {
            var value: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in parts.joined() { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
            return withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        var file = file
        file.replaceSubrange(
            place..<place + bytes, with: withUnsafeBytes(of: number.littleEndian) { Array($0.prefix(bytes)) })
        // Each number of the centre counts as one of 64 bits.
        var wide: [UInt8] = []
        for place in stride(from: 4096, to: 4096 + centre, by: 4) { wide += file[place..<place + 4] + [0, 0, 0, 0] }
        file.replaceSubrange(56..<64, with: sum(Array(file[0..<56]), wide))
        for commit in [512, 1024] where file[commit..<commit + 32].contains(where: { $0 != 0 }) {
            file.replaceSubrange(
                commit + 24..<commit + 32, with: sum(Array(file[24..<32]), Array(file[commit..<commit + 24])))
        }
        return file
    }

    @Test func codeFilesWithOddNumbers() async throws {
        let coded = try await StoreCodesTests.Coded(300)
        let request = SearchRequest(StoreCodesTests.query(5), limit: 7, isExact: true)
        let expected = try await coded.expected(request)
        _ = try await coded.store.search(request)
        let path = coded.folder + "/" + (try #require(coded.segments().sorted().last))
        let original = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        let centre = 4 * coded.store.dimension
        // Without a change, the checksums are the file's own.
        let same = Self.changed(original, at: 0, to: 0x4544_4F43_4854_5044, bytes: 8, centre: centre)
        try #require(same.elementsEqual(original) as Bool)
        var places: [(place: Int, bytes: Int)] = [(8, 4), (12, 4), (16, 4), (24, 8), (32, 8)]
        for commit in [512, 1024] { places += [(commit, 8), (commit + 8, 8), (commit + 16, 8)] }
        // The first id and one of the last.
        places += [(8192, 8), (8440, 8)]
        for (place, bytes) in places {
            for number in [0, 1, 16, 1 << 31, UInt64(UInt32.max), 1 << 53, UInt64(Int64.max), 1 << 63, .max] {
                let file = Self.changed(original, at: place, to: number, bytes: bytes, centre: centre)
                try Data(file).write(to: URL(fileURLWithPath: path))
                let store = try await StoreCodesTests.Coded.open(coded.album)
                let found = try? await store.search(request)
                #expect(found == nil || found?.count == expected.count, "\(number) at \(place)")
                _ = try? await store.search(
                    SearchRequest(StoreCodesTests.query(6), limit: 40, filter: Filter("width > 0")))
                _ = try? await store.verify()
                _ = try? store.updateCodes()
            }
        }
        // They can be deleted at any time.
        try FileManager.default.removeItem(atPath: coded.folder)
        let after = try await StoreCodesTests.Coded.open(coded.album).search(request)
        #expect(after == expected)
    }

    // MARK: Rows

    @Test func rowsWithOddValues() async throws {
        let album = try await VerifyTests.album()
        _ = try await album.store.background()
        let original = try await VerifyTests.closedDatabase(album)
        let columns = [
            "items": [
                "id", "root", "path", "size", "modified", "settled", "asset", "missing_since", "added", "caption",
                "attributes",
            ],
            "assets": [
                "id", "content", "kind", "width", "height", "duration", "type", "taken", "camera", "latitude",
                "longitude",
            ],
            "embeddings_1": ["id", "asset", "part", "vector"], "parts": ["id", "asset", "kind", "x", "width", "stop"],
            "roots": ["id", "name", "path", "beside"],
            "spaces": ["id", "name", "model_path", "dimension", "preprocessing", "decode", "created", "aligned"],
            "meta": ["value"], "notes": ["value"],
        ]
        let values = [
            "9223372036854775807", "-9223372036854775808", "0", "-1", "1e308", "-9e999", "9e999", "NULL", "'text'",
            "x''", "zeroblob(100000)", "'9223372036854775808'", "'nan'", "'[[[[{}]]]]'", "CAST(x'ff00fe' AS TEXT)",
        ]
        let text = try await album.model.embed(texts: ["a cat"])[0]
        var refused = 0
        for (table, names) in columns.sorted(by: { $0.key < $1.key }) {
            for name in names {
                for value in values {
                    let copy = try TemporaryDirectory()
                    try copy.makeFolder("store")
                    try copy.write(original, to: "store/store.sqlite")
                    let other = Album(copy, like: album)
                    // Where the table does not take it, nothing is odd.
                    guard (try? other.sql("UPDATE OR REPLACE \(table) SET \(name) = \(value)")) != nil else { continue }
                    do {
                        let store = try await EmbeddedStore.open(at: copy.url.appendingPathComponent("store"))
                        try await Self.useEverything(of: store, album.model, text)
                    } catch is StoreError { refused += 1 }
                }
            }
        }
        #expect(refused > 20)
    }

    /// Everything that reads rows and counts with what they say; errors are well.
    private static func useEverything(of store: EmbeddedStore, _ model: CLIPModel, _ query: Embedding) async throws {
        let searcher = Searcher(store: store, model: model)
        _ = try? await store.info()
        _ = try? await store.verify()
        _ = try? await store.sample(10)
        _ = try? await store.background()
        let items = (try? await store.items(after: nil, limit: 100, filter: nil)) ?? []
        _ = try? await store.places(after: "1", limit: .max, filter: Filter("modified > 2020-01-01 or width > 3"))
        _ = try? await store.known(items.map(\.0.path))
        _ = try? await store.search(SearchRequest(query, limit: 100, includesEmbeddings: true))
        var options = Searcher.Options()
        options.groupsFrom = 0.5
        options.onlyRelevant = true
        _ = try? await searcher.search(SearchQuery([.item(items.first?.0.id ?? "1")]), options)
        _ = try? await NearDuplicates(in: store, threshold: 0.5).groups()
        for (item, _) in items {
            _ = item.attributes.json.text
            _ = Int64(clamping: item.attributes.modified * 1e9)
        }
        _ = try await store.search(SearchRequest(query, limit: 3))
    }

    @Test func timesBecomeWholeNumbers() {
        for (time, whole) in [
            (0.0, 0), (1.9, 1), (-1.1, -2), (.nan, 0), (.infinity, .max), (-.infinity, .min), (9.3e18, .max),
            (-9.3e18, .min), (9_223_372_036.854775807 * 1e9, .max),
        ] as [(Double, Int64)] { #expect(Int64(clamping: time) == whole, "\(time)") }
    }
}
