#if Milvus
    import DiptychMilvus
    import DiptychSearch
    import DiptychTestSupport
    import Foundation
    import Testing

    /// Filters mean the same on the server, in the embedded store and in plain Swift.
    @Suite("Milvus filters", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing), .serialized)
    struct FilterTests {
        static let filters = [
            "width > 200", "width >= 200.5 and width < 210.5", "width = 150.0", "width != 150", "bytes <= 20000",
            "height = 0",
            "type = 'jpeg'", "type != 'jpeg'", "type in ('png', 'webp')", "not type = 'jpeg'", "exists type",
            "not exists camera",
            "camera = 'Canon \"5D\"'", "camera < 'D'", "camera != 'Leica M'", "camera like '*5D*'", "camera like '日*'",
            "taken >= 2024-01-01", "not taken >= 2024-01-01", "exists taken", "taken < 2023-12-01",
            "modified > 2020-09-13",
            "folder = '/p/sea'", "folder = '/p'", "path under '/p'", "path under '/p/sea'", "path under '/'",
            "path like '/p/*7.jpg'",
            "name like 'file 1?.jpg'", "name = 'file 33.jpg'", "path = '/p/über/file 3.jpg'", "folder like '*100%*'",
            "caption matches 'dog'", "caption matches 'dog in'", "caption matches 'sno*'", "caption matches '雪'",
            "exists caption",
            "caption = ''", "caption matches 'creme brulee'", "not caption matches 'dog'", "caption like 'A*'",
            "rating = 3", "rating != 3", "rating > 2", "rating <= 2.5", "rating = 'unrated'", "rating > 'a'",
            "exists rating",
            "not rating = 3", "tags = 'beach'", "tags has 'beach'", "tags = 5", "tags != 'beach'",
            "tags in ('t1', 't3')",
            "tags like 't*'", "place.city = 'Köln'", "place.city = 'a\"b'", "exists place", "place.floors > 2.4",
            "place.floors < 2.4", "big = 9007199254740993", "big = 9007199254740992", "big > 9007199254740993",
            "size = 0",
            "latitude > 0", "latitude < 0", "exists latitude",
            "rating > 1 and (tags = 'beach' or width < 150) and not type = 'png'",
            "not (rating = 3 or tags = 'beach')", "not (not (rating = 3))",
        ]

        /// Built without the parser: names and values that it would not let through by accident.
        static let built: [Filter] = [
            .compare(.attribute("odd name/~."), .equal, .bool(true)), .exists(.attribute("odd name/~.")),
            .compare(.attribute("odd name/~."), .less, .integer(1)), .like(.attribute("place.city"), "K*n"),
            .compare(.caption, .equal, .text("\"quoted\" \\ tab\there")), .compare(.caption, .greater, .text("b")),
            .compare(.caption, .equal, .text("\u{1}\u{0}\u{7F}")), .compare(.folder, .equal, .text("/q\\back")),
            .under("/p/100% \"real\""), .compare(.id, .equal, .text("x' or 1=1")), .compare(.id, .notEqual, .text("x")),
            .all([]), .any([]),
            .compare(.taken, .notEqual, .text("x")),
            .oneOf(.attribute("rating"), [.integer(1), .text("unrated"), .number(2)]),
            .within(GeoBox(south: -90, west: -180, north: 90, east: 0)!),
            .within(GeoBox(south: -40, west: 100, north: 60, east: -100)!),
            .not(.within(GeoBox(south: -90, west: -180, north: 90, east: 0)!)), .compare(.width, .less, .number(1e17)),
            .compare(.attribute("x\" or id > 0 or path == \""), .notEqual, .text("\") or id > 0")),
        ]

        @Test func textsNeverEqualNumbers() async throws {
            let store = try await Items.store("kinds")
            try await store.put(Items.records(0..<60))
            // The parser refuses these.
            #expect(try await paths(store, .compare(.width, .equal, .text("150"))).isEmpty)
            #expect(try await paths(store, .compare(.width, .notEqual, .text("150"))).count == 60)
            #expect(try await paths(store, .compare(.camera, .notEqual, .integer(1))).count == 48)
            try await store.drop()
        }

        @Test func meanTheSameEverywhere() async throws {
            let (store, local) = (try await Items.store("filters"), try await Local())
            let records = Items.records(0..<300)
            for start in stride(from: 0, to: 300, by: 100) {
                try await store.put(Array(records[start..<start + 100]))
                try await local.store.put(Array(records[start..<start + 100]))
            }
            let all = try await store.items(after: nil, limit: 1000, filter: nil).map(\.0)
            #expect(all.count == 300)
            var parsed: [(String, Filter)] = []
            for text in Self.filters {
                do { parsed.append((text, try Filter(text))) } catch { Issue.record("\(text): \(error)") }
            }
            var some = 0
            for (text, filter) in parsed + Self.built.map({ ("\($0)", $0) }) {
                let wanted = all.filter(filter.accepts).map(\.path).sorted()
                let found = try await paths(store, filter)
                #expect(found == wanted, "\(text): \(MilvusCondition(filter))")
                #expect(try await paths(local.store, filter) == wanted, "\(text) in the embedded store")
                if !wanted.isEmpty, wanted.count < 300 { some += 1 }
                // From both sides: what the server alone says is never too narrow, nor too wide from below.
                let condition = MilvusCondition(filter)
                let (upper, lower) = (
                    try await keys(store, condition.upper), try await keys(store, condition.lower)
                )
                let exact = Set(all.filter(filter.accepts).map(\.id))
                #expect(upper.isSuperset(of: exact), "\(text): \(condition.upper)")
                #expect(lower.isSubset(of: exact), "\(text): \(condition.lower)")
                // A search gives as many as there are.
                let hits = try await store.search(SearchRequest(Items.embedding(7), limit: 40, filter: filter))
                let same = try await local.store.search(SearchRequest(Items.embedding(7), limit: 40, filter: filter))
                #expect(hits.map(\.path) == same.map(\.path), "\(text)")
            }
            #expect(some > 50)
            try await store.drop()
        }

        private func keys(_ store: MilvusStore, _ condition: String) async throws -> Set<String> {
            let table = try await store.collection.query(condition, fields: ["id"], limit: 1000)
            return Set(try table.longs("id").map(String.init))
        }

        @Test func randomFiltersMeanTheSame() async throws {
            let store = try await Items.store("random_filters")
            try await store.put(Items.records(0..<120))
            let all = try await store.items(after: nil, limit: 1000, filter: nil).map(\.0)
            var generator = SeededGenerator(11)
            for _ in 0..<150 {
                let filter = Self.random(&generator, depth: 3)
                #expect(
                    try await paths(store, filter) == all.filter(filter.accepts).map(\.path).sorted(),
                    "\(filter): \(MilvusCondition(filter))")
            }
            try await store.drop()
        }

        private static func random(_ generator: inout SeededGenerator, depth: Int) -> Filter {
            func pick<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &generator)] }
            if depth > 0 {
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: return .all((0..<2).map { _ in random(&generator, depth: depth - 1) })
                case 1: return .any((0..<3).map { _ in random(&generator, depth: depth - 1) })
                case 2: return .not(random(&generator, depth: depth - 1))
                default: break
                }
            }
            let fields: [FilterField] = [
                .path, .folder, .name, .type, .bytes, .width, .height, .modified, .taken, .added, .camera, .latitude,
                .longitude,
                .caption, .attribute("rating"), .attribute("tags"), .attribute("place.city"), .attribute("big"),
                .attribute("none"),
                .attribute("odd name/~."), .id,
            ]
            let values: [FilterValue] = [
                .integer(3), .integer(0), .number(2.5), .number(-0.0), .number(1.7e9), .text("beach"), .text("jpeg"),
                .text(""),
                .text("日本カメラ"), .text("/p/sea"), .bool(true), .integer(.max), .integer(-9_007_199_254_740_993),
                .text("\\\"'%_*"),
            ]
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: return .exists(pick(fields))
            case 1: return .like(pick(fields), pick(["*a*", "f*", "?*", "*", "", "/p*", "jpeg", "日*", "%_"]))
            case 2: return .oneOf(pick(fields), [pick(values), pick(values)])
            case 3:
                return .matches([
                    CaptionPhrase(
                        words: pick([["dog"], ["a", "dog"], ["狗"], ["sno"]]), isPrefix: pick([true, false]))
                ])
            default: return .compare(pick(fields), pick(Filter.Comparison.allCases), pick(values))
            }
        }
    }
#endif
