#if Milvus
    import Diptych
    import DiptychMilvus
    import DiptychSearch
    import DiptychTestSupport
    import Foundation
    import Testing

    /// Collections that other programs made, with fields of other names.
    @Suite("Foreign Milvus collections", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing), .serialized)
    struct ForeignTests {
        private static let dimension = 16

        /// A collection of these fields, filled as a program would that knows nothing of Diptych.
        private func collection(
            _ name: String, _ layout: Layout, options: String = "", _ columns: [String: ColumnValues], rows: Int
        ) async throws -> MilvusCollection {
            let address = try await MilvusServer.shared.value.address(name, options: options)
            let collection = MilvusCollection(client: try MilvusClient(address), layout: layout)
            try await collection.create(description: "made elsewhere")
            if rows > 0 { try await collection.upsert(columns, rows: rows) }
            return collection
        }

        private func source(_ name: String, _ fields: String) async throws -> MilvusForeignCollection {
            try await .open(try await MilvusServer.shared.value.address(name, options: fields))
        }

        private func copy(_ source: MilvusForeignCollection, to store: any VectorStore) async throws
            -> EmbeddingCopy.Summary
        {
            var copy = EmbeddingCopy(to: store)
            try await source.forEachPage { try await copy.add($0) }
            try await copy.verify()
            return copy.summary
        }

        @Test func numberedRowsWithVectorsOfAnyLength() async throws {
            let layout = Layout(fields: [
                .init("m_id", .int64, isKey: true), .init("embeding", .vector(Self.dimension)),
                .init("path", .text(256)),
                .init("score", .double), .init("seen", .bool), .init("title", .text(100)),
                .init(Layout.dynamicName, .dynamic),
            ])
            let ids: [Int64] = [-5, 7, 1 << 60, 12, 99]
            var vectors = (0..<5).flatMap { number in
                Items.embedding(UInt64(number + 1)).values.map { $0 * Float(number + 2) }
            }
            // The last has no direction.
            for index in 4 * Self.dimension..<5 * Self.dimension { vectors[index] = 0 }
            let foreign = try await collection(
                "foreign_numbers", layout, options: "?metric=l2&nlist=4",
                [
                    "m_id": .longs(ids), "embeding": .vectors(vectors),
                    "path": .texts(ids.indices.map { "/elsewhere/\($0).jpg" }),
                    "score": .doubles([0.5, 1, 2.25, 3, 4]),
                    "seen": .bools([true, false, true, false, true]), "title": .texts(["a", "ü \"q\"", "", "d", "e"]),
                    Layout.dynamicName: .objects([#"{"color":"red","tags":[1,"x"]}"#, "{}", "{}", "{}", "{}"]),
                ], rows: 5)
            let source = try await source("foreign_numbers", "?id=m_id&vector=embeding&path=path")
            #expect(source.dimension == Self.dimension)
            #expect(try await source.count() == 5)
            let local = try await Local()
            let summary = try await copy(source, to: local.store)
            #expect(summary.copied == 4 && summary.total == 5 && summary.compared == 4 && summary.skippedCount == 1)
            #expect(summary.skipped.first?.path == "/elsewhere/4.jpg")
            // Again, nothing is to be done.
            let again = try await copy(source, to: local.store)
            #expect(again.unchanged == 4 && again.copied == 0)
            let hits = try await local.store.search(Items.embedding(2), limit: 1)
            #expect(hits.first?.path == "/elsewhere/1.jpg" && hits[0].similarity > 0.9999)
            #expect(
                hits.first?.attributes.other
                    == ["m_id": 7, "score": 1, "seen": .bool(false), "title": .text("ü \"q\"")])
            let red = try await local.store.items(
                after: nil, limit: 9, filter: try Filter("color = 'red' and tags has 'x'"))
            #expect(red.map(\.0.path) == ["/elsewhere/0.jpg"])
            #expect(red.first?.0.attributes.other["m_id"] == .integer(-5))
            #expect(red.first?.0.attributes.other["score"] == .number(0.5))
            // Nothing was written to it, and it is no store.
            #expect(try await foreign.count("m_id > -9223372036854775807") == 5)
            let address = try await MilvusServer.shared.value.address("foreign_numbers")
            let refusal = await #expect(throws: StoreError.self) { try await MilvusStore.open(address) }
            #expect(refusal?.kind == .notAStore)
            try await foreign.drop()
        }

        @Test func namedRowsOfManyPages() async throws {
            let layout = Layout(fields: [
                .init("name", .text(64), isKey: true), .init("v", .vector(Self.dimension)), .init("n", .int64),
            ])
            let names = (0..<2500).map { "row \($0 * 7919 % 2500) \"x\"" }
            let foreign = try await collection(
                "foreign_names", layout,
                [
                    "name": .texts(names), "v": .vectors((0..<2500).flatMap { Items.embedding(UInt64($0 + 1)).values }),
                    "n": .longs((0..<2500).map { Int64($0) }),
                ], rows: 2500)
            // The server releases it: it is loaded again.
            try await foreign.release()
            let source = try await source("foreign_names", "?id=name")
            let local = try await Local()
            let summary = try await copy(source, to: local.store)
            #expect(summary.copied == 2500 && summary.compared == 200 && summary.skippedCount == 0)
            let hit = try #require(try await local.store.search(Items.embedding(1234), limit: 1).first)
            #expect(hit.path == "foreign_names/\(names[1233])" && hit.attributes.other["n"] == 1233)
            // Into a collection it goes as well.
            let remote = try await Items.store("foreign_copy")
            #expect(try await copy(source, to: remote).copied == 2500)
            #expect(try await remote.info().count == 2500)
            try await remote.drop()
            try await foreign.drop()
        }

        @Test(arguments: [
            ("?id=m_id&vector=embedding&path=path", "there is no field 'embedding' for vector="),
            ("?id=nothing", "there is no field 'nothing' for id="), ("?vector=v&path=score", "'score' is a Double"),
            ("?vector=title", "'title' is a VarChar"), ("?id=score", "'score' is a Double"),
            ("?path=m_id", "'m_id' is a Int64"),
        ])
        func missingAndWrongFieldsAreSaidWithThoseThatThereAre(_ fields: String, _ reason: String) async throws {
            let layout = Layout(fields: [
                .init("m_id", .int64, isKey: true), .init("v", .vector(Self.dimension)), .init("score", .double),
                .init("title", .text(64)),
            ])
            let name = "foreign_wrong_\(fields.filter { $0.isLetter || $0 == "_" })"
            let foreign = try await collection(name, layout, [:], rows: 0)
            let error = await #expect(throws: StoreError.self) { try await source(name, fields) }
            #expect(error?.kind == .invalidRequest)
            let text = error?.description ?? ""
            #expect(text.contains(reason), "\(text)")
            #expect(
                text.contains(
                    "its fields are m_id (Int64, key), v (FloatVector of 16), score (Double), title (VarChar)"),
                "\(text)")
            #expect(!text.contains("\n"))
            try await foreign.drop()
        }

        @Test func aMissingCollectionIsSaid() async throws {
            let error = await #expect(throws: StoreError.self) { try await source("foreign_none", "?id=a") }
            #expect(error?.kind == .missing)
            let address = try await MilvusServer.shared.value.address("foreign_none", options: "?id=a")
            let refusal = await #expect(throws: StoreError.self) {
                try await MilvusStore.open(address, like: Items.identity)
            }
            #expect(refusal?.description.contains("store copy") == true)
        }
    }
#endif
