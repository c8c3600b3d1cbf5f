#if Milvus
    import Diptych
    import DiptychMilvus
    import DiptychSearch
    import DiptychTestSupport
    import Foundation
    import Testing

    /// `verify` reads all collections of a store.
    @Suite("Milvus verification", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing), .serialized)
    struct VerifyTests {
        @Test func damageInAnyCollectionIsNamed() async throws {
            let address = try await MilvusServer.shared.value.address("verified", options: "?consistency=strong")
            let store = try await MilvusStore.open(address, like: Items.identity)
            try await store.put(Items.records(0..<4))
            let id = try #require(try await store.places(after: nil, limit: 1, filter: nil).first?.id)
            let part = try #require(try await store.parts(of: id).first)
            _ = try await store.annotate([
                Annotation(part: part.id, task: "labels", value: ["a", "b"], author: "x"),
                // A value of several rows.
                Annotation(
                    part: part.id, task: "long", value: .text(String(repeating: "字", count: 50_000)), author: "x"),
            ])
            try await store.setNote("kept", Data([1, 2, 3]))
            #expect(try await store.verify() == [])

            let client = try MilvusClient(address)
            let records = MilvusCollection(
                client: client, layout: .records, name: "\(client.address.collection)_records", index: .flat)
            func row(_ key: Int64, kind: String, part: Int64, pieces: Int64, value: String, facts: String) async throws
            {
                try await records.upsert(
                    [
                        "id": .longs([key]), "unused": .vectors([1, 0]), "kind": .texts([kind]), "name": .texts(["n"]),
                        "part": .longs([part]), "item": .longs([0]), "content": .texts([""]), "revision": .longs([1]),
                        "piece": .longs([0]), "pieces": .longs([pieces]), "value": .texts([value]),
                        "facts": .texts([facts]),
                    ], rows: 1)
            }
            let facts = #"{"author":"x","time":1,"how":"typed","hasValue":true,"nonce":7}"#
            try await row(1, kind: "annotation", part: part.id, pieces: 1, value: "{", facts: facts)
            try await row(2, kind: "annotation", part: part.id, pieces: 1, value: "1", facts: "not JSON")
            try await row(3, kind: "annotation", part: 12_345, pieces: 1, value: "1", facts: facts)
            try await row(4, kind: "note", part: 0, pieces: 3, value: "AAAA", facts: "")
            let found = try await store.verify()
            for words in [
                "annotation of part \(part.id): its value is not JSON",
                "annotation of part \(part.id): who said it and when cannot be read",
                "part 12345: has annotations and is not there", "note n: 1 of its 3 pieces are there",
            ] { #expect(found.contains(words), "\(found)") }
            #expect(found.count == 4)
            try await store.drop()
        }

        @Test func embeddingsOfFurtherModelsAreRead() async throws {
            let address = try await MilvusServer.shared.value.address("verified2", options: "?consistency=strong")
            let (model, files) = (try await TinyModel.load(), try TinyModel.other())
            let other = try await CLIPModel.load(files.path)
            let folder = try TemporaryDirectory()
            var generator = SeededGenerator(1)
            try folder.write(generator.png(), to: "a.png")
            let first = try await MilvusStore.open(address, for: model)
            _ = try await Indexer(store: first, model: model).index([folder.path])
            let second = try await MilvusStore.open(address, addingSpaceFor: other)
            _ = try await SpaceFiller(store: second, model: other).fill()
            #expect(try await first.verify() == [])
            let vectors = MilvusCollection(
                client: try MilvusClient(address), layout: .vectors(dimension: other.dimension),
                name: "verified2_space_2")
            try await vectors.upsert(
                [
                    "id": .longs([99]), "embedding": .vectors([Float](repeating: 3, count: other.dimension)),
                    "item": .longs([99]), "part": .longs([0]), "content": .texts([""]),
                ], rows: 1)
            let found = try await first.verify()
            #expect(found.count == 1 && found.first?.contains("part 99") == true, "\(found)")
            #expect(found.first?.contains("'\(second.space.name)'") == true)
            try await first.drop()
        }
    }
#endif
