#if Milvus
    import Diptych
    import DiptychMedia
    import DiptychMilvus
    import DiptychSearch
    import DiptychTestSupport
    import Foundation

    /// Records of many kinds, the same for the same seed.
    enum Items {
        static let dimension = 16

        static let identity = StoreIdentity(
            model: "test", fingerprint: "0123456789abcdef", modelPath: nil, dimension: dimension, preprocessing: "{}",
            appliesOrientation: true, decode: .exact, created: 1)

        static func content(_ number: Int) -> ContentHash { ContentHash(of: Data("content \(number)".utf8)) }

        static func embedding(_ seed: UInt64) -> Embedding {
            var generator = SeededGenerator(seed)
            return Embedding(values: generator.unitVector(dimension))
        }

        /// Item `number`: what is known about it varies with the number.
        static func record(_ number: Int) -> ItemRecord {
            let folders = [
                "/p", "/p/sea", "/p/sea/deep", "/p/über", "/p/100% \"real\"", "/p0", "/q\\back", "https://host/a",
            ]
            let folder = folders[number % folders.count]
            var facts = ImageFacts(width: 100 + number, height: 50 * (number % 7))
            facts.metadata.format = number % 4 == 0 ? nil : ImageFormat.allCases[number % 8]
            facts.metadata.taken = number % 3 == 0 ? nil : 1_700_000_000.5 + Double(number) * 86_400
            facts.metadata.camera = number % 5 == 0 ? nil : ["Leica M", "Canon \"5D\"", "日本カメラ"][number % 3]
            if number % 2 == 1 {
                facts.metadata.latitude = -80 + Double(number % 160)
                facts.metadata.longitude = -179.5 + Double(number % 360)
            }
            let captions = [
                nil, "A dog in the snow", "a Dog, and a cat: snow!", "雪中的狗", "Crème brûlée\nsecond line", "",
                "\"quoted\" \\ tab\there",
            ]
            var attributes: [String: AttributeValue] = [:]
            if number % 6 != 0 { attributes["rating"] = .integer(Int64(number % 6)) }
            if number % 4 == 1 { attributes["tags"] = ["beach", .text("t\(number % 9)"), 5] }
            if number % 7 == 2 {
                attributes["place"] = ["city": .text(["Rome", "Köln", "a\"b"][number % 3]), "floors": 2.5]
            }
            if number % 9 == 3 { attributes["odd name/~."] = .bool(number % 2 == 0) }
            if number % 11 == 4 { attributes["rating"] = "unrated" }
            if number % 13 == 5 { attributes["big"] = .integer(9_007_199_254_740_993 + Int64(number % 2)) }
            if number % 17 == 6 { attributes["size"] = .number(-0.0) }
            return ItemRecord(
                path: "\(folder)/file \(number).jpg", bytes: 1000 * number,
                modified: 1_600_000_000_123_456_789 + Int64(number),
                isSettled: number % 8 != 0, content: content(number), embedding: embedding(UInt64(number + 1)),
                image: facts,
                caption: captions[number % captions.count], attributes: attributes)
        }

        static func records(_ range: Range<Int>) -> [ItemRecord] { range.map(record) }

        /// A collection of the shared server, empty.
        static func store(_ name: String, options: String = "") async throws -> MilvusStore {
            let address = try await MilvusServer.shared.value.address(name, options: options)
            return try await MilvusStore.open(address, like: identity)
        }
    }

    /// An embedded store that is gone after the test.
    struct Local {
        let directory: TemporaryDirectory
        let store: EmbeddedStore

        init() async throws {
            directory = try TemporaryDirectory()
            store = try await EmbeddedStore.open(
                at: URL(fileURLWithPath: directory.path("store"), isDirectory: true), like: Items.identity)
        }
    }

    /// The paths of all items that a filter accepts.
    func paths(_ store: any VectorStore, _ filter: Filter?) async throws -> [String] {
        var (paths, last): ([String], String?) = ([], nil)
        while true {
            let page = try await store.places(after: last, limit: 64, filter: filter)
            guard let end = page.last?.id else { return paths.sorted() }
            last = end
            paths += page.map(\.path)
        }
    }
#endif
