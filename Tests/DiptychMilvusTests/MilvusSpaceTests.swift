#if Milvus
    import Diptych
    import DiptychMilvus
    import DiptychSearch
    import DiptychTestSupport
    import Foundation
    import Testing

    /// Everything about a store lies on the server: parts, texts, several models and annotations.
    @Suite("Milvus spaces", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing), .serialized)
    struct MilvusSpaceTests {
        private func images(_ count: Int) throws -> TemporaryDirectory {
            let folder = try TemporaryDirectory()
            for number in 0..<count {
                var generator = SeededGenerator(UInt64(number))
                try folder.write(generator.png(), to: "\(number).png")
            }
            return folder
        }

        private func ranking(
            _ store: any VectorStore, _ model: CLIPModel, _ filter: String? = nil
        ) async throws -> [String] {
            let request = SearchRequest(
                try await model.embed(texts: ["a cat"])[0], limit: 50, filter: try filter.map { try Filter($0) })
            return try await store.search(request).map { "\($0.path) \($0.similarity) \($0.part?.part ?? .whole)" }
        }

        /// Rankings agree but for the rounding of sums.
        private func isSame(_ found: SearchResults, _ wanted: SearchResults) -> Bool {
            found.map(\.path) == wanted.map(\.path) && found.map(\.part?.part) == wanted.map(\.part?.part)
                && zip(found, wanted).allSatisfy { abs($0.similarity - $1.similarity) < 1e-5 }
        }

        @Test func aSecondModelFindsWhatAStoreOfItFinds() async throws {
            let (model, folder, files) = (try await TinyModel.load(), try images(12), try TinyModel.other())
            let other = try await CLIPModel.load(files.path)
            // Two stores write and read in turn.
            let address = try await MilvusServer.shared.value.address("spaces", options: "?consistency=strong")
            let first = try await MilvusStore.open(address, for: model)
            _ = try await Indexer(store: first, model: model).index([folder.path])
            let texts = ["a cat", "a dog"].enumerated().map { TextInput(path: "/t.txt#\($0 + 1)", text: $1) }
            _ = try await Indexer(store: first, model: model).index(texts: texts)
            let local = try TemporaryDirectory()
            let place = URL(fileURLWithPath: local.path("s"), isDirectory: true)
            let same = try await EmbeddedStore.open(at: place, for: model)
            _ = try await Indexer(store: same, model: model).index([folder.path])
            _ = try await Indexer(store: same, model: model).index(texts: texts)
            let box = AssetPart.box(x: 1, y: 2, width: 9, height: 8)
            let real = try await same.places(after: nil, limit: 1, filter: try Filter("name = '3.png'"))[0].path
            for store in [first, same] as [any VectorStore] {
                #expect(try await store.addParts([(real, [box])]) == [1])
                #expect(try await SpaceFiller(store: store, model: model).fill().embedded == 1)
            }
            let second = try await MilvusStore.open(address, addingSpaceFor: other)
            #expect(second.space.id == 2)
            await #expect(throws: StoreError.self) { try await first.switchSpace(to: second.space.name) }
            #expect(try await SpaceFiller(store: second, model: other).fill().embedded == 15)
            #expect(try await SpaceFiller(store: second, model: other).fill().embedded == 0)
            let twin = try await EmbeddedStore.open(at: place, addingSpaceFor: other)
            _ = try await SpaceFiller(store: twin, model: other).fill()
            for filter in [nil, "kind = text", "kind = image and width > 1", "name in ('3.png', '5.png')"] {
                for isExact in [false, true] {
                    func found(_ store: any VectorStore, _ model: CLIPModel) async throws -> SearchResults {
                        try await store.search(
                            SearchRequest(
                                model.embed(texts: ["a cat"])[0], limit: 9, filter: try filter.map { try Filter($0) },
                                isExact: isExact))
                    }
                    #expect(try await isSame(found(second, other), found(twin, other)), "\(filter ?? "all") \(isExact)")
                    #expect(try await isSame(found(first, model), found(same, model)), "\(filter ?? "all") \(isExact)")
                }
            }
            // What is indexed with the second model is found there, and has no embedding in the first.
            var generator = SeededGenerator(77)
            try folder.write(generator.png(), to: "new.png")
            #expect(try await Indexer(store: second, model: other).index([folder.path]).added == 1)
            #expect(try await ranking(second, other).contains { $0.contains("new.png") })
            #expect(try await !ranking(first, model).contains { $0.contains("new.png") })
            #expect(try await first.partsAndAnnotations().unembedded == 1)
            // A file that changes is not found by its old embedding.
            var another = SeededGenerator(78)
            try folder.write(another.png(), to: "5.png")
            #expect(try await Indexer(store: first, model: model).index([folder.path]).updated >= 1)
            #expect(try await !ranking(second, other).contains { $0.contains("/5.png") })
            #expect(try await SpaceFiller(store: second, model: other).fill().embedded == 1)
            #expect(try await ranking(second, other).contains { $0.contains("/5.png") })
            // Switching, by any machine.
            #expect(try await first.switchSpace(to: second.space.name).id == 2)
            let anywhere = try await MilvusStore.open(address)
            #expect(anywhere.space == second.space)
            #expect(try await anywhere.info().spaces.map(\.isCurrent) == [false, true])
            #expect(try await MilvusStore.open(address, space: "1").space.id == 1)
            await #expect(throws: StoreError.self) { try await MilvusStore.open(address, space: "none") }
            await #expect(throws: StoreError.self) { try await first.dropSpace("2") }
            await #expect(throws: StoreError.self) { try await first.dropSpace("1") }
            _ = try await first.switchSpace(to: "1", acceptsGaps: true)
            #expect(try await first.dropSpace("2").id == 2)
            #expect(try await first.info().spaces.map(\.id) == [1])
            // A number is never used again.
            #expect(try await MilvusStore.open(address, addingSpaceFor: other).space.id == 3)
            #expect(try await first.verify() == [])
            try await first.drop()
        }

        /// A collection as versions before this one made it.
        @Test func collectionsOfBeforeAreReadAndCopied() async throws {
            let address = try await MilvusServer.shared.value.address("before")
            let old = MilvusCollection(
                client: try MilvusClient(address), layout: .firstItems(dimension: Items.dimension))
            let encoder = JSONEncoder()
            let identity = String(decoding: try encoder.encode(Items.identity), as: UTF8.self)
            try await old.create(description: #"{"diptych":1,"identity":\#(identity)}"#)
            let rows = Rows(0..<40, dimension: Items.dimension)
            let names = ["kind", "item", "part", "extent", "embedded"]
            var columns = rows.columns.filter { !names.contains($0.key) }
            columns["content"] = .texts((0..<40).map { String(repeating: "0", count: 62) + String($0 + 10) })
            try await old.upsert(columns, rows: rows.count)
            let store = try await MilvusStore.open(address)
            #expect(try await store.info().count == 40)
            let hits = try await store.search(Embedding(values: rows.vector(17)), limit: 3)
            #expect(hits.first?.path == rows.paths[17] && hits.count == 3)
            #expect(try await paths(store, try Filter("kind = image")).count == 40)
            #expect(try await paths(store, try Filter("kind = text")).isEmpty)
            try await store.put(Items.records(0..<3))
            #expect(try await store.info().count == 43)
            // What it has no place for is refused in one line.
            for refused: () async throws -> Void in [
                { _ = try await store.addParts([(rows.paths[0], [.box(x: 0, y: 0, width: 1, height: 1)])]) },
                { _ = try await store.annotate([Annotation(part: rows.keys[0], task: "t", value: "x", author: "a")]) },
                { _ = try await store.switchSpace(to: "1") },
                {
                    var text = Items.record(50)
                    text.kind = .text
                    try await store.put([text])
                },
            ] {
                let error = await #expect(throws: StoreError.self) { try await refused() }
                #expect(error?.description.contains("store copy") == true, "\(error?.description ?? "")")
            }
            #expect(try await store.note("a") == nil)
            #expect(!store.keepsNotes)
            #expect(try await store.remove(idsOrPaths: [rows.paths[1]]) == 1)
            // A copy has all of that.
            let new = try await Items.store("after")
            #expect(try await StoreCopy(from: store, to: new).run().copied == 42)
            let part = try #require(try await new.places(after: nil, limit: 1, filter: nil).first)
            #expect(
                try await new.annotate([Annotation(part: Int64(part.id)!, task: "t", value: "x", author: "a")]).count
                    == 1)
            #expect(try await store.verify() == [])
            try await store.drop()
            try await new.drop()
        }

        @Test func theIndexIsBuilt() async throws {
            let store = try await Items.store("built", options: "?nlist=8")
            for start in stride(from: 0, to: 3000, by: 1000) {
                try await store.put(Items.records(start..<start + 1000))
            }
            #expect(try await store.indexProgress().total == 3000)
            try await store.buildIndex()
            var progress = try await store.indexProgress()
            for _ in 0..<120 where progress.state == .building || progress.indexed < 3000 {
                try await Task.sleep(for: .milliseconds(500))
                progress = try await store.indexProgress()
            }
            #expect(
                progress == IndexProgress(kind: "IVF_FLAT", metric: "IP", indexed: 3000, total: 3000, state: .finished))
            try await store.drop()
        }

        /// Several machines annotate at once: nothing that was said is lost.
        @Test func whatManySayAtOnceIsKept() async throws {
            let store = try await Items.store("many")
            try await store.put(Items.records(0..<2))
            let part = Int64(try await store.places(after: nil, limit: 1, filter: nil)[0].id)!
            let address = try await MilvusServer.shared.value.address("many")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for machine in 0..<6 {
                    group.addTask {
                        let own = try await MilvusStore.open(address)
                        for number in 0..<3 {
                            try await own.annotate([
                                Annotation(
                                    part: part, task: "labels", value: .text("\(machine) \(number)"),
                                    author: "m\(machine)")
                            ])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let log = try await store.annotations(ofPart: part, task: "labels")
            #expect(Set(log.map(\.annotation.value)).count == 18)
            #expect(log.map(\.revision).sorted() == Array(1...18))
            for machine in 0..<6 {
                #expect(
                    log.filter { $0.annotation.author == "m\(machine)" }.map(\.annotation.value)
                        == (0..<3).map { .text("\(machine) \($0)") })
            }
            try await store.drop()
        }
    }
#endif
