internal import Diptych
internal import DiptychSearch
internal import Foundation

extension CatalogueConformance {
    static func putReplaces(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 16)
        var records = items.records(30)
        try await store.put(records)
        let before = try await store.places(after: nil, limit: 100, filter: nil)
        let others = items.records(30)
        for index in 0..<10 {
            records[index].embedding = others[index].embedding
            records[index].content = others[index].content
            records[index].caption = "new words"
            records[index].attributes = ["fresh": true]
        }
        // The same path twice in one call: the last counts.
        var twice = records[3]
        twice.caption = "last words"
        try await store.put(Array(records[..<10]) + [twice])
        let after = try await store.places(after: nil, limit: 100, filter: nil)
        try StoreConformance.require(before == after, "ids or paths changed")
        let fresh = try await store.places(after: nil, limit: 100, filter: try Filter("fresh = true"))
        try StoreConformance.require(
            Set(fresh.map(\.path)) == Set(records[..<10].map(\.path)), "\(fresh.count) are fresh")
        let known = try await store.known([records[3].path, records[4].path])
        try StoreConformance.require(known[0]?.caption == "last words" && known[1]?.caption == "new words", "\(known)")
        let hit = try await store.search(
            SearchRequest(others[5].embedding ?? StoreConformance.query(1), limit: 1, isExact: true))
        try StoreConformance.require(
            hit.first?.path == records[5].path && (hit.first?.similarity ?? 0) > 0.9999, "the old embedding")
    }

    static func contentIsShared(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 17)
        var records = items.records(2)
        records[1].content = records[0].content
        records[1].embedding = nil
        try await store.put(records)
        var later = items.records(1)[0]
        later.path = "/elsewhere/copy.jpg"
        later.content = records[0].content
        later.embedding = nil
        later.image = nil
        try await store.put([later])
        let hits = try await store.search(
            SearchRequest(records[0].embedding ?? StoreConformance.query(1), limit: 5, isExact: true))
        try StoreConformance.require(
            hits.count == 3 && hits.allSatisfy { $0.similarity > 0.9999 }, "\(hits.map(\.similarity))")
        let copy = hits.first { $0.path == later.path }
        try StoreConformance.require(copy?.attributes.width == records[0].image?.width, "a copy has other facts")
    }

    static func vanishedItems(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 18)
        let records = items.records(20)
        try await store.put(records)
        let gone = records[..<5].map(\.path)
        try await store.markMissing(gone + ["/nowhere"])
        let info = try await store.info()
        try StoreConformance.require(info.count == 15 && info.missing == 5, "\(info)")
        let found = try await store.search(SearchRequest(StoreConformance.query(1), limit: 50, isExact: true))
        try StoreConformance.require(Set(found.map(\.path)) == Set(records[5...].map(\.path)), "found \(found.count)")
        try StoreConformance.require(
            try await store.known(gone).allSatisfy { $0?.isMissing == true }, "not known as vanished")
        var back = records[0]
        back.embedding = nil
        try await store.put([back])
        try StoreConformance.require(try await store.info().count == 16, "does not come back")
        let dropped = try await store.prune()
        try StoreConformance.require(dropped.items == 4, "dropped \(dropped)")
        try StoreConformance.require(try await store.info().missing == 0, "keeps vanished items")
        try StoreConformance.require(try await store.known(gone).compactMap { $0 }.count == 1, "knows what was dropped")
    }

    static func removal(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 19)
        let records =
            items.records(10, folder: "/one") + items.records(10, folder: "/one_two") + items.records(10, folder: "/%")
        try await store.put(records)
        try StoreConformance.require(try await store.remove(idsOrPaths: ["/one"]) == 10, "a folder")
        try StoreConformance.require(try await store.remove(idsOrPaths: ["/%"]) == 10, "a folder that is a pattern")
        try StoreConformance.require(try await store.remove(idsOrPaths: [records[12].path]) == 1, "a path")
        let places = try await store.places(after: nil, limit: 100, filter: nil)
        try StoreConformance.require(places.count == 9, "\(places.count) are left")
        try StoreConformance.require(
            try await store.remove(idsOrPaths: [places[0].id, "999", "nothing"]) == 1, "an id")
        try StoreConformance.require(try await store.info().count == 8, "not counted")
        try await StoreConformance.refuses(.invalidRequest) { _ = try await store.remove(idsOrPaths: [""]) }
        let found = try await store.search(SearchRequest(StoreConformance.query(1), limit: 50, isExact: true))
        try StoreConformance.require(found.count == 8, "finds \(found.count)")
    }

    static func filters(_ store: any VectorStore) async throws {
        var items = RandomItems(seed: 20)
        try await store.put(items.records(150))
        var all: [StoredItem] = []
        try await store.forEachItem { item, _ in all.append(item) }
        var accepted = 0
        for _ in 0..<300 {
            let text = items.filter()
            let filter = try Filter(text)
            let expected = Set(all.filter(filter.accepts).map(\.id))
            let found = try await store.places(after: nil, limit: 1000, filter: filter)
            try StoreConformance.require(
                Set(found.map(\.id)) == expected,
                "\(text) accepts \(found.count) instead of \(expected.count)")
            accepted += expected.isEmpty || expected.count == all.count ? 0 : 1
        }
        try StoreConformance.require(accepted > 150, "only \(accepted) filters told items apart")
    }
}
