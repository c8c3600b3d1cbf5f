#if Milvus
    import Diptych
    import DiptychMilvus
    import DiptychSearch
    import DiptychTestSupport
    import Foundation
    import Testing

    /// What every store promises, on a server; where it can be compared, with the embedded store.
    @Suite("Milvus store", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing), .serialized)
    struct StoreTests {
        @Test func findsWhatTheEmbeddedStoreFinds() async throws {
            for options in [
                "", "?index=flat", "?index=hnsw", "?shards=2&index=ivf_flat&nlist=16&nprobe=2",
                "?metric=cosine&nlist=8", "?metric=l2&index=hnsw", "?metric=l2&nlist=4",
            ] {
                let (store, local) = (
                    try await Items.store("finds_\(options.filter(\.isLetter))", options: options), try await Local()
                )
                try await store.put(Items.records(0..<200))
                try await local.store.put(Items.records(0..<200))
                for seed in 0..<10 {
                    for request in [
                        SearchRequest(Items.embedding(UInt64(1000 + seed)), limit: 10),
                        SearchRequest(Items.embedding(UInt64(1000 + seed)), limit: 500),
                        SearchRequest(
                            Items.embedding(UInt64(1000 + seed)), limit: 20, isExact: true, includesEmbeddings: true),
                        SearchRequest(Items.embedding(UInt64(seed)), limit: 9, minimumSimilarity: 0.2),
                        SearchRequest(
                            Items.embedding(UInt64(seed)), limit: 3, filter: try Filter("rating = 3"), isExact: true),
                    ] {
                        let (hits, wanted) = (try await store.search(request), try await local.store.search(request))
                        #expect(hits.map(\.path) == wanted.map(\.path))
                        for (hit, same) in zip(hits, wanted) {
                            #expect(abs(hit.similarity - same.similarity) < 1e-5)
                            #expect(hit.embedding == same.embedding)
                            var (own, other) = (hit.attributes, same.attributes)
                            (own.added, other.added) = (0, 0)
                            #expect(own == other)
                        }
                        #expect(hits.isExact == request.isExact)
                    }
                }
                #expect(try await store.search(Items.embedding(1), limit: 0).isEmpty)
                #expect(try await store.verify().isEmpty)
                try await store.drop()
            }
        }

        @Test func refusesQueriesThatAreNone() async throws {
            let store = try await Items.store("bad_queries")
            for (query, kind) in [
                (Embedding(values: [1, 0]), StoreError.Kind.otherModel),
                (Embedding(values: Array(repeating: .nan, count: Items.dimension)), .invalidRequest),
            ] {
                let error = await #expect(throws: StoreError.self) { try await store.search(query) }
                #expect(error?.kind == kind)
            }
            try await store.drop()
        }

        @Test func equalItemsComeByIdAndPagesAreStable() async throws {
            let store = try await Items.store("pages")
            // Five items each have the same embedding.
            let records = (0..<60).map { number in
                var record = Items.record(number)
                record.embedding = Items.embedding(UInt64(number / 5))
                return record
            }
            try await store.put(records)
            let query = Items.embedding(77)
            let whole = try await store.search(SearchRequest(query, limit: 60))
            #expect(whole.count == 60)
            let order = whole.hits.map { ($0.similarity, Int64($0.id)!) }
            #expect(zip(order, order.dropFirst()).allSatisfy { $0.0 > $1.0 || ($0.0 == $1.0 && $0.1 < $1.1) })
            #expect(Set(zip(order, order.dropFirst()).filter { $0.0 == $1.0 }.map(\.0.0)).count == 12)
            var (paged, cursor): ([String], SearchCursor?) = ([], nil)
            var number = 0
            repeat {
                let page = try await store.search(SearchRequest(query, limit: 7, after: cursor))
                paged += page.map(\.path)
                cursor = page.next
                // What is added meanwhile does not move the pages.
                number += 1
                var record = Items.record(1000 + number)
                record.embedding = query
                try await store.put([record])
            } while cursor != nil
            #expect(paged == whole.map(\.path))
            try await store.drop()
        }

        @Test func keepsWhatIsKnownAndReplaces() async throws {
            let (store, local) = (try await Items.store("known"), try await Local())
            for both in [store, local.store] as [any VectorStore] {
                try await both.put(Items.records(0..<40))
                #expect(try both.hasEmbedding(of: Items.content(3)))
                #expect(try !both.hasEmbedding(of: Items.content(99)))
                #expect(try await both.known([""]) == [nil])
                // A copy of known content comes without an embedding, as does another behind one that has it.
                var copy = Items.record(3)
                copy.path = "/copy.jpg"
                (copy.embedding, copy.image) = (nil, nil)
                var (first, second) = (Items.record(50), Items.record(50))
                (second.path, second.embedding) = ("/second.jpg", nil)
                first.caption = "one"
                var last = first
                last.caption = "two"
                try await both.put([copy, first, second, last])
                var unknown = Items.record(60)
                unknown.embedding = nil
                let (stranger, sound) = (unknown, Items.record(61))
                await #expect(throws: StoreError.self) { try await both.put([sound, stranger]) }
                #expect(try await both.known([sound.path]) == [nil])
            }
            let names = Items.records(0..<51).map(\.path) + ["/copy.jpg", "/second.jpg", "/none"]
            #expect(try await store.known(names) == local.store.known(names))
            #expect(try await store.known([Items.record(50).path])[0]?.caption == "two")
            let (items, same) = (
                try await store.items(after: nil, limit: 100, filter: nil),
                try await local.store.items(after: nil, limit: 100, filter: nil)
            )
            #expect(
                Dictionary(uniqueKeysWithValues: items.map { ($0.0.path, $0.1) })
                    == Dictionary(uniqueKeysWithValues: same.map { ($0.0.path, $0.1) }))
            // Replacing keeps when it was first stored.
            let before = try #require(items.first { $0.0.path == "/copy.jpg" }).0
            #expect(before.attributes.width == 103)
            try await Task.sleep(for: .milliseconds(20))
            var again = Items.record(3)
            (again.path, again.caption) = ("/copy.jpg", "new")
            try await store.put([again])
            let after = try #require(try await store.items(ids: [before.id]).first).0
            #expect(after.attributes.added == before.attributes.added)
            #expect(after.attributes.caption == "new")
            #expect(try await store.items(ids: ["x", "1", "-3", before.id, before.id]).count == 2)
            try await store.drop()
        }

        @Test func hidesWhatVanishedAndRemoves() async throws {
            let store = try await Items.store("vanish")
            try await store.put(Items.records(0..<40))
            let gone = Items.records(0..<5).map(\.path)
            try await store.markMissing(gone + ["/none"])
            #expect(try await store.search(Items.embedding(1), limit: 100).count == 35)
            #expect(try await store.info().missing == 5)
            #expect(try await store.known(gone).allSatisfy { $0?.isMissing == true })
            try await store.put([Items.record(0)])
            #expect(try await store.known([gone[0]])[0]?.isMissing == false)
            #expect(try await store.search(Items.embedding(1), limit: 100).count == 36)
            #expect(try await store.prune().items == 4)
            #expect(try await store.info().count == 36)
            #expect(try await store.remove(idsOrPaths: ["/none", "123"]) == 0)
            let one = try #require(try await store.places(after: nil, limit: 1, filter: nil).first)
            #expect(try await store.remove(idsOrPaths: [one.id]) == 1)
            #expect(try await store.remove(idsOrPaths: [one.path]) == 0)
            let sea = try await paths(store, .under("/p/sea"))
            #expect(sea.count > 3)
            #expect(try await store.remove(idsOrPaths: ["/p/sea"]) == sea.count)
            #expect(try await paths(store, .under("/p/sea")).isEmpty)
            await #expect(throws: StoreError.self) { try await store.remove(idsOrPaths: [""]) }
            #expect(try await store.info().count == 35 - sea.count)
            try await store.drop()
        }

        @Test func refusesRecordsThatWouldHarm() async throws {
            let store = try await Items.store("harm")
            var records: [ItemRecord] = []
            func change(_ body: (inout ItemRecord) -> Void) {
                var record = Items.record(1)
                body(&record)
                records.append(record)
            }
            change { $0.path = "" }
            change { $0.path = "a\0b" }
            change { $0.path = String(repeating: "a", count: 16385) }
            change { $0.embedding = Embedding(values: [1]) }
            change { $0.embedding = Embedding(values: Array(repeating: 1, count: Items.dimension)) }
            change { $0.embedding = Embedding(values: Array(repeating: .nan, count: Items.dimension)) }
            change { $0.caption = String(repeating: "a", count: 65536) }
            change { $0.attributes = ["a": .number(.infinity)] }
            change { $0.attributes = ["a": .text(String(repeating: "a", count: 65536))] }
            for record in records {
                let error = await #expect(throws: StoreError.self) { try await store.put([record]) }
                #expect(error?.kind == .invalidRequest)
            }
            #expect(try await store.info().count == 0)
            // The largest that fit, and are still filtered.
            var large = Items.record(1)
            large.attributes = ["text": .text(String(repeating: "ä", count: 32_000)), "rating": 3]
            large.caption = String(repeating: "word ", count: 13_000)
            try await store.put([large])
            #expect(try await paths(store, try Filter("rating = 3 and caption matches 'word'")) == [large.path])
            #expect(try await paths(store, try Filter("not rating = 3")) == [])
            #expect(try await paths(store, try Filter("rating != 4 and exists rating")) == [large.path])
            try await store.drop()
        }

        @Test func refusesOtherModelsAndOtherCollections() async throws {
            let store = try await Items.store("models")
            var other = Items.identity
            (other.model, other.fingerprint) = ("another", "fedcba9876543210")
            let address = try await MilvusServer.shared.value.address("models")
            let error = await #expect(throws: StoreError.self) { try await MilvusStore.open(address, like: other) }
            #expect(error?.kind == .otherModel)
            #expect(error?.description.contains("'test'") == true && error?.description.contains("'another'") == true)
            #expect(try await MilvusStore.open(address).identity.fingerprint == Items.identity.fingerprint)
            let missing = try await MilvusServer.shared.value.address("no_such")
            #expect(await #expect(throws: StoreError.self) { try await MilvusStore.open(missing) }?.kind == .missing)
            let nowhere = try await MilvusServer.shared.value.address("c", database: "no_such_database")
            #expect(await #expect(throws: StoreError.self) { try await MilvusStore.open(nowhere) }?.kind == .missing)
            // Somebody made it anew, for vectors of another width.
            try await store.drop()
            let strange = MilvusCollection(client: try MilvusClient(address), layout: .items(dimension: 32))
            try await strange.create(description: "something else")
            #expect(await #expect(throws: StoreError.self) { try await MilvusStore.open(address) }?.kind == .notAStore)
            let refusal = await #expect(throws: StoreError.self) { try await store.put(Items.records(0..<3)) }
            #expect(refusal != nil)
            #expect(try await strange.count("id > 0") == 0, "nothing of another width was written")
            try await strange.drop()
        }

        @Test func selectiveFiltersFindAllThatThereAre() async throws {
            // More rows than are searched one by one, in clusters far from each other.
            let store = try await Items.store("selective", options: "?nlist=64&nprobe=1")
            let total = 6000
            for start in stride(from: 0, to: total, by: 1000) {
                try await store.put(
                    (start..<start + 1000).map { number in
                        var generator = SeededGenerator(UInt64(number + 1))
                        var values = Items.embedding(UInt64(number % 50 + 1)).values
                        for (index, noise) in generator.unitVector(Items.dimension).enumerated() {
                            values[index] += 0.2 * noise
                        }
                        return ItemRecord(
                            path: "/c/\(number)", content: Items.content(number),
                            embedding: Embeddings(values: values, dimension: Items.dimension).normalized()[0],
                            attributes: ["group": .integer(Int64(number % 50)), "one": .integer(Int64(number % 600))])
                    })
            }
            try await store.flush()
            for seed in 1...10 {
                let hits = try await store.search(
                    SearchRequest(
                        Items.embedding(UInt64(seed)), limit: 10,
                        filter: .compare(.attribute("one"), .equal, .integer(7))))
                #expect(hits.count == 10, "ten items pass, far from the query")
                let far = try await store.search(
                    SearchRequest(
                        Items.embedding(UInt64(seed)), limit: 50,
                        filter: .compare(.attribute("group"), .equal, .integer(Int64((seed + 20) % 50)))))
                #expect(far.count == 50)
                let exact = try await store.search(
                    SearchRequest(
                        Items.embedding(UInt64(seed)), limit: 50,
                        filter: .compare(.attribute("group"), .equal, .integer(Int64((seed + 20) % 50))),
                        isExact: seed == 1))
                #expect(Set(far.map(\.path)).intersection(exact.map(\.path)).count >= 49)
            }
            #expect(try await store.search(Items.embedding(1), limit: 3000).count == 3000)
            try await store.drop()
        }
    }
#endif
