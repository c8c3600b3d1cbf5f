import Foundation
import Testing

/// `store:DIRECTORY` as a source of `diptych dataset`, as users type it.
struct StoreDatasetTests {
    private let folder: TemporaryFolder

    /// A store of five images with captions and an attribute, and of one text.
    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: Fixture.images, toPath: folder / "pictures")
        let names = try FileManager.default.contentsOfDirectory(atPath: Fixture.images).sorted()
        let lines = names.enumerated().map { index, name in
            #"{"image": "pictures/\#(name)", "caption": "image \#(name)", "number": \#(index), "width": "own"}"#
        }
        try write(lines.joined(separator: "\n") + "\n", to: "rows.jsonl")
        try write("a text of its own\n", to: "texts.txt")
        for source in [["--from", "rows.jsonl"], ["--texts", "texts.txt"]] {
            let result = try Command.run(
                ["index"] + source + ["--store", "store", "--model", Fixture.model], in: folder.path)
            #expect(result.status == 0, "\(result.error)")
        }
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder / name))
    }

    private func dataset(_ arguments: String...) throws -> Command.Result {
        try Command.run(
            ["dataset"] + arguments, in: folder.path, environment: ["DIPTYCH_CATALOG": folder / "catalog"])
    }

    private func rows(_ result: Command.Result) throws -> [[String: Any]] {
        #expect(result.status == 0, "\(result.error)")
        return try result.lines.map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test("Items are rows with their captions and attributes; an attribute of a name that is taken says so")
    func show() throws {
        let rows = try rows(dataset("show", "store:store", "--format", "jsonl"))
        #expect(rows.count == 6)
        let wide = try #require(rows.first { ($0["image"] as? String)?.hasSuffix("/wide.jpg") == true })
        #expect(wide["text"] as? String == "image wide.jpg" && wide["kind"] as? String == "image")
        #expect(wide["number"] is Int && wide["attribute.width"] as? String == "own" && wide["width"] is Int)
        #expect(wide["embedding"] == nil)
        let text = try #require(rows.first { $0["kind"] as? String == "text" })
        #expect(text["text"] as? String == "a text of its own" && text["image"] is NSNull)
        #expect(try self.rows(dataset("show", "store:store", "--format", "jsonl", "--limit", "2")).count == 2)
        let vector = try self.rows(
            dataset("show", "store:store", "--columns", "id,embedding", "--format", "jsonl", "--limit", "1"))
        #expect((vector.first?["embedding"] as? [Double])?.isEmpty == false)
        let chosen = try dataset("show", "store:store", "--where", "number = 3", "--columns", "number")
        #expect(chosen.lines == ["number=3"], "\(chosen.error)")
    }

    @Test("A store becomes a dataset of the catalog, which follows it, and files of other programs")
    func createAndConvert() throws {
        let made = try dataset("create", "items", "store:store")
        #expect(made.lines.first?.hasPrefix("items@1: 6 rows") == true, "\(made.error)")
        let same = try dataset("create", "items", "--update")
        #expect(same.error.contains("nothing is new"), "\(same.error)")
        #expect(
            try Command.run(["store", "remove", "--store", "store", folder / "pictures/wide.jpg"], in: folder.path)
                .status == 0)
        let update = try dataset("create", "items", "--update")
        #expect(update.error.contains("0 rows new, 0 changed, 1 removed"), "\(update.error)")
        let cosine = try dataset(
            "query", "SELECT similarity(embedding, embedding) > 0.999 AS same FROM items LIMIT 1", "--format", "csv")
        #expect(cosine.lines == ["same", "1"], "\(cosine.error)")

        let pairs = try dataset("convert", "store:store", "--to", "chinese-clip", "--output", "data")
        #expect(pairs.status == 0, "\(pairs.error)")
        let texts = try String(contentsOfFile: folder / "data/train_texts.jsonl", encoding: .utf8)
        #expect(texts.split(separator: "\n").count == 5)
        #expect(texts.contains(#""text":"a text of its own","image_ids":[]"#))
        let vectors = try dataset("convert", "store:store", "--to", "clip-retrieval", "--output", "vectors")
        #expect(vectors.status == 0, "\(vectors.error)")
        let again = try rows(dataset("show", "vectors", "--columns", "image_path", "--format", "jsonl"))
        #expect(again.contains { ($0["image_path"] as? String)?.hasSuffix("pictures/tall.png") == true })
    }

    @Test("check and statistics read a store, and a store that is not there is one line")
    func check() throws {
        let check = try dataset("check", "store:store", "--near-duplicates", "0", "--format", "json")
        #expect(check.output.contains(#""images":5"#), "\(check.error)")
        let statistics = try dataset("statistics", "store:store")
        #expect(statistics.lines.first?.contains("5 images") == true, "\(statistics.error)")
        expectFailure(try dataset("show", "store:nothing"), status: 1, saying: "nothing")
        expectFailure(try dataset("show", "store:"), status: 2, saying: "store:DIRECTORY")
    }
}
