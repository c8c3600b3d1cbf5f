import DiptychCheckpoints
import Foundation
import Testing

/// Indexing, searching and looking after a store.
struct StoreTests {
    private struct Summary: Decodable {
        struct Skipped: Decodable { let path, reason: String }
        let added, updated, moved, unchanged, removed, reused, skipped_count: Int
        let skipped: [Skipped]
    }

    private struct Item: Decodable {
        let id, path: String
        let missing: Bool
        let embedding: [Float]?
    }

    /// A folder of images that a test may change, and a store of it.
    private struct World {
        let folder: TemporaryFolder
        var images: String { folder / "pictures" }
        var store: String { folder / "store" }

        init() throws {
            folder = try TemporaryFolder()
            try FileManager.default.copyItem(atPath: Fixture.images, toPath: images)
        }

        func index(_ options: String..., status: Int32 = 0) throws -> Summary {
            let result = try Command.run(["index", images, "--store", store, "--format", "json"] + options)
            #expect(result.status == status, "\(result.error)")
            return try result.json()
        }

        func items() throws -> [Item] {
            struct List: Decodable { let items: [Item] }
            return try Command.run("store", "list", "--format", "json", "--store", store).json(List.self).items
        }
    }

    @Test func `indexing again only does what is new, changed or gone`() throws {
        let world = try World()
        let manager = FileManager.default
        #expect(try world.index().added == 5)
        #expect(try world.index().unchanged == 5)

        try manager.moveItem(atPath: world.images + "/wide.jpg", toPath: world.images + "/moved.jpg")
        try manager.removeItem(atPath: world.images + "/tiny.png")
        try Data("no image".utf8).write(to: URL(fileURLWithPath: world.images + "/broken.png"))
        let changed = try Data(contentsOf: URL(fileURLWithPath: world.images + "/tall.png"))
        try changed.write(to: URL(fileURLWithPath: world.images + "/grey.png"))
        let summary = try world.index(status: 3)
        #expect(summary.added == 0 && summary.updated == 1 && summary.unchanged == 2 && summary.removed == 1)
        #expect(summary.moved == 1 && summary.reused == 1 && summary.skipped_count == 1)
        #expect(summary.skipped.first?.path.hasSuffix("/broken.png") == true)
        #expect(try world.items().filter(\.missing).count == 1)

        try manager.removeItem(atPath: world.images + "/broken.png")
        #expect(try world.index("--prune").unchanged == 4)
        let items = try world.items()
        #expect(items.count == 4 && !items.contains(where: \.missing))
        #expect(try Command.run("store", "verify", "--store", world.store).status == 0)
    }

    @Test func `search finds by text, image and both, with the store's own model`() throws {
        let world = try World()
        _ = try world.index()
        let wide = world.images + "/wide.jpg"
        // Without any model named, the one that indexed is used.
        let unnamed = ["DIPTYCH_MODEL": "/nowhere"]
        let byImage = try Command.run(
            ["search", "--format", "json", "--store", world.store, "--image", wide, "-k", "3"], environment: unnamed)
        let results = try byImage.json(RankedResults.self).results
        #expect(results.map(\.rank) == [1, 2, 3])
        #expect(results[0].path?.hasSuffix("/wide.jpg") == true && results[0].similarity > 0.99999)
        #expect(results[0].attributes?.width == 101 && results[0].attributes?.height == 31)
        #expect(results[0].id != nil)

        let byText = try Command.run("search", "--format", "json", "--store", world.store, "a cat")
        let all = try byText.json(RankedResults.self).results
        #expect(all.count == 5)
        // The same cosines as without a store.
        for result in all {
            let direct = try Command.run(
                "similarity", "--format", "json", "--query-text", "a cat", "--image", result.path ?? "")
            #expect(abs((try direct.json(RankedResults.self).results[0].similarity) - result.similarity) < 1e-5)
        }
        let minimum = all[2].similarity
        let few = try Command.run(
            "search", "--format", "json", "--store", world.store, "a cat", "--min-similarity", "\(minimum)")
        #expect(try few.json(RankedResults.self).results.count == 3)

        let both = try Command.run(
            "search", "--store", world.store, "--image", wide, "--minus", "a cat", "--format", "text", "--", "-a dog")
        #expect(both.status == 0 && both.output.hasPrefix("  1  "), "\(both.error)")
        expectFailure(
            try Command.run("search", "--format", "json", "--store", world.store, "a cat", "--minus", "a cat"),
            status: 1, saying: "cancel")
    }

    @Test func `a store of another model is refused with both names`() throws {
        let world = try World()
        _ = try world.index()
        let other = try Fixture.modelCopy(in: world.folder)
        let config = other + "/config.json"
        let text = try String(contentsOfFile: config, encoding: .utf8).replacing("quick_gelu", with: "gelu")
        try Data(text.utf8).write(to: URL(fileURLWithPath: config))
        for arguments in [["search", "a cat"], ["index", world.images]] {
            let result = try Command.run(arguments + ["--store", world.store, "--model", other])
            expectFailure(result, status: 1, saying: world.store, "'tiny-clip'", "'spoilt'")
        }
    }

    @Test func `refresh looks through the store's folders again, with the store's model`() throws {
        let world = try World()
        _ = try world.index()
        try FileManager.default.moveItem(atPath: world.images + "/wide.jpg", toPath: world.images + "/moved.jpg")
        try FileManager.default.removeItem(atPath: world.images + "/tiny.png")
        // The default is another model.
        let environment = ["DIPTYCH_MODEL": "demo"]
        let refreshed = try Command.run(
            ["store", "refresh", "--store", world.store, "--format", "json"], environment: environment)
        #expect(refreshed.status == 0, "\(refreshed.error)")
        let summary: Summary = try refreshed.json()
        #expect(summary.moved == 1 && summary.unchanged == 3 && summary.removed == 1)
        // Indexing takes it too.
        let indexed = try Command.run(["index", world.images, "--store", world.store], environment: environment)
        #expect(indexed.status == 0 && !indexed.error.contains("demo"), "\(indexed.error)")

        try FileManager.default.moveItem(atPath: world.images, toPath: world.folder / "elsewhere")
        let gone = try Command.run("store", "refresh", "--store", world.store)
        expectFailure(gone, status: 1, saying: "none of its folders is there", "move-root")
        #expect(try world.items().filter(\.missing).count == 1)
    }

    @Test func `items are listed, exported, removed and compacted`() throws {
        let world = try World()
        _ = try world.index()
        struct Info: Decodable {
            let count, dimension, vectors: Int
            let model, fingerprint: String
        }
        let info = try Command.run("store", "info", "--format", "json", "--store", world.store).json(Info.self)
        #expect(info.count == 5 && info.dimension == 32 && info.model == "tiny-clip" && info.fingerprint.count == 64)

        let folder = world.folder
        for name in ["x.npy", "y.jsonl", "z.safetensors"] {
            let result = try Command.run("store", "export", "--store", world.store, "--output", folder / name)
            #expect(result.status == 0, "\(result.error)")
        }
        func items(_ name: String) throws -> [Item] {
            try String(contentsOfFile: folder / name, encoding: .utf8).split(separator: "\n").map {
                try JSONDecoder().decode(Item.self, from: Data($0.utf8))
            }
        }
        let (full, beside) = (try items("y.jsonl"), try items("x.jsonl"))
        #expect(full.map(\.path) == beside.map(\.path) && full.count == 5)
        let values = full.flatMap { $0.embedding ?? [] }
        #expect(
            FileManager.default.contents(atPath: folder / "x.npy")?.dropFirst(128)
                == values.withUnsafeBytes { Data($0) })
        let file = try SafetensorsFile(url: URL(fileURLWithPath: folder / "z.safetensors"))
        #expect(file.tensors["embeddings"]?.floats() == values)

        let gone = try Command.run("store", "remove", "--store", world.store, full[0].id, full[1].path, "nothing")
        #expect(gone.output == "{\"removed\":2}\n" && gone.status == 3 && gone.error.contains("nothing"))
        // Their embeddings went with them.
        let left = try Command.run("store", "info", "--format", "json", "--store", world.store).json(Info.self)
        #expect(left.count == 3 && left.vectors == info.vectors - 2)
        #expect(try world.items().map(\.path) == full[2...].map(\.path))

        // What has vanished stays until the store is compacted.
        try FileManager.default.removeItem(atPath: full[2].path)
        _ = try world.index()
        let compacted = try Command.run("store", "compact", "--store", world.store)
        #expect(compacted.output.contains("\"items\":1,\"vectors\":1"), "\(compacted.output)")
        #expect(Set(try world.items().map(\.path)) == Set(full.map(\.path)).subtracting([full[2].path]))
    }

    @Test func `odd names come out as valid JSON`() throws {
        let world = try World()
        let name = "quote\" back\\slash\nnew line é 雪.png"
        try FileManager.default.moveItem(atPath: world.images + "/tiny.png", toPath: world.images + "/" + name)
        _ = try world.index()
        #expect(try world.items().contains { $0.path.hasSuffix("/" + name) })
        let search = try Command.run("search", "--format", "json", "--store", world.store, "x").json(RankedResults.self)
        #expect(search.results.contains { $0.path?.hasSuffix("/" + name) == true })

        // A name that is not UTF-8 cannot be kept, and is not lost in silence.
        #expect(
            rename(
                world.images + "/" + name,
                Array("\(world.images)/x".utf8CString.dropLast()) + [-1, 46, 112, 110, 103, 0]) == 0)
        let summary = try world.index(status: 3)
        #expect(summary.skipped_count == 1 && summary.removed == 1)
        let list = try Command.run("embed", "--image", world.images)
        #expect(list.status == 3)
        #expect(try list.jsonLines(EmbeddedLine.self).count == 4)
    }

    @Test func `searches work while another process indexes`() throws {
        let folder = try TemporaryFolder()
        let drawn = try Command.run("pictures", "--count", "300", "--output", folder / "pictures", "--quiet")
        try #require(drawn.status == 0, "\(drawn.error)")
        #expect(try Command.run("index", Fixture.images, "--store", folder / "store").status == 0)
        let indexing = try Running(["index", folder / "pictures", "--store", folder / "store", "--threads", "1"])
        var (overlapping, last) = (0, 0)
        repeat {
            let result = try Command.run(
                "search", "--format", "json", "--store", folder / "store", "a cat", "-k", "500")
            #expect(result.status == 0, "\(result.error)")
            let count = try result.json(RankedResults.self).results.count
            #expect(count >= max(last, 5))
            last = count
            if indexing.process.isRunning { overlapping += 1 }
        } while indexing.process.isRunning
        #expect(indexing.end().status == 0)
        #expect(overlapping > 0)
    }
}
