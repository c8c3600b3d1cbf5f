import DiptychTestSupport
import Foundation
import Synchronization
import Testing

/// What is compared of two stores' exports.
struct ExportedItem: Decodable, Equatable {
    struct Attributes: Decodable, Equatable {
        let width: Int
        let height: Int
        let caption: String?
        let number: Int?
        let tags: [String]?
    }
    let path: String
    let attributes: Attributes
    let embedding: [Float]

    static func of(_ store: String, in folder: TemporaryFolder) throws -> [String: ExportedItem] {
        let file = folder / "export-\(UUID().uuidString).jsonl"
        #expect(try Command.run("store", "export", "--store", store, "--output", file).status == 0)
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        let items = try lines.map { try JSONDecoder().decode(ExportedItem.self, from: Data($0.utf8)) }
        return Dictionary(items.map { ($0.path, $0) }) { $1 }
    }
}

/// The same images with the same words, and embeddings that differ by no more than a batch's company.
func expectSame(
    _ a: [String: ExportedItem], _ b: [String: ExportedItem], within tolerance: Double = 1e-6,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(Set(a.keys) == Set(b.keys), sourceLocation: sourceLocation)
    for (path, item) in a {
        guard let other = b[path] else { continue }
        #expect(item.attributes == other.attributes, sourceLocation: sourceLocation)
        #expect(distance(item.embedding, other.embedding) < tolerance, "\(path)", sourceLocation: sourceLocation)
    }
}

/// The counts that index and merge print.
struct BulkSummary: Decodable, Equatable {
    var added = 0
    var updated = 0
    var unchanged = 0
    let skipped_count: Int?
    let overruled: Int?
    let vanished: Int?
    let count: Int?
}

struct BulkTests {
    private let folder: TemporaryFolder
    private let images: String

    init() throws {
        folder = try TemporaryFolder()
        images = URL(fileURLWithPath: folder / "pictures").resolvingSymlinksInPath().path
        try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
    }

    /// Makes small images, and a manifest with captions and attributes beside them.
    private func makeImages(_ count: Int) throws -> String {
        var random = SeededGenerator(UInt64(count))
        var manifest = ""
        for number in 0..<count {
            try Data(random.png()).write(to: URL(fileURLWithPath: "\(images)/\(number).png"))
            let caption = number % 3 == 0 ? "" : ", \"caption\": \"image \(number)\""
            manifest +=
                "{\"image\": \"\(number).png\", \"number\": \(number), \"tags\": [\"a\", \"b\(number % 2)\"]\(caption)}\n"
        }
        try manifest.write(toFile: images + "/manifest.jsonl", atomically: true, encoding: .utf8)
        return images + "/manifest.jsonl"
    }

    private func index(_ arguments: String...) throws -> BulkSummary {
        let result = try Command.run(["index"] + arguments + ["--format", "json", "--quiet"])
        #expect(result.signal == nil)
        return try result.json()
    }

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

/// Other programs.
enum Shell {
    /// What a command prints; it must succeed.
    static func run(_ command: String, environment: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", command]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandError(description: "\(command): status \(process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    struct CommandError: Error, CustomStringConvertible { let description: String }
}
