internal import Diptych
internal import DiptychSearch
internal import Foundation

extension VectorIndexConformance {
    private static let halves: [AssetPart] = [0, 50].map { .box(x: $0, y: 0, width: 50, height: 80) }

    /// A store of images of 100 × 80 pixels in two halves each, which have embeddings of their own.
    private static func fill(
        _ store: any VectorStore, _ count: Int, seed: UInt64
    ) async throws -> (records: [ItemRecord], halves: [Int64: (path: String, embedding: Embedding)]) {
        var items = RandomItems(seed: seed)
        let records = items.records(count).map { record in
            var record = record
            record.image = ImageFacts(width: 100, height: 80)
            return record
        }
        try await store.put(records)
        _ = try await store.addParts(records.map { ($0.path, halves) })
        var generator = SeededGenerator(seed &+ 1)
        var made: [Int64: (path: String, embedding: Embedding)] = [:]
        var last: Int64 = 0
        while true {
            let wanted = try await store.unembeddedParts(after: last, limit: 7)
            guard let end = wanted.last?.part.id else { break }
            try StoreConformance.require(end > last && wanted.count <= 7, "\(end) behind \(last)")
            last = end
            for part in wanted {
                try StoreConformance.require(
                    halves.contains(part.part.part) && part.kind == .image
                        && records.contains { $0.path == part.path && $0.content == part.content }, "\(part)")
                made[part.part.id] = (part.path, Embedding(values: generator.unitVector(24)))
            }
            try await store.putEmbeddings(
                wanted.map { ($0.part, made[$0.part.id]?.embedding ?? StoreConformance.query(1)) })
        }
        try StoreConformance.require(made.count == 2 * count, "wanted \(made.count) of \(2 * count)")
        return (records, made)
    }

    /// Each item's best cosine to a query, best first.
    private static func best(
        _ records: [ItemRecord], _ halves: [Int64: (path: String, embedding: Embedding)], _ query: Embedding
    ) -> [(path: String, cosine: Double, part: Int64?)] {
        let length = StoreConformance.dot(query.values, query.values).squareRoot()
        return records.map { record in
            var all: [(cosine: Double, part: Int64?)] = [
                (StoreConformance.dot(record.embedding?.values ?? [], query.values) / length, nil)
            ]
            for (id, half) in halves where half.path == record.path {
                all.append((StoreConformance.dot(half.embedding.values, query.values) / length, id))
            }
            let best = all.max { $0.cosine < $1.cosine } ?? (0, nil)
            return (record.path, best.cosine, best.part)
        }.sorted { $0.cosine > $1.cosine }
    }

    static func bestPart(_ store: any VectorStore) async throws {
        let (records, halves) = try await fill(store, 30, seed: 40)
        for seed in 41..<45 {
            let query = StoreConformance.query(UInt64(seed))
            for filter in [nil, try Filter("width = 100 and not name like '*_3.jpg'")] {
                let accepted = records.filter { filter == nil || !$0.path.hasSuffix("_3.jpg") }
                let expected = best(accepted, halves, query)
                for isExact in [false, true] {
                    let hits = try await store.search(
                        SearchRequest(query, limit: 12, filter: filter, isExact: isExact, includesEmbeddings: true))
                    try StoreConformance.require(
                        hits.map(\.path) == expected.prefix(12).map(\.path), "exact \(isExact): \(hits.map(\.path))")
                    for (hit, wanted) in zip(hits, expected) {
                        try StoreConformance.require(
                            abs(Double(hit.similarity) - wanted.cosine) < 2e-6 && hit.part?.id == wanted.part,
                            "\(hit), \(wanted)")
                        let own =
                            wanted.part.flatMap { halves[$0]?.embedding }
                            ?? records.first { $0.path == hit.path }?.embedding
                        try StoreConformance.require(hit.embedding == own, "another part's embedding")
                    }
                }
            }
            // Pages hold each item once.
            var (paged, cursor): ([String], SearchCursor?) = ([], nil)
            repeat {
                let page = try await store.search(SearchRequest(query, limit: 4, isExact: true, after: cursor))
                paged += page.map(\.path)
                cursor = page.next
            } while cursor != nil && paged.count < 100
            try StoreConformance.require(paged == best(records, halves, query).map(\.path), "pages: \(paged.count)")
        }
        let info = try await store.info()
        try StoreConformance.require(info.count == 30 && info.vectors == 90, "\(info)")
    }

    static func addedAndRemoved(_ store: any VectorStore) async throws {
        let (records, halves) = try await fill(store, 5, seed: 50)
        guard let (id, half) = halves.first else { return }
        func hit() async throws -> SearchHit? {
            try await store.search(SearchRequest(half.embedding, limit: 1, isExact: true)).first
        }
        try StoreConformance.require(try await hit()?.part?.id == id, "is not found")
        // What is there stays; what is gone is passed over.
        let part = StoredPart(
            id: id, asset: try await hit()?.part?.asset ?? 0, part: halves.isEmpty ? .whole : Self.halves[0])
        try await store.putEmbeddings([(part, StoreConformance.unit(51))])
        try StoreConformance.require(try await hit()?.part?.id == id, "was replaced")
        try await store.putEmbeddings([
            (StoredPart(id: id + 1_000_000, asset: id + 1_000_000, part: .whole), StoreConformance.unit(52))
        ])
        try StoreConformance.require(try await store.info().vectors == 15, "an embedding of nothing")
        try await StoreConformance.refuses(.invalidRequest) {
            try await store.putEmbeddings([(part, Embedding(values: [1]))])
        }
        // Removed, it is wanted again.
        try StoreConformance.require(
            try await store.removeEmbeddings(ofParts: [id, id + 1_000_000]) == 1, "removed others")
        try StoreConformance.require(try await hit()?.part?.id != id, "is still found")
        let wanted = try await store.unembeddedParts(after: 0, limit: 9)
        try StoreConformance.require(wanted.map(\.part.id) == [id], "\(wanted)")
        try await store.putEmbeddings([(wanted[0].part, half.embedding)])
        try StoreConformance.require(try await hit()?.part?.id == id, "is not found again")
        // A whole, too: the item stays, and counts no longer as embedded.
        let whole = try await store.places(after: nil, limit: 9, filter: nil).first { $0.path == records[0].path }
        let number = try await store.parts(of: whole?.id ?? "").first?.id ?? 0
        try StoreConformance.require(try await store.removeEmbeddings(ofParts: [number]) == 1, "no whole")
        try StoreConformance.require(
            try await store.known([records[0].path])[0]?.isEmbedded == false, "counts as embedded")
        try StoreConformance.require(try await store.info().count == 5, "the item has gone")
        try StoreConformance.require(
            try await store.unembeddedParts(after: 0, limit: 9).map(\.part.id) == [number], "not wanted")
    }

    static func progress(_ store: any VectorStore) async throws {
        let (records, _) = try await fill(store, 20, seed: 60)
        try await store.buildIndex()
        let progress = try await store.indexProgress()
        try StoreConformance.require(
            progress.total == 60 && (0...60).contains(progress.indexed) && progress.state == .finished
                && !progress.kind.isEmpty, "\(progress)")
        try StoreConformance.require(try await store.info().index == progress, "info says otherwise")
        _ = try await store.remove(idsOrPaths: [records[0].path])
        try StoreConformance.require(try await store.indexProgress().total == 57, "counts what was removed")
    }

    static func sample(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 70)
        let records = items.records(40)
        try await store.put(records)
        let all = Set(records.compactMap { $0.embedding?.values })
        let some = try await store.sample(10)
        try StoreConformance.require(
            some.count == 10 && some.allSatisfy { all.contains($0.values) } && Set(some.map(\.values)).count == 10,
            "\(some.count)")
        try StoreConformance.require(try await store.sample(0).isEmpty, "none")
    }
}
