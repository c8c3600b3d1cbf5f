#if Milvus
    import DiptychMilvus
    import Foundation
    import Testing

    /// A collection by itself: writing, reading, and what goes on behind its back.
    @Suite("Milvus collections", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing), .serialized)
    struct CollectionTests {
        private let dimension = 16

        private func collection(_ name: String, options: String = "") async throws -> MilvusCollection {
            let address = try await MilvusServer.shared.value.address(name, options: options)
            let collection = MilvusCollection(
                client: try MilvusClient(address), layout: .items(dimension: dimension))
            try await collection.create(description: "{}")
            return collection
        }

        private let all = "id > 0"

        @Test func makingTwiceChangesNothing() async throws {
            let collection = try await collection("twice")
            try await collection.upsert(Rows(0..<5, dimension: dimension).columns, rows: 5)
            try await collection.create(description: "{}")
            #expect(try await collection.count(all) == 5)
            let facts = try #require(try await MilvusCollection.description(collection.client))
            #expect(facts.description == "{}")
            #expect(facts.fits(.items(dimension: dimension)))
            #expect(!facts.fits(.items(dimension: 2 * dimension)))
            try await collection.drop()
            #expect(try await MilvusCollection.description(collection.client) == nil)
        }

        @Test func aThousandRowsAreFoundAndASecondWritingChangesNothing() async throws {
            let collection = try await collection("thousand")
            let rows = Rows(0..<1000, dimension: dimension)
            for _ in 0..<2 { try await collection.upsert(rows.columns, rows: rows.count) }
            #expect(try await collection.count(all) == 1000)
            let query = Rows.unit(dimension, seed: 99)
            let found = try await collection.search(
                [query, rows.vector(17)], limit: 10, filter: "", fields: ["path"], everywhere: true)
            #expect(found.counts == [10, 10])
            // By arithmetic on the rows themselves.
            let scores = (0..<rows.count).map { row in zip(rows.vector(row), query).reduce(0) { $0 + $1.0 * $1.1 } }
            let best = (0..<rows.count).sorted { scores[$0] > scores[$1] }.prefix(10)
            #expect(try Array(found.table.texts("path").prefix(10)) == best.map { rows.paths[$0] })
            for (score, row) in zip(found.scores, best) { #expect(abs(score - scores[row]) < 1e-5) }
            #expect(try found.table.texts("path")[10] == rows.paths[17])
            // What was deleted is gone at once for the one who deleted it.
            try await collection.delete([rows.keys[17]])
            let after = try await collection.search(
                [rows.vector(17)], limit: 1, filter: "", fields: ["path"], everywhere: true)
            #expect(try after.table.texts("path") != [rows.paths[17]])
            #expect(try await collection.count(all) == 999)
            try await collection.drop()
        }

        @Test func twoThousandSearchesInARowSucceed() async throws {
            let collection = try await collection("searches")
            try await collection.upsert(Rows(0..<50, dimension: dimension).columns, rows: 50)
            for number in 0..<2000 {
                let found = try await collection.search(
                    [Rows.unit(dimension, seed: UInt64(number))], limit: 3, filter: "", fields: [], everywhere: true)
                #expect(found.counts == [3])
            }
            try await collection.drop()
        }

        @Test func moreVectorsThanFitInTheUsualAnswerAreRead() async throws {
            let address = try await MilvusServer.shared.value.address("wide")
            let collection = MilvusCollection(client: try MilvusClient(address), layout: .items(dimension: 1024))
            try await collection.create(description: "{}")
            let rows = Rows(0..<1400, dimension: 1024)
            try await collection.upsert(rows.columns, rows: rows.count)
            let table = try await collection.query(all, fields: ["embedding", "path"], limit: 2000)
            #expect(table.rows == 1400)
            let vectors = try table.vectors("embedding", dimension: 1024)
            let row = try #require(try table.texts("path").firstIndex(of: rows.paths[3]))
            #expect(Array(vectors[row * 1024..<(row + 1) * 1024]) == rows.vector(3))
            try await collection.drop()
        }

        @Test func aReleasedCollectionIsLoadedAgain() async throws {
            let collection = try await collection("released")
            try await collection.upsert(Rows(0..<20, dimension: dimension).columns, rows: 20)
            try await collection.release()
            let found = try await collection.search(
                [Rows.unit(dimension, seed: 1)], limit: 5, filter: "", fields: [], everywhere: true)
            #expect(found.counts == [5])
            try await collection.drop()
        }

        @Test func aDroppedCollectionIsSaid() async throws {
            let collection = try await collection("dropped")
            try await collection.drop()
            let error = await #expect(throws: MilvusError.self) {
                try await collection.upsert(Rows(0..<1, dimension: 16).columns, rows: 1)
            }
            #expect(error?.kind == .missing, "\(error?.description ?? "")")
            await #expect(throws: MilvusError.self) { try await collection.count(all) }
        }

        @Test func partitionsByFolder() async throws {
            let collection = try await collection("partitions", options: "?partitions=4&shards=2&index=flat")
            let rows = Rows(0..<100, dimension: dimension)
            for _ in 0..<2 { try await collection.upsert(rows.columns, rows: rows.count) }
            #expect(try await collection.count(all) == 100)
            let facts = try #require(try await MilvusCollection.description(collection.client))
            #expect(facts.partitions == 4)
            #expect(facts.shards == 2)
            // A search of this server may find those of one shard only after a second writing; stores notice, and read.
            let found = try await collection.query(#"folder == "/pictures/3""#, fields: ["folder"], limit: 100)
            let folders = try found.texts("folder")
            #expect(folders == Array(repeating: "/pictures/3", count: 10), "\(folders.count): \(Set(folders))")
            try await collection.drop()
        }

        @Test(arguments: ["index=hnsw&m=8&ef_construction=64", "index=flat", "index=ivf_flat&nlist=16&nprobe=4"])
        func indexesOfEveryKind(_ options: String) async throws {
            let name = "index_" + options.filter(\.isLetter)
            let collection = try await collection(name, options: "?\(options)&consistency=strong")
            let rows = Rows(0..<200, dimension: dimension)
            try await collection.upsert(rows.columns, rows: rows.count)
            // Another process, which asks for the usual index, takes the one that is there.
            let again = MilvusCollection(
                client: try MilvusClient(try await MilvusServer.shared.value.address(name)),
                layout: .items(dimension: dimension))
            try await again.ready()
            let found = try await again.search(
                [rows.vector(5)], limit: 1, filter: "", fields: ["path"], everywhere: true)
            #expect(try found.table.texts("path").count <= 1)
            let own = try await collection.search(
                [rows.vector(5)], limit: 1, filter: "", fields: ["path"], everywhere: true)
            #expect(try own.table.texts("path") == [rows.paths[5]])
            try await collection.drop()
        }
    }
#endif
