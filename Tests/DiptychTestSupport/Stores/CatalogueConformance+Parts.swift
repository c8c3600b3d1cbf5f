internal import Diptych
internal import DiptychSearch
internal import Foundation

extension CatalogueConformance {
    private static let quarters: [AssetPart] = [(0, 0), (50, 0), (0, 40), (50, 40)].map {
        .box(x: $0.0, y: $0.1, width: 50, height: 40)
    }

    /// Images of 100 × 80 pixels.
    private static func images(_ count: Int, seed: UInt64) -> [ItemRecord] {
        var items = RandomItems(seed: seed)
        return items.records(count).map { record in
            var record = record
            record.image = ImageFacts(width: 100, height: 80)
            return record
        }
    }

    static func texts(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 30)
        let records = items.records(6).enumerated().map { number, record in
            number % 2 == 0
                ? record
                : ItemRecord(
                    path: "/texts.txt#\(number)", bytes: 5, content: record.content, kind: .text,
                    embedding: record.embedding, caption: "a cat \(number)")
        }
        try await store.put(records)
        let filter = try Filter("kind = text")
        let texts = try await store.items(after: nil, limit: 10, filter: filter).map(\.0)
        try StoreConformance.require(
            Set(texts.map(\.path)) == ["/texts.txt#1", "/texts.txt#3", "/texts.txt#5"], "\(texts)")
        try StoreConformance.require(
            texts.allSatisfy { $0.attributes.kind == .text && $0.attributes.caption?.hasPrefix("a cat") == true },
            "\(texts)")
        let others = try await store.places(after: nil, limit: 10, filter: try Filter("kind != 'text'"))
        try StoreConformance.require(others.count == 3, "\(others)")
        let hits = try await store.search(
            SearchRequest(records[3].embedding ?? StoreConformance.query(1), limit: 9, filter: filter))
        try StoreConformance.require(
            hits.count == 3 && hits.first?.path == "/texts.txt#3" && hits.allSatisfy { $0.attributes.kind == .text },
            "\(hits.map(\.path))")
        // What is indexed again stays what it was.
        var again = records[1]
        (again.embedding, again.attributes) = (nil, ["x": 1])
        try await store.put([again])
        let kept = try await store.places(after: nil, limit: 10, filter: try Filter("kind = text and x = 1"))
        try StoreConformance.require(kept.map(\.path) == ["/texts.txt#1"], "\(kept)")
    }

    static func parts(_ store: any VectorStore) async throws {
        let records = images(4, seed: 31)
        try await store.put(records)
        let additions = records.map { (path: $0.path, parts: quarters) } + [(path: "/nowhere", parts: quarters)]
        try StoreConformance.require(try await store.addParts(additions) == [4, 4, 4, 4, nil], "added others")
        try StoreConformance.require(
            try await store.addParts([(records[0].path, quarters + [.box(x: 1, y: 1, width: 2, height: 2)])]) == [1],
            "added what was there")
        let places = try await store.places(after: nil, limit: 10, filter: nil)
        try StoreConformance.require(places.count == 4, "parts are listed as items: \(places)")
        let info = try await store.info()
        try StoreConformance.require(info.count == 4 && info.vectors == 4, "\(info)")
        var ids: Set<Int64> = []
        for place in places {
            let parts = try await store.parts(of: place.id)
            let isFirst = place.path == records[0].path
            try StoreConformance.require(
                parts.first?.part == .whole && Set(parts.map(\.part)).isSuperset(of: quarters)
                    && parts.count == (isFirst ? 6 : 5) && parts.allSatisfy { $0.asset == parts[0].id }, "\(parts)")
            ids.formUnion(parts.map(\.id))
        }
        try StoreConformance.require(ids.count == 21, "numbers are shared")
        try StoreConformance.require(try await store.partsAndAnnotations().parts == 17, "counts other parts")
        // What is said about an image leaves its parts; another image has none of them.
        var changed = records[1]
        changed.caption = "another caption"
        var other = records[2]
        other.content = ContentHash(of: Data("other".utf8))
        try await store.put([changed, other])
        func count(_ record: ItemRecord) async throws -> Int {
            let place = places.first { $0.path == record.path }
            return try await store.parts(of: place?.id ?? "").count
        }
        try StoreConformance.require(try await count(changed) == 5, "a caption drops parts")
        try StoreConformance.require(try await count(other) == 1, "parts of what was replaced")
        try StoreConformance.require(try await store.remove(idsOrPaths: [records[0].path]) == 1, "removed others")
        try StoreConformance.require(try await count(records[0]) == 0, "parts outlive their item")
        let problems = try await store.verify()
        try StoreConformance.require(problems.isEmpty, "\(problems)")
    }

    static func otherParts(_ store: any VectorStore) async throws {
        let records = images(1, seed: 32)
        try await store.put(records)
        let wrong: [AssetPart] = [
            .box(x: -1, y: 0, width: 3, height: 3), .box(x: 0, y: 0, width: 101, height: 3),
            .box(x: 0, y: 0, width: 0, height: 3), .box(x: .nan, y: 0, width: 3, height: 3),
            .box(x: 1e300, y: 0, width: 1e300, height: 3), .box(x: 0, y: 0, width: .infinity, height: 3),
            .span(start: 3, end: 2), .span(start: 0, end: .infinity), .span(start: .nan, end: 1),
        ]
        for part in wrong {
            try await StoreConformance.refuses(.invalidRequest) {
                _ = try await store.addParts([(records[0].path, quarters), (records[0].path, [part])])
            }
        }
        let id = try await store.places(after: nil, limit: 1, filter: nil).first?.id ?? ""
        try StoreConformance.require(try await store.parts(of: id).count == 1, "added a part")
    }

    private static func label(_ value: AttributeValue?, _ part: Int64, _ origin: Annotation.Origin = .typed)
        -> Annotation
    {
        Annotation(part: part, task: "labels", value: value, author: "ann", origin: origin)
    }

    /// The numbers of the wholes of the items at some paths.
    private static func wholes(_ store: any VectorStore, _ records: [ItemRecord]) async throws -> [Int64] {
        var found: [String: Int64] = [:]
        for place in try await store.places(after: nil, limit: 100, filter: nil) {
            found[place.path] = try await store.parts(of: place.id).first?.id
        }
        return records.map { found[$0.path] ?? -1 }
    }

    static func annotations(_ store: any VectorStore) async throws {
        let records = images(3, seed: 33)
        try await store.put(records)
        let parts = try await wholes(store, records).sorted()
        let made = try await store.annotate([
            label(.text("cat"), parts[0]), label(.list([.text("cat"), 2]), parts[0], .accepted(probability: 0.75)),
            label(.text("bird"), parts[1], .changed(probability: 0.5)),
        ])
        try StoreConformance.require(made.map(\.revision) == [1, 2, 1], "\(made)")
        try StoreConformance.require(Set(made.map(\.id)).count == 3, "\(made)")
        try StoreConformance.require(try await store.annotations(ofPart: parts[0]) == Array(made[..<2]), "another log")
        let time = made[0].annotation.time ?? 0
        try StoreConformance.require(abs(time - Date().timeIntervalSince1970) < 300, "at \(time)")
        try StoreConformance.require(
            try await store.currentAnnotations(task: "labels") == [made[1], made[2]], "others hold")
        try StoreConformance.require(
            try await store.currentAnnotations(task: "labels", after: parts[0], limit: 5) == [made[2]], "after a part")
        try StoreConformance.require(
            try await store.currentAnnotations(task: "labels", after: 0, limit: 1) == [made[1]], "the first")
        try StoreConformance.require(
            try await store.annotations(ofPart: parts[0], task: "other").isEmpty, "for another task")
        // Undoing goes back step by step, and is said.
        func undone() async throws -> AttributeValue? {
            try await store.undoAnnotation(part: parts[0], task: "labels", author: "bob")?.annotation.value
        }
        try StoreConformance.require(try await undone() == .text("cat"), "undone once")
        try StoreConformance.require(try await undone() == nil, "undone twice")
        let log = try await store.annotations(ofPart: parts[0], task: "labels")
        try StoreConformance.require(
            log.map(\.revision) == [1, 2, 3, 4] && log[2].annotation.origin == .undone(to: 1)
                && log[2].annotation.author == "bob" && log[3].annotation.value == nil, "\(log)")
        try StoreConformance.require(
            try await store.currentAnnotations(task: "labels") == [made[2]], "what was taken back holds")
        let none = try await store.undoAnnotation(part: parts[2], task: "labels", author: "bob")
        try StoreConformance.require(none == nil, "undid nothing")
        try StoreConformance.require(try await store.partsAndAnnotations().annotations == 5, "counts others")
    }

    static func annotationsStay(_ store: any VectorStore) async throws {
        let records = images(2, seed: 34)
        try await store.put(records)
        let box = AssetPart.box(x: 1, y: 2, width: 30, height: 40)
        _ = try await store.addParts([(records[0].path, [box])])
        let wholes = try await wholes(store, records)
        var boxes: [Int64] = []
        for place in try await store.places(after: nil, limit: 9, filter: nil) {
            boxes += try await store.parts(of: place.id).filter { $0.part == box }.map(\.id)
        }
        try StoreConformance.require(boxes.count == 1, "\(boxes)")
        try await store.annotate([
            label(.text("cat"), wholes[0]), label(.text("tail"), boxes[0]), label(.text("dog"), wholes[1]),
        ])
        var again = records[0]
        (again.embedding, again.caption, again.attributes) = (nil, "new words", ["fresh": true])
        try await store.put([again])
        // The file goes, is dropped, and comes back: it is the same part.
        try await store.markMissing([records[0].path])
        _ = try await store.prune()
        try await store.put([records[0]])
        let current = try await store.currentAnnotations(task: "labels").map(\.annotation)
        try StoreConformance.require(
            Set(current.map(\.value)).isSuperset(of: [.text("cat"), .text("dog")]), "\(current)")
        try StoreConformance.require(try await Self.wholes(store, records) == wholes, "other numbers")
        // Removal on request takes them.
        _ = try await store.remove(idsOrPaths: [records[0].path])
        let left = try await store.currentAnnotations(task: "labels").map(\.annotation.value)
        try StoreConformance.require(left == [.text("dog")], "\(left)")
    }

    static func otherAnnotations(_ store: any VectorStore) async throws {
        let records = images(1, seed: 35)
        try await store.put(records)
        let part = try await wholes(store, records)[0]
        var wrong = [
            label(.text("x"), part + 1), label(.number(.nan), part),
            label(.text(String(repeating: "a", count: 1 << 20)), part),
            label(.text("x"), part, .accepted(probability: 1.5)),
        ]
        for change: (inout Annotation) -> Void in [
            { $0.task = "" }, { $0.author = String(repeating: "a", count: 201) }, { $0.time = .infinity },
        ] {
            var annotation = label(.text("x"), part)
            change(&annotation)
            wrong.append(annotation)
        }
        for annotation in wrong {
            try await StoreConformance.refuses(.invalidRequest) {
                try await store.annotate([label(.text("good"), part), annotation])
            }
        }
        try StoreConformance.require(try await store.annotations(ofPart: part).isEmpty, "added a part of them")
        // The longest name, and texts of every kind.
        let value = AttributeValue.object([
            "a\"b\\": .list([.text("海\n😀"), .null, 1.5]), "c": .text(String(repeating: "é", count: 40_000)),
        ])
        var long = label(value, part)
        long.task = String(repeating: "t", count: 200)
        let stored = try await store.annotate([long])
        try StoreConformance.require(try await store.annotations(ofPart: part) == stored, "another value comes back")
        try StoreConformance.require(stored.first?.annotation.value == value, "another value was stored")
    }

    static func notes(_ store: any VectorStore) async throws {
        try StoreConformance.require(store.keepsNotes, "keeps none")
        try StoreConformance.require(try await store.note("a") == nil, "knows something")
        let large = Data((0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try await store.setNote("a", Data("one".utf8))
        try await store.setNote("b", large)
        try StoreConformance.require(try await store.note("b") == large, "another large note")
        try await store.setNote("b", Data())
        try await store.setNote("a", Data("two".utf8))
        try StoreConformance.require(try await store.note("a") == Data("two".utf8), "not replaced")
        try StoreConformance.require(try await store.note("b") == Data(), "not emptied")
    }
}
