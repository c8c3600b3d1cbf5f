#if Milvus
    import Diptych
    import DiptychMilvus
    import DiptychSearch
    import DiptychTestSupport
    import Foundation
    import Testing

    @Suite("Copies between stores", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing), .serialized)
    struct CopyTests {
        @Test func eitherWayAndBack() async throws {
            let (source, remote, back) = (try await Local(), try await Items.store("copies"), try await Local())
            try await source.store.put(Items.records(0..<600))
            try await source.store.markMissing([Items.record(5).path])
            struct Stop: Error {}
            // Stopped in the middle, then run again.
            await #expect(throws: Stop.self) {
                try await StoreCopy(from: source.store, to: remote).run { if $0 > 300 { throw Stop() } }
            }
            let there = try await remote.info()
            #expect(there.count + there.missing == 512)
            let summary = try await StoreCopy(from: source.store, to: remote).run()
            #expect(summary.total == 600 && summary.copied == 88 && summary.unchanged == 512 && summary.compared == 200)
            let second = try await StoreCopy(from: remote, to: back.store).run()
            #expect(second.total == 600 && second.copied == 600)
            #expect(try await StoreCopy(from: remote, to: back.store).run().copied == 0)
            func all(_ store: any VectorStore) async throws -> [String: [Float]] {
                var all: [String: [Float]] = [:]
                try await store.forEachItem { item, embedding in
                    var facts = item.attributes
                    facts.added = 0
                    all["\(item.path) \(item.missing) \(item.content.bytes.base64EncodedString()) \(facts)"] =
                        embedding.values
                }
                return all
            }
            // Attributes print in no order; the dictionaries inside are compared by the known items.
            let names = Items.records(0..<600).map(\.path)
            #expect(try await source.store.known(names) == back.store.known(names))
            #expect(try await Set(all(source.store).values) == Set(all(back.store).values))
            // One more than the source has is said.
            try await remote.put([Items.record(700)])
            let error = await #expect(throws: StoreError.self) {
                try await StoreCopy(from: source.store, to: remote).run()
            }
            #expect(error?.description.contains("1 more") == true)
            // So is an embedding that is another.
            var wrong = Items.record(9)
            wrong.embedding = Items.embedding(4711)
            try await remote.put([wrong])
            _ = try await remote.remove(idsOrPaths: [Items.record(700).path])
            let small = try await Local()
            try await small.store.put([Items.record(9)])
            let other = try await Items.store("copies_other")
            try await other.put([wrong])
            let difference = await #expect(throws: StoreError.self) {
                try await StoreCopy(from: small.store, to: other).run()
            }
            #expect(difference?.kind == .damaged)
            try await remote.drop()
            try await other.drop()
        }
    }
#endif
