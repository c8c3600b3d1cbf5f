import Foundation
import Testing

/// `diptych dataset check` and `statistics`, as users type them.
struct DatasetCheckCommandTests {
    private let folder: TemporaryFolder

    /// Images that are drawn, as Chinese-CLIP's files.
    init() throws {
        folder = try TemporaryFolder()
        #expect(try Command.run("pictures", "--count", "16", "--seed", "5", "--output", folder / "images").status == 0)
        let result = try Command.run(
            "dataset", "convert", folder / "images/captions.jsonl", "--text-column", "caption_zh", "--to",
            "chinese-clip", "--output",
            folder / "data")
        #expect(result.status == 0, "\(result.error)")
    }

    private func append(_ lines: String, to name: String) throws {
        let path = folder / "data/\(name)"
        let before = try String(contentsOfFile: path, encoding: .utf8)
        try Data((before + lines).utf8).write(to: URL(fileURLWithPath: path))
    }

    private func document(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("A sound dataset ends with 0, one with faults with 3 and the findings of the contract")
    func contract() throws {
        let sound = try Command.run("dataset", "check", folder / "data", "--format", "json")
        #expect(sound.status == 0)
        #expect((try document(sound.output)["findings"] as? [Any])?.isEmpty == true)
        try append(
            "{\"text_id\": 900, \"text\": \"没有图\", \"image_ids\": [1076345, 1076346]}\n", to: "train_texts.jsonl")
        let result = try Command.run("dataset", "check", folder / "data", "--format", "json")
        #expect(result.status == 3)
        let findings = try #require(try document(result.output)["findings"] as? [[String: Any]])
        #expect(findings.count == 1)
        #expect(findings.first?["kind"] as? String == "orphan_image_id")
        #expect(findings.first?["count"] as? Int == 2)
        #expect(
            findings.first?["examples"] as? [String] == [
                "train_texts.jsonl:17: 1076345", "train_texts.jsonl:17: 1076346",
            ])
        #expect((findings.first?["cost"] as? String)?.isEmpty == false)
        let text = try Command.run("dataset", "check", folder / "data", "--examples", "1")
        #expect(text.status == 3)
        #expect(text.lines.first == "error: orphan_image_id: 2")
        #expect(text.lines.contains("    - and 1 more"))
        #expect(text.lines.last == "train: 16 images, 17 texts: 1 kind of fault, 2 in all")
    }

    @Test("--repair writes a copy that checks clean, and what changed; the source stays")
    func repair() throws {
        try append("5\tnot base64\n", to: "train_imgs.tsv")
        let result = try Command.run("dataset", "check", folder / "data", "--repair", folder / "clean")
        #expect(result.status == 3)
        let changes = try String(contentsOfFile: folder / "clean/changes.jsonl", encoding: .utf8)
        #expect(changes.contains("\"place\":\"train_imgs.tsv:17: 5\",\"reason\":\"broken_base64\""))
        #expect(try Command.run("dataset", "check", folder / "clean").status == 0)
        expectFailure(
            try Command.run("dataset", "check", folder / "data", "--repair", folder / "data/clean"), status: 1,
            saying: "cannot lie in the source")
    }

    @Test("statistics prints numbers, as JSON too, and writes a page")
    func statistics() throws {
        let text = try Command.run("dataset", "statistics", folder / "data", "--report", folder / "report.html")
        #expect(text.status == 0)
        #expect(text.lines.first?.hasPrefix("train: 16 images, 16 texts, ") == true)
        let page = try String(contentsOfFile: folder / "report.html", encoding: .utf8)
        #expect(page.contains("data:image/jpeg;base64,") && page.contains("<svg"))
        let json = try Command.run("dataset", "statistics", folder / "data", "--format", "json", "--model", "demo")
        let document = try document(json.output)
        #expect(document["images"] as? Int == 16)
        #expect((document["similarity"] as? [String: Any])?["count"] as? Int == 16)
        #expect((document["scripts"] as? [String: Any])?["Chinese"] as? Int == 16)
    }

    @Test("What convert leaves out of an id that stands twice, and captions beside images, is said")
    func convert() throws {
        let first = try #require(
            try String(contentsOfFile: folder / "data/train_imgs.tsv", encoding: .utf8).split(separator: "\n").first)
        try append("\(first)\n", to: "train_imgs.tsv")
        let result = try Command.run("dataset", "convert", folder / "data", "--to", "csv", "--output", folder / "csv")
        #expect(result.status == 3)
        #expect(result.error.contains("train_imgs.tsv: line 17: ") && result.error.contains("stands on line 1 already"))
        #expect(
            try String(contentsOfFile: folder / "csv/train.csv", encoding: .utf8).split(separator: "\n").count == 17)
        let images = try Command.run(
            "dataset", "convert", folder / "images", "--to", "csv", "--output", folder / "csv2")
        #expect(images.status == 0)
        #expect(images.error.contains("captions.jsonl") && images.error.contains("--text-column"))
    }

    @Test("Options that make no sense are refused")
    func options() throws {
        for arguments in [["--near-duplicates", "1.5"], ["--classes", "0"], ["--examples", "-1"], ["--repair", ""]] {
            #expect(try Command.run(["dataset", "check", folder / "data"] + arguments).status == 2)
        }
        #expect(try Command.run("dataset", "check", folder / "none").status == 1)
    }
}
