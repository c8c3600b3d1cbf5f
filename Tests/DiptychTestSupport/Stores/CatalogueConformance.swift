internal import Diptych
internal import DiptychSearch
internal import Foundation

/// What every ``Catalogue`` must do.
public enum CatalogueConformance {
    /// All checks; each wants an empty store of its own.
    public static let checks: [StoreConformance.Check] = [
        .init(name: "an empty catalogue knows nothing", run: emptyKnowsNothing),
        .init(name: "what was put is known and listed", run: knownAndListed),
        .init(name: "records of another shape are refused", run: otherRecords),
        .init(name: "putting again replaces", run: putReplaces),
        .init(name: "content is shared", run: contentIsShared),
        .init(name: "vanished items are not found and come back", run: vanishedItems),
        .init(name: "removal by id, path and folder", run: removal),
        .init(name: "filters accept what they say", run: filters),
        .init(name: "texts are items of their kind", run: texts),
        .init(name: "parts are added once and go with their item", run: parts),
        .init(name: "parts outside of their image are refused", run: otherParts),
        .init(name: "annotations are revisions that can be taken back", run: annotations),
        .init(name: "annotations outlive indexing and go with removal", run: annotationsStay),
        .init(name: "annotations beyond a limit are refused", run: otherAnnotations),
        .init(name: "notes are kept", run: notes),
    ]

    static func emptyKnowsNothing(_ store: any VectorStore) async throws {
        try StoreConformance.require(try await store.known(["/a"]) == [nil], "knows something")
        try StoreConformance.require(
            try await store.items(after: nil, limit: 10, filter: nil).isEmpty, "lists something")
        try StoreConformance.require(
            try await store.remove(idsOrPaths: ["/a", "7"]) == 0, "removed something")
        try StoreConformance.require(try await store.parts(of: "7").isEmpty, "has parts of nothing")
        try StoreConformance.require(
            try await store.currentAnnotations(task: "labels").isEmpty, "says something")
        let info = try await store.info()
        try StoreConformance.require(info.count == 0 && info.missing == 0 && info.dimension == 24, "\(info)")
        try StoreConformance.require(try await store.verify() == [], "has problems")
    }

    static func knownAndListed(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 15)
        let records = items.records(60)
        try await store.put(records)
        let known = try await store.known(records.map(\.path) + ["/nowhere"])
        try StoreConformance.require(known.count == 61 && known[60] == nil, "\(known.count)")
        for (known, record) in zip(known, records) {
            let expected = KnownItem(
                bytes: record.bytes, modified: record.modified, isSettled: record.isSettled, content: record.content,
                isMissing: false, caption: record.caption, attributes: record.attributes)
            try StoreConformance.require(known == expected, "\(String(describing: known)) instead of \(expected)")
            try StoreConformance.require(try store.hasEmbedding(of: record.content), "lost \(record.path)")
        }
        try StoreConformance.require(
            try !store.hasEmbedding(of: ContentHash(of: Array("x".utf8))), "has what it has not")
        var listed: [String: (StoredItem, Embedding)] = [:]
        var ids: [Int64] = []
        try await store.forEachItem { item, embedding in
            listed[item.path] = (item, embedding)
            ids.append(Int64(item.id) ?? -1)
        }
        try StoreConformance.require(
            listed.count == 60 && ids == ids.sorted() && Set(ids).count == 60, "listed \(listed.count)")
        for record in records {
            guard let (item, embedding) = listed[record.path] else {
                throw StoreConformance.Violation(description: "\(record.path)")
            }
            try StoreConformance.require(
                embedding == record.embedding && item.content == record.content, "another \(item)")
            let attributes = item.attributes
            try StoreConformance.require(
                attributes.caption == record.caption && attributes.other == record.attributes
                    && attributes.width == record.image?.width && attributes.taken == record.image?.metadata.taken
                    && attributes.camera == record.image?.metadata.camera
                    && attributes.latitude == record.image?.metadata.latitude && attributes.bytes == record.bytes
                    && attributes.type == record.image?.metadata.format?.rawValue.lowercased()
                    && abs(attributes.added - Date().timeIntervalSince1970) < 300, "\(attributes)")
            let one = try await store.items(ids: [item.id])
            try StoreConformance.require(one.count == 1 && one[0].0 == item, "by id another")
        }
        var places: [ItemPlace] = []
        while true {
            let page = try await store.places(after: places.last?.id, limit: 7, filter: nil)
            if page.isEmpty { break }
            places += page
        }
        try StoreConformance.require(
            Set(places.map(\.path)) == Set(records.map(\.path)) && places.count == 60, "places")
    }

    static func otherRecords(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 14)
        let good = items.records(4)
        for change: @Sendable (inout ItemRecord) -> Void in [
            { $0.embedding = Embedding(values: [1]) },
            { $0.embedding = Embedding(values: [Float](repeating: 1, count: 24)) },
            { $0.embedding = Embedding(values: [Float](repeating: .nan, count: 24)) }, { $0.embedding = nil },
            { $0.path = "" }, { $0.path = "a\0b" }, { $0.caption = String(repeating: "x", count: 70_000) },
            { $0.attributes = ["x": .number(.infinity)] },
            { $0.attributes = ["x": .text(String(repeating: "y", count: 70_000))] },
        ] {
            var records = good
            change(&records[2])
            try await StoreConformance.refuses(.invalidRequest) { try await store.put(records) }
        }
        try StoreConformance.require(try await store.info().count == 0, "stored a part")
        try await store.put([])
        try await store.put(good)
        try StoreConformance.require(try await store.info().count == 4, "does not store any more")
    }
}
