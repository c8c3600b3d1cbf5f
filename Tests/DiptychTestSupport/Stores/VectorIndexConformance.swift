internal import Diptych
internal import DiptychSearch
internal import Foundation

/// What every ``VectorIndex`` must do.
public enum VectorIndexConformance {
    /// All checks; each wants an empty store of its own.
    public static let checks: [StoreConformance.Check] = [
        .init(name: "an empty index finds nothing", run: emptyFindsNothing),
        .init(name: "the ranking is that of sorting everything", run: ranking),
        .init(name: "equal items come by id", run: equalItemsById),
        .init(name: "the minimum leaves out what is below", run: minimum),
        .init(name: "queries of another shape are refused", run: otherShapes),
        .init(name: "a filtered search finds k where k match", run: filteredSearch),
        .init(name: "pages are stable while items are added", run: paging),
        .init(name: "results carry embeddings on request", run: carriesEmbeddings),
        .init(name: "the best part of an item counts", run: bestPart),
        .init(name: "embeddings are added and removed by their parts", run: addedAndRemoved),
        .init(name: "progress counts all embeddings", run: progress),
        .init(name: "a sample is of the embeddings", run: sample),
    ]

    static func emptyFindsNothing(_ store: any VectorStore) async throws {
        try StoreConformance.require(try await store.search(StoreConformance.query(1)).isEmpty, "found something")
        try StoreConformance.require(try await store.sample(3).isEmpty, "samples something")
        try StoreConformance.require(try await store.unembeddedParts(after: 0, limit: 3).isEmpty, "wants something")
        let progress = try await store.indexProgress()
        try StoreConformance.require(
            progress.total == 0 && progress.indexed == 0 && store.space.identity.dimension == 24, "\(progress)")
    }

    static func ranking(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 1)
        let records = items.records(500)
        try await store.put(Array(records[..<200]))
        try await store.put(Array(records[200...]))
        for seed in 2..<6 {
            let query = StoreConformance.query(UInt64(seed))
            let expected = StoreConformance.ranked(records, query.values)
            for limit in [1, 10, 100] {
                let hits = try await store.search(SearchRequest(query, limit: limit, isExact: true))
                try StoreConformance.require(
                    hits.count == limit && Set(hits.map(\.id)).count == limit, "\(hits.count) of \(limit)")
                for (hit, best) in zip(hits, expected) {
                    try StoreConformance.require(
                        abs(Double(hit.similarity) - best.cosine) < 2e-6, "\(hit.similarity), \(best)")
                }
                try StoreConformance.require(
                    Set(hits.map(\.path)) == Set(expected.prefix(limit).map(\.path)), "other items")
            }
        }
        let both = try await store.search([
            SearchRequest(StoreConformance.query(2), limit: 3), SearchRequest(StoreConformance.query(3), limit: 5),
        ])
        try StoreConformance.require(both.map(\.count) == [3, 5], "a batch gives \(both.map(\.count))")
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
        try StoreConformance.require(
            hits.count == 11 && ids == ids.sorted() && hits.allSatisfy { $0.similarity > 0.9999 }, "\(ids)")
        let four = try await store.search(SearchRequest(query, limit: 4, isExact: true))
        try StoreConformance.require(four.map(\.id) == hits.prefix(4).map(\.id), "four are others")
    }

    static func minimum(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 11)
        let records = items.records(200)
        try await store.put(records)
        let query = StoreConformance.query(12)
        for minimum: Float in [-1, 0, 0.2, 0.9] {
            let hits = try await store.search(
                SearchRequest(query, limit: 300, minimumSimilarity: minimum, isExact: true))
            let expected = StoreConformance.ranked(records, query.values).filter { $0.cosine >= Double(minimum) }
            try StoreConformance.require(
                Set(hits.map(\.path)) == Set(expected.map(\.path)), "at \(minimum): \(hits.count)")
        }
    }

    static func otherShapes(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 13)
        try await store.put(items.records(3))
        try await StoreConformance.refuses(.otherModel) { _ = try await store.search(Embedding(values: [1])) }
        try await StoreConformance.refuses(.invalidRequest) {
            _ = try await store.search(Embedding(values: [.nan] + [Float](repeating: 1, count: 23)))
        }
        try await StoreConformance.refuses(.invalidRequest) {
            _ = try await store.search(StoreConformance.query(1), minimumSimilarity: .nan)
        }
        for limit in [0, -1] {
            try StoreConformance.require(
                try await store.search(StoreConformance.query(1), limit: limit).isEmpty, "limit \(limit)")
        }
    }

    static func filteredSearch(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 21)
        let records = items.records(400)
        try await store.put(records)
        for text in ["width < 300", "color = 'red'", "width < 60 or width > 5950", "tags has '海' and height > 100"] {
            let filter = try Filter(text)
            let all = try await store.places(after: nil, limit: 1000, filter: filter)
            let matching = Set(all.map(\.path))
            let query = StoreConformance.query(22)
            let expected = StoreConformance.ranked(records.filter { matching.contains($0.path) }, query.values).prefix(
                10)
            for isExact in [false, true] {
                let hits = try await store.search(SearchRequest(query, limit: 10, filter: filter, isExact: isExact))
                try StoreConformance.require(
                    Set(hits.map(\.path)) == Set(expected.map(\.path)) && !hits.isEmpty,
                    "\(text), exact \(isExact): \(hits.count) of \(expected.count)")
            }
        }
        let none = try await store.search(
            SearchRequest(StoreConformance.query(1), filter: try Filter("width > 100000")))
        try StoreConformance.require(none.isEmpty, "nothing matches, \(none.count) found")
    }

    static func paging(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 23)
        let records = items.records(60)
        try await store.put(records)
        let query = StoreConformance.query(24)
        let whole = try await store.search(SearchRequest(query, limit: 60, isExact: true)).map(\.id)
        var pages: [String] = []
        var cursor: SearchCursor?
        var count = 0
        repeat {
            let page = try await store.search(SearchRequest(query, limit: 7, isExact: true, after: cursor))
            pages += page.map(\.id)
            cursor = page.next
            count += 1
            // A cursor survives being written down.
            if let text = cursor?.description { try StoreConformance.require(SearchCursor(text) == cursor, text) }
            var more = items.records(5, folder: "/later/\(count)")
            // Nearer than anything else.
            for index in more.indices {
                more[index].embedding = Embeddings(values: query.values, dimension: 24).normalized()[0]
            }
            // A store may count time in milliseconds.
            try await Task.sleep(for: .milliseconds(5))
            try await store.put(more)
        } while cursor != nil && count < 30
        try StoreConformance.require(pages == whole, "\(pages.count) in pages, \(whole.count) at once")
    }

    static func carriesEmbeddings(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 25)
        let records = items.records(10)
        try await store.put(records)
        let hits = try await store.search(SearchRequest(StoreConformance.query(1), limit: 3, includesEmbeddings: true))
        for hit in hits {
            try StoreConformance.require(
                hit.embedding == records.first { $0.path == hit.path }?.embedding, "another embedding")
        }
        try StoreConformance.require(
            try await store.search(SearchRequest(StoreConformance.query(1), limit: 3)).allSatisfy {
                $0.embedding == nil
            }, "unasked")
    }
}
