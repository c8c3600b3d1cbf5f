import Diptych
import DiptychMedia
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Boxes of images, and texts, as things that are found.
@Suite struct PartTests {
    private static func album(_ count: Int = 6) async throws -> Album {
        let album = try await Album()
        try album.add(count: count)
        _ = try await album.index()
        return album
    }

    /// The four quarters of the test's images, 24 × 20 pixels.
    private static let quarters: [AssetPart] = [(0, 0), (12, 0), (0, 10), (12, 10)].map {
        .box(x: $0.0, y: $0.1, width: 12, height: 10)
    }

    private static func addQuarters(_ album: Album) async throws {
        let paths = (0..<6).map { album.images + "/\($0).png" }
        let added = try await album.store.addParts(paths.map { ($0, quarters) })
        #expect(added == [4, 4, 4, 4, 4, 4])
        let summary = try await SpaceFiller(store: album.store, model: album.model).fill()
        #expect(summary.embedded == 24 && summary.skippedCount == 0)
    }

    /// What an image's crop is embedded as, by the ordinary way.
    private static func embedding(_ album: Album, _ path: String, _ part: AssetPart) async throws -> Embedding {
        let image = try Image.decode(file: path)
        guard case .box(let x, let y, let width, let height) = part else {
            return try await album.model.embed(images: [image])[0]
        }
        let cropped = try image.cropped(x: x, y: y, width: width, height: height)
        return try await album.model.embed(images: [cropped])[0]
    }

    @Test func theBestPartOfAnAssetCounts() async throws {
        let album = try await Self.album()
        try await Self.addQuarters(album)
        for text in ["a cat", "a red car", "nothing"] {
            let query = try await album.model.embed(texts: [text])[0]
            var expected: [(path: String, part: AssetPart, similarity: Float)] = []
            for number in 0..<6 {
                let path = album.images + "/\(number).png"
                var best: (AssetPart, Float)?
                for part in [.whole] + Self.quarters {
                    let similarity = try await Self.embedding(album, path, part).similarity(to: query)
                    if similarity > best?.1 ?? -2 { best = (part, similarity) }
                }
                if let best { expected.append((path, best.0, best.1)) }
            }
            expected.sort { $0.similarity > $1.similarity }
            let hits = try await album.store.search(query, limit: 10)
            #expect(hits.map(\.path) == expected.map(\.path))
            #expect(hits.map { $0.part?.part ?? .whole } == expected.map(\.part))
            #expect(zip(hits, expected).allSatisfy { abs($0.similarity - $1.similarity) < 1e-5 })
            // Pages hold each item once.
            var (paged, cursor): ([String], SearchCursor?) = ([], nil)
            repeat {
                let page = try await album.store.search(SearchRequest(query, limit: 2, after: cursor))
                paged += page.map(\.path)
                cursor = page.next
            } while cursor != nil
            #expect(paged == expected.map(\.path))
        }
        #expect(try await album.store.verify() == [])
    }

    @Test func partsAreFoundByCodesAsByScans() async throws {
        let album = try await Self.album()
        try await Self.addQuarters(album)
        let query = try await album.model.embed(texts: ["a cat"])[0]
        let coded = try await EmbeddedStore.open(at: album.store.directory, codesFrom: 16, capacity: 16)
        for filter in [nil, try Filter("width > 1"), try Filter("name in ('1.png', '4.png')")] {
            for isExact in [false, true] {
                let request = SearchRequest(query, limit: 2, filter: filter, isExact: isExact)
                let (found, expected) = (try await coded.search(request), try await album.store.search(request))
                #expect(found.map(\.id) == expected.map(\.id) && found.map(\.part) == expected.map(\.part))
            }
        }
    }

    @Test func partsGoWithTheirAsset() async throws {
        let album = try await Self.album()
        try await Self.addQuarters(album)
        #expect(try await album.store.parts(of: "2").map(\.part) == [.whole] + Self.quarters)
        #expect(try await album.store.info().vectors == 30)
        #expect(try await album.store.remove(idsOrPaths: ["2"]) == 1)
        #expect(try await album.store.info().vectors == 25)
        #expect(try await album.store.parts(of: "2").isEmpty)
        #expect(try await album.store.verify() == [])
        // Adding what is there adds nothing.
        let path = album.images + "/0.png"
        #expect(try await album.store.addParts([(path, Self.quarters), ("/none", Self.quarters)]) == [0, nil])
    }

    @Test(arguments: [
        AssetPart.box(x: -1, y: 0, width: 3, height: 3), .box(x: 0, y: 0, width: 25, height: 3),
        .box(x: 0, y: 0, width: 0, height: 3), .box(x: .nan, y: 0, width: 3, height: 3),
        .box(x: 1e300, y: 0, width: 1e300, height: 3), .box(x: 0, y: 0, width: .infinity, height: 3),
        .span(start: 3, end: 2), .span(start: 0, end: .infinity), .span(start: .nan, end: 1),
    ])
    func partsOutsideAreRefused(part: AssetPart) async throws {
        let album = try await Self.album(1)
        let path = album.images + "/0.png"
        await #expect(throws: StoreError.self) { try await album.store.addParts([(path, [part])]) }
        #expect(try await album.store.parts(of: "1").count == 1)
    }

    @Test func partsAndAnnotationsComeAlong() async throws {
        let album = try await Self.album(3)
        let store = album.store
        let box = AssetPart.box(x: 1, y: 2, width: 5, height: 4)
        let place = try #require(try await store.places(after: nil, limit: 1, filter: nil).first)
        #expect(try await store.addParts([(place.path, [box])]) == [1])
        let parts = try await store.parts(of: place.id)
        let said = [
            Annotation(part: parts[0].id, task: "labels", value: ["cat"], author: "a", time: 5),
            Annotation(
                part: parts[0].id, task: "labels", value: ["dog"], author: "b", origin: .changed(probability: 0.25),
                time: 6),
            // The same words twice are two.
            Annotation(part: parts[1].id, task: "faces", value: "Ada", author: "a", time: 7),
            Annotation(part: parts[1].id, task: "faces", value: "Ada", author: "a", time: 7),
        ]
        try await store.annotate(said)
        _ = try await store.undoAnnotation(part: parts[0].id, task: "labels", author: "c")
        func all(_ store: EmbeddedStore) async throws -> [[StoredAnnotation]] {
            let item = try #require(
                try await store.places(after: nil, limit: 9, filter: nil).first { $0.path == place.path })
            var found: [[StoredAnnotation]] = []
            for part in try await store.parts(of: item.id) {
                found.append(
                    try await store.annotations(ofPart: part.id, task: nil).map {
                        var one = $0.annotation
                        one.part = 0
                        return StoredAnnotation(id: 0, revision: $0.revision, annotation: one)
                    })
            }
            return found
        }
        let wanted = try await all(store)
        #expect(wanted.map(\.count) == [3, 2])
        for kind in ["copied", "merged"] {
            let other = try await EmbeddedStore.open(
                at: album.directory.url.appendingPathComponent(kind), like: store.identity)
            for round in 0..<2 {
                let counts: (Int, Int)
                if kind == "copied" {
                    let summary = try await StoreCopy(from: store, to: other).run()
                    counts = (summary.parts, summary.annotations)
                } else {
                    let summary = try await StoreMerge(of: [store], into: other).run()
                    counts = (summary.parts, summary.annotations)
                }
                #expect(counts == (round == 0 ? (1, 5) : (0, 0)), "\(kind)")
                #expect(try await all(other) == wanted, "\(kind)")
            }
            // The box's embedding is made again.
            #expect(try await SpaceFiller(store: other, model: album.model).fill().embedded == 1)
            #expect(try await other.verify() == [])
        }
    }

    @Test func textsAreFoundByTextsAndImages() async throws {
        let album = try await Self.album(3)
        let indexer = Indexer(store: album.store, model: album.model)
        func inputs(_ texts: [String]) -> [TextInput] {
            texts.enumerated().map { TextInput(path: "/data/t.txt#\($0 + 1)", text: $1) }
        }
        #expect(try await indexer.index(texts: inputs(["a cat", "a dog", " ", "a cat"]), of: "/data/t.txt").added == 3)
        let texts = try Filter("kind = text")
        let query = try await album.model.embed(texts: ["a dog"])[0]
        let found = try await album.store.search(SearchRequest(query, limit: 10, filter: texts))
        #expect(found.map(\.attributes.caption) == ["a dog", "a cat", "a cat"] && found[0].similarity > 0.9999)
        #expect(found.allSatisfy { $0.attributes.kind == .text })
        let image = try await album.model.embed(images: [Image.decode(file: album.images + "/0.png")])[0]
        #expect(try await album.store.search(SearchRequest(image, limit: 10, filter: texts)).count == 3)
        let images = try await album.store.search(SearchRequest(query, limit: 10, filter: try Filter("kind = 'image'")))
        #expect(images.count == 3)
        // Again, with a line changed and one gone.
        let summary = try await indexer.index(texts: inputs(["a cat", "a bird"]), of: "/data/t.txt")
        #expect(summary.unchanged == 1 && summary.updated == 1 && summary.removed == 1)
        #expect(try await album.store.search(SearchRequest(query, limit: 10, filter: texts)).count == 2)
        #expect(throws: FilterError.self) { try Filter("kind = 'txt'") }
        // They stay texts in another store.
        let merged = try await EmbeddedStore.open(
            at: album.directory.url.appendingPathComponent("merged"), like: album.store.identity)
        _ = try await StoreMerge(of: [album.store], into: merged).run()
        #expect(try await merged.places(after: nil, limit: 10, filter: texts).count == 2)
        #expect(try await merged.verify() == [])
        #expect(try await album.store.verify() == [])
    }
}
