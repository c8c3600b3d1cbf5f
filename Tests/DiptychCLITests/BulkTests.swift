import DiptychTestSupport
import Foundation
import Synchronization
import Testing

/// Many images at once: shards of a job, stores that are merged, folders of other programs.
struct BulkTests {
    private let bulk: BulkFolder
    private var folder: TemporaryFolder { bulk.folder }
    private var images: String { bulk.images }

    init() throws { bulk = try BulkFolder() }

    private func makeImages(_ count: Int) throws -> String { try bulk.makeImages(count) }
    private func index(_ arguments: String...) throws -> BulkSummary { try bulk.index(arguments) }

    @Test("Shards, one of them killed and run again, merge into what one run gives")
    func shards() throws {
        let count = 600
        let manifest = try makeImages(count)
        let whole = folder / "whole"
        #expect(try index("--from", manifest, "--store", whole).added == count)

        // Killed once something is stored, and run again in another order.
        let killed = try Running(["index", "--from", manifest, "--store", folder / "2", "--shard", "2/4", "--list"])
        #expect(killed.wait { killed.outputSize > 0 })
        killed.send(SIGKILL)
        #expect(killed.end().signal == SIGKILL)
        var total = 0
        for shard in [3, 2, 0, 1] {
            let summary = try index("--from", manifest, "--store", folder / "\(shard)", "--shard", "\(shard)/4")
            #expect(summary.added + summary.unchanged > count / 8)
            if shard == 2 { #expect(summary.unchanged > 0) }
            total += summary.added + summary.unchanged
            // Again: nothing left to do.
            let again = try index("--from", manifest, "--store", folder / "\(shard)", "--shard", "\(shard)/4")
            #expect(again.added == 0 && again.updated == 0)
        }
        #expect(total == count)

        let parts = (0..<4).map { folder / "\($0)" }
        let merged = try Command.run(
            ["store", "merge"] + parts + ["--store", folder / "merged", "--format", "json", "--quiet"])
        #expect(merged.status == 0, "\(merged.error)")
        #expect(try merged.json(BulkSummary.self).added == count)
        #expect(try merged.json(BulkSummary.self).count == count)
        expectSame(try ExportedItem.of(folder / "merged", in: folder), try ExportedItem.of(whole, in: folder))
        #expect(try Command.run("store", "verify", "--store", folder / "merged").status == 0)
        let again = try Command.run(
            ["store", "merge"] + parts + ["--store", folder / "merged", "--format", "json", "--quiet"])
        #expect(try again.json(BulkSummary.self).unchanged == count)
    }

    @Test("A plain list leaves the attributes that a manifest gave; a manifest's own null takes them away")
    func listKeepsAttributes() throws {
        let (manifest, store) = (try makeImages(4), folder / "store")
        _ = try index("--from", manifest, "--store", store)
        let before = try ExportedItem.of(store, in: folder)
        let list = folder / "list.txt"
        try (0..<4).map { "\(images)/\($0).png\n" }.joined().write(toFile: list, atomically: true, encoding: .utf8)
        #expect(try index("--from", list, "--store", store).unchanged == 4)
        #expect(try ExportedItem.of(store, in: folder) == before)
        // Read again, and changed.
        #expect(try index("--from", list, "--store", store, "--refresh").added == 0)
        #expect(try ExportedItem.of(store, in: folder) == before)
        var random = SeededGenerator(77)
        try Data(random.png()).write(to: URL(fileURLWithPath: images + "/1.png"))
        #expect(try index("--from", list, "--store", store).updated == 1)
        let changed = try ExportedItem.of(store, in: folder)
        #expect(changed[images + "/1.png"]?.attributes.tags == ["a", "b1"])
        #expect(changed[images + "/1.png"]?.attributes.caption == "image 1")

        let other = folder / "other.jsonl"
        try "{\"image\": \"\(images)/2.png\", \"tags\": null}\n"
            .write(toFile: other, atomically: true, encoding: .utf8)
        _ = try index("--from", other, "--store", store)
        #expect(try ExportedItem.of(store, in: folder)[images + "/2.png"]?.attributes.tags == nil)
    }

    @Test("Files are split in the same way, and a shard is what its hash says")
    func shardHash() throws {
        _ = try makeImages(30)
        var seen: [String] = []
        for shard in 0..<3 {
            _ = try index(images, "--store", folder / "s\(shard)", "--shard", "\(shard)/3")
            seen += try ExportedItem.of(folder / "s\(shard)", in: folder).keys
        }
        #expect(seen.count == 30)
        #expect(Set(seen).count == 30)
        // Against sha256sum.
        for (path, shard) in try (0..<3).flatMap({ shard in
            try ExportedItem.of(folder / "s\(shard)", in: folder).keys.prefix(3).map { ($0, shard) }
        }) {
            let sum = try Shell.run("printf %s '\(path)' | sha256sum")
            let number = try #require(UInt64(sum.prefix(16), radix: 16))
            #expect(number % 3 == UInt64(shard))
        }
    }

    @Test("Merging: the last store's image counts, vanished ones stay behind, other models are refused")
    func merging() throws {
        _ = try makeImages(6)
        let (a, b, out) = (folder / "a", folder / "b", folder / "out")
        _ = try index(images, "--store", a)
        // Another image and another caption in the second store.
        try FileManager.default.removeItem(atPath: images + "/5.png")
        _ = try index(images, "--store", a)
        var random = SeededGenerator(99)
        try Data(random.png()).write(to: URL(fileURLWithPath: images + "/0.png"))
        let list = folder / "b.jsonl"
        try (0..<3).map { "{\"path\": \"\(images)/\($0).png\", \"caption\": \"later\"}\n" }.joined()
            .write(toFile: list, atomically: true, encoding: .utf8)
        _ = try index("--from", list, "--store", b)
        for round in 0..<2 {
            let result = try Command.run("store", "merge", a, b, "--store", out, "--format", "json", "--quiet")
            let summary: BulkSummary = try result.json()
            #expect(summary.count == 5)
            #expect(summary.vanished == 1)
            if round == 0 {
                #expect(summary.added == 5 && summary.updated == 3)
            } else {
                #expect(summary.added == 0 && summary.updated == 0)
                #expect(summary.overruled == 3 && summary.unchanged == 5)
            }
            let items = try ExportedItem.of(out, in: folder)
            expectSame(items.filter { $0.value.attributes.caption != nil }, try ExportedItem.of(b, in: folder))
            #expect(items.values.count { $0.attributes.caption == "later" } == 3)
        }
        // The other way round the earlier images win.
        _ = try Command.run("store", "merge", b, a, "--store", folder / "reverse", "--quiet")
        expectSame(try ExportedItem.of(folder / "reverse", in: folder), try ExportedItem.of(a, in: folder))

        expectFailure(
            try Command.run("store", "merge", a, out, "--store", out), status: 1, saying: "merged into")
        expectFailure(
            try Command.run("store", "merge", a, folder / "none", "--store", out), status: 1, saying: "no store")
        let other = folder / "other"
        #expect(try Command.run("index", "--model", "demo", images, "--store", other, "--quiet").status == 0)
        expectFailure(
            try Command.run("store", "merge", a, other, "--store", folder / "mixed"), status: 1,
            saying: "model only can lie together")
        expectFailure(
            try Command.run("store", "merge", other, "--store", out), status: 1, saying: "model only can lie together")
        let turned = folder / "turned"
        #expect(try Command.run("index", images, "--no-orientation", "--store", turned, "--quiet").status == 0)
        expectFailure(
            try Command.run("store", "merge", a, turned, "--store", folder / "mixed"), status: 1,
            saying: "orientation")
    }

    @Test("Export and import in clip-retrieval's layout keep everything but the last digits")
    func clipRetrieval() throws {
        let manifest = try makeImages(40)
        let (store, layout, back) = (folder / "store", folder / "layout", folder / "back")
        _ = try index("--from", manifest, "--store", store)
        let export = ["store", "export", "--store", store, "--layout", "clip-retrieval", "--output", layout]
        #expect(try Command.run(export).status == 0)
        expectFailure(try Command.run(export), status: 1, saying: "empty folder")
        #expect(try index("--from-clip-retrieval", layout, "--store", back).added == 40)
        #expect(try index("--from-clip-retrieval", layout, "--store", back).unchanged == 40)
        let (original, imported) = (try ExportedItem.of(store, in: folder), try ExportedItem.of(back, in: folder))
        #expect(Set(original.keys) == Set(imported.keys))
        for (path, item) in original {
            let other = try #require(imported[path])
            #expect(other.attributes.caption == item.attributes.caption)
            #expect(other.attributes.number == item.attributes.number)
            #expect(other.attributes.tags == item.attributes.tags)
            // Halves: 2⁻¹¹ of each number at the most.
            #expect(distance(item.embedding, other.embedding) < 1e-6)
            let length = other.embedding.reduce(0) { $0 + $1 * $1 }
            #expect(abs(length - 1) < 1e-5)
        }
        #expect(try Command.run("store", "verify", "--store", back).status == 0)
        // Images that are indexed later take the place of what was given.
        #expect(try index(images, "--store", back).updated == 40)

        expectFailure(
            try Command.run("index", "--model", "demo", "--from-clip-retrieval", layout, "--store", folder / "x"),
            status: 1, saying: "numbers", "--model")
        expectFailure(
            try Command.run("index", "--from-clip-retrieval", folder / "none", "--store", folder / "x"), status: 1,
            saying: "no such folder")
    }

    @Test("Wrong use is refused before anything is done")
    func wrongUse() throws {
        let store = folder / "store"
        for arguments in [
            ["--store", store], ["--from", "", "--store", store], ["--from", "-", "--from", "-", "--store", store],
            ["--shard", "4/4", "--from", "x", "--store", store], ["--shard", "-1/4", "--from", "x", "--store", store],
            ["--shard", "1", "--from", "x", "--store", store], ["--shard", "0/0", "--from", "x", "--store", store],
            ["--from", "x", "--from-kind", "zip", "--store", store],
        ] {
            #expect(try Command.run(["index"] + arguments).status == 2, "\(arguments)")
        }
        expectFailure(
            try Command.run("index", "--from", folder / "none.jsonl", "--store", store), status: 1,
            saying: "no such file")
        expectFailure(
            try Command.run("index", "--from", "s-{0..99999999}.tar", "--store", store), status: 1, saying: "files")
        #expect(!FileManager.default.fileExists(atPath: store))
        #expect(try Command.run("store", "merge", "--store", store).status == 2)
        #expect(
            try Command.run("store", "export", "--store", store, "--layout", "zip", "--output", "x").status == 2)
    }
}
