import DiptychTestSupport
import Foundation
import Synchronization
import Testing

/// Images that are named otherwise than by folders: archives, URLs, lists, regions.
struct BulkInputTests {
    private let bulk: BulkFolder
    private var folder: TemporaryFolder { bulk.folder }
    private var images: String { bulk.images }

    init() throws { bulk = try BulkFolder() }

    private func makeImages(_ count: Int) throws -> String { try bulk.makeImages(count) }
    private func index(_ arguments: String...) throws -> BulkSummary { try bulk.index(arguments) }

    @Test("Archives: captions and attributes come along, and what is stored is not read again")
    func archives() throws {
        _ = try makeImages(8)
        for number in 0..<8 {
            try Data("caption \(number)".utf8).write(to: URL(fileURLWithPath: images + "/\(number).txt"))
            try Data("{\"number\": \(number)}".utf8).write(to: URL(fileURLWithPath: images + "/\(number).json"))
        }
        try FileManager.default.removeItem(atPath: images + "/7.png")
        try Data("no image".utf8).write(to: URL(fileURLWithPath: images + "/6.png"))
        _ = try Shell.run(
            "cd '\(images)' && tar cf '\(folder.path)/s-00.tar' [0-3].* && tar czf '\(folder.path)/s-01.tar' [4-7].*")
        let result = try Command.run(
            "index", "--from", folder / "s-{00..01}.tar", "--store", folder / "store", "--format", "json")
        #expect(result.status == 3)
        let summary: BulkSummary = try result.json()
        #expect(summary.added == 6)
        #expect(summary.skipped_count == 2)
        #expect(result.error.contains("s-01.tar#6"))
        #expect(result.error.contains("has no image"))
        let items = try ExportedItem.of(folder / "store", in: folder)
        let shard = URL(fileURLWithPath: folder / "s-00.tar").resolvingSymlinksInPath().path
        #expect(items["\(shard)#2"]?.attributes.caption == "caption 2")
        #expect(items["\(shard)#2"]?.attributes.number == 2)
        _ = try index(images, "--store", folder / "files")
        let files = try ExportedItem.of(folder / "files", in: folder)
        let two = try #require(files[images + "/2.png"])
        #expect(distance(try #require(items["\(shard)#2"]).embedding, two.embedding) < 1e-6)
        #expect(try index("--from", shard, "--store", folder / "store").unchanged == 4)

        // Two jobs share the samples of an archive.
        var total = 0
        for part in 0..<2 {
            total += try index("--from", shard, "--store", folder / "p\(part)", "--shard", "\(part)/2").added
        }
        #expect(total == 4)
    }

    @Test("URLs are fetched several at a time, once; those that fail are reported and skipped")
    func urls() throws {
        var random = SeededGenerator(5)
        let files = try (0..<24).map { _ in try random.png() }
        let active = Mutex((now: 0, most: 0))
        let server = try #require(
            LoopbackServer { request, _ in
                active.withLock { $0 = (now: $0.now + 1, most: max($0.most, $0.now + 1)) }
                usleep(100_000)
                active.withLock { $0.now -= 1 }
                let number = Int(request.path.dropFirst().prefix { $0.isNumber }) ?? -1
                return files.indices.contains(number)
                    ? .response("200 OK", body: files[number]) : .response("404 Not Found")
            })
        let base = "http://127.0.0.1:\(server.port)"
        let list = folder / "urls.csv"
        let lines = (0..<25).map { "\(base)/\($0).png,\"image, \($0)\"\n" }.joined()
        try ("url,caption\n" + lines).write(toFile: list, atomically: true, encoding: .utf8)
        let arguments = ["index", "--from", list, "--store", folder / "store", "--format", "json"]
        // The guards of fetching hold.
        let refused = try Command.run(arguments)
        #expect(refused.status == 3)
        #expect(refused.error.contains("--allow-private-urls"))
        #expect(server.requests.isEmpty)

        let result = try Command.run(arguments + ["--allow-private-urls"])
        #expect(result.status == 3)
        let summary: BulkSummary = try result.json()
        #expect(summary.added == 24 && summary.skipped_count == 1)
        #expect(result.error.contains("skipped \(base)/24.png: "))
        #expect((4...16).contains(active.withLock { $0.most }))
        let items = try ExportedItem.of(folder / "store", in: folder)
        #expect(items["\(base)/3.png"]?.attributes.caption == "image, 3")

        let asked = server.requests.count
        #expect(asked == 25)
        #expect(try index("--from", list, "--store", folder / "store", "--allow-private-urls").unchanged == 24)
        // The one that failed, again.
        #expect(server.requests.count == asked + 1)
        _ = try index("--from", list, "--store", folder / "store", "--allow-private-urls", "--refresh")
        #expect(server.requests.count == asked + 26)
        server.stop()
    }

    @Test("A list may come from standard input, and a manifest's bad lines are skipped")
    func lists() throws {
        _ = try makeImages(3)
        let list = "\(images)/0.png\n1.png\n\n/no/such.png\n"
        let result = try Command.run(
            "index", "--from", "-", "--store", folder / "store", "--format", "json", input: Data(list.utf8),
            in: images)
        #expect(result.status == 3)
        #expect(try result.json(BulkSummary.self).added == 2)
        #expect(result.error.contains("/no/such.png: there is no such file"))
        // The same names as when the folder is indexed.
        #expect(try index(images, "--store", folder / "store").unchanged == 2)

        let manifest = folder / "bad.jsonl"
        let long = String(repeating: "x", count: 70_000)
        try
            "{\"image\": \"\(images)/0.png\", \"caption\": \"\(long)\"}\n{\"image\": \"\(images)/1.png\", \"x\": \"\(long)\"}\n{\n{\"image\": \"\(images)/2.png\"}\n"
            .write(toFile: manifest, atomically: true, encoding: .utf8)
        let bad = try Command.run("index", "--from", manifest, "--store", folder / "bad", "--format", "json")
        #expect(bad.status == 3)
        let summary: BulkSummary = try bad.json()
        #expect(summary.added == 1 && summary.skipped_count == 3)
        #expect(bad.error.contains("bad.jsonl: line 3"))
    }

    @Test("Boxes in fractions, and those outside their image, are named by the list's file and line")
    func regions() throws {
        let images = folder / "images"
        try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
        var random = SeededGenerator(3)
        for name in ["a", "b", "c"] { try Data(random.png()).write(to: URL(fileURLWithPath: "\(images)/\(name).png")) }
        let list = "\(images)/boxes.jsonl"
        let lines = [
            #"{"path": "a.png", "box": [0, 0, 2, 2]}"#, #"{"path": "b.png", "box": [0.1, 0.25, 0.5, 0.5]}"#,
            #"{"path": "b.png", "boxes": [[0, 0, 2, 2], [0, 0, 1, 1]]}"#, #"{"path": "c.png", "box": [0, 0, 9000, 2]}"#,
            #"{"path": "c.png"}"#, #"{"path": "c.png", "box": [1, 2, 3]}"#,
        ]
        try lines.joined(separator: "\n").write(toFile: list, atomically: true, encoding: .utf8)
        let result = try Command.run("index", "--regions", list, "--store", folder / "store", "--format", "json")
        #expect(result.status == 3, "\(result.error)")
        for (line, words) in [
            (2, "the box [0.1,0.25,0.5,0.5] is in fractions"), (3, "the box [0,0,1,1] is in fractions"),
            (4, "does not lie in its"), (5, "has no \"box\""), (6, "not [1,2,3]"),
        ] {
            let said = result.error.split(separator: "\n").first { $0.contains("skipped \(list): line \(line): ") }
            #expect(said?.contains(words) == true, "\(result.error)")
        }
        let info = try Command.run("store", "info", "--store", folder / "store", "--format", "json")
        // Two images, which the good and the one outside name, and one box.
        #expect(info.output.contains("\"count\":2"), "\(info.output)")
    }
}
