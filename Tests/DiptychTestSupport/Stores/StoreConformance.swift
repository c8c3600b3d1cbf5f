internal import Diptych
public import DiptychSearch
internal import Foundation

/// What every vector store must do, as checks on an empty store of 24-dimensional embeddings. Each throws
/// ``Violation`` where the store does something else.
public enum StoreConformance {
    /// What a store did wrong.
    public struct Violation: Error, CustomStringConvertible {
        /// Where and what.
        public let description: String
    }

    /// A check by its name.
    public struct Check: Sendable, CustomStringConvertible {
        /// The name, for reports.
        public let name: String
        /// Throws where the store does something else than it must.
        public let run: @Sendable (any VectorStore) async throws -> Void

        /// The name.
        public var description: String { name }
    }

    /// All checks; each wants an empty store of its own.
    public static let checks: [Check] = [
        Check(name: "an empty store finds nothing", run: emptyFindsNothing),
        Check(name: "the ranking is that of sorting everything", run: ranking),
        Check(name: "equal items come by id", run: equalItemsById),
        Check(name: "the minimum leaves out what is below", run: minimum),
        Check(name: "queries of another shape are refused", run: otherShapes),
        Check(name: "records of another shape are refused", run: otherRecords),
        Check(name: "what was put is known and listed", run: knownAndListed),
        Check(name: "putting again replaces", run: putReplaces),
        Check(name: "content is shared", run: contentIsShared),
        Check(name: "vanished items are not found and come back", run: vanishedItems),
        Check(name: "removal by id, path and folder", run: removal),
        Check(name: "filters accept what they say", run: filters),
        Check(name: "a filtered search finds k where k match", run: filteredSearch),
        Check(name: "pages are stable while items are added", run: paging),
        Check(name: "results carry embeddings on request", run: carriesEmbeddings),
    ]

    static func require(_ condition: Bool, _ what: @autoclosure () -> String, line: Int = #line) throws {
        guard condition else { throw Violation(description: "line \(line): \(what())") }
    }

    static func refuses(
        _ kind: StoreError.Kind, line: Int = #line, _ body: () async throws -> Void
    ) async throws {
        do { try await body() } catch let error as StoreError {
            return try require(error.kind == kind, "refused as \(error.kind.rawValue): \(error)", line: line)
        }
        throw Violation(description: "line \(line): was not refused")
    }

    static func dot(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// Paths with the cosine to `query`, best first.
    static func ranked(_ records: [ItemRecord], _ query: [Float]) -> [(path: String, cosine: Double)] {
        let length = dot(query, query).squareRoot()
        return records.map { ($0.path, dot($0.embedding?.values ?? [], query) / length) }.sorted { $0.1 > $1.1 }
    }

    static func query(_ seed: UInt64) -> Embedding {
        var generator = SeededGenerator(seed)
        return Embedding(values: generator.unitVector(24).map { $0 * 3 })
    }

    static func emptyFindsNothing(_ store: any VectorStore) async throws {
        try require(try await store.search(query(1)).isEmpty, "found something")
        try require(try await store.items(after: nil, limit: 10, filter: nil).isEmpty, "lists something")
        try require(try await store.known(["/a"]) == [nil], "knows something")
        try require(try await store.remove(idsOrPaths: ["/a", "7"]) == 0, "removed something")
        let info = try await store.info()
        try require(info.count == 0 && info.missing == 0 && info.dimension == 24, "\(info)")
        try require(try await store.verify() == [], "has problems")
    }

    static func ranking(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 1)
        let records = items.records(500)
        try await store.put(Array(records[..<200]))
        try await store.put(Array(records[200...]))
        for seed in 2..<6 {
            let query = query(UInt64(seed))
            let expected = ranked(records, query.values)
            for limit in [1, 10, 100] {
                let hits = try await store.search(SearchRequest(query, limit: limit, isExact: true))
                try require(hits.count == limit && Set(hits.map(\.id)).count == limit, "\(hits.count) of \(limit)")
                for (hit, best) in zip(hits, expected) {
                    try require(abs(Double(hit.similarity) - best.cosine) < 2e-6, "\(hit.similarity), \(best)")
                }
                try require(Set(hits.map(\.path)) == Set(expected.prefix(limit).map(\.path)), "other items")
            }
        }
        let both = try await store.search([SearchRequest(query(2), limit: 3), SearchRequest(query(3), limit: 5)])
        try require(both.map(\.count) == [3, 5], "a batch gives \(both.map(\.count))")
    }

    static func equalItemsById(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 9)
        var records = items.records(20)
        for index in 10..<20 {
            records[index].embedding = records[0].embedding
            records[index].content = records[0].content
        }
        try await store.put(records)
        guard let query = records[0].embedding else { return }
        let hits = try await store.search(SearchRequest(query, limit: 11, isExact: true))
        let ids = hits.compactMap { Int64($0.id) }
        try require(hits.count == 11 && ids == ids.sorted() && hits.allSatisfy { $0.similarity > 0.9999 }, "\(ids)")
        let four = try await store.search(SearchRequest(query, limit: 4, isExact: true))
        try require(four.map(\.id) == hits.prefix(4).map(\.id), "four are others")
    }

    static func minimum(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 11)
        let records = items.records(200)
        try await store.put(records)
        let query = query(12)
        for minimum: Float in [-1, 0, 0.2, 0.9] {
            let hits = try await store.search(
                SearchRequest(query, limit: 300, minimumSimilarity: minimum, isExact: true))
            let expected = ranked(records, query.values).filter { $0.cosine >= Double(minimum) }
            try require(Set(hits.map(\.path)) == Set(expected.map(\.path)), "at \(minimum): \(hits.count)")
        }
    }

    static func otherShapes(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 13)
        try await store.put(items.records(3))
        try await refuses(.otherModel) { _ = try await store.search(Embedding(values: [1])) }
        try await refuses(.invalidRequest) {
            _ = try await store.search(Embedding(values: [.nan] + [Float](repeating: 1, count: 23)))
        }
        try await refuses(.invalidRequest) { _ = try await store.search(query(1), minimumSimilarity: .nan) }
        for limit in [0, -1] { try require(try await store.search(query(1), limit: limit).isEmpty, "limit \(limit)") }
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
            try await refuses(.invalidRequest) { try await store.put(records) }
        }
        try require(try await store.info().count == 0, "stored a part")
        try await store.put([])
        try await store.put(good)
        try require(try await store.info().count == 4, "does not store any more")
    }

    static func knownAndListed(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 15)
        let records = items.records(60)
        try await store.put(records)
        let known = try await store.known(records.map(\.path) + ["/nowhere"])
        try require(known.count == 61 && known[60] == nil, "\(known.count)")
        for (known, record) in zip(known, records) {
            let expected = KnownItem(
                bytes: record.bytes, modified: record.modified, isSettled: record.isSettled, content: record.content,
                isMissing: false, caption: record.caption, attributes: record.attributes)
            try require(known == expected, "\(String(describing: known)) instead of \(expected)")
            try require(try store.hasEmbedding(of: record.content), "lost \(record.path)")
        }
        try require(try !store.hasEmbedding(of: ContentHash(of: Array("x".utf8))), "has what it has not")
        var listed: [String: (StoredItem, Embedding)] = [:]
        var ids: [Int64] = []
        try await store.forEachItem { item, embedding in
            listed[item.path] = (item, embedding)
            ids.append(Int64(item.id) ?? -1)
        }
        try require(listed.count == 60 && ids == ids.sorted() && Set(ids).count == 60, "listed \(listed.count)")
        for record in records {
            guard let (item, embedding) = listed[record.path] else { throw Violation(description: "\(record.path)") }
            try require(embedding == record.embedding && item.content == record.content, "another \(item)")
            let attributes = item.attributes
            try require(
                attributes.caption == record.caption && attributes.other == record.attributes
                    && attributes.width == record.image?.width && attributes.taken == record.image?.metadata.taken
                    && attributes.camera == record.image?.metadata.camera
                    && attributes.latitude == record.image?.metadata.latitude && attributes.bytes == record.bytes
                    && attributes.type == record.image?.metadata.format?.rawValue.lowercased()
                    && abs(attributes.added - Date().timeIntervalSince1970) < 300, "\(attributes)")
            let one = try await store.items(ids: [item.id])
            try require(one.count == 1 && one[0].0 == item, "by id another")
        }
        var places: [ItemPlace] = []
        while true {
            let page = try await store.places(after: places.last?.id, limit: 7, filter: nil)
            if page.isEmpty { break }
            places += page
        }
        try require(Set(places.map(\.path)) == Set(records.map(\.path)) && places.count == 60, "places")
    }
}
