import Foundation
import Testing

/// Measuring how well captions find their images.
struct EvaluateTests {
    /// A folder with these lines as its captions and the fixture's images beside them.
    private func world(_ lines: [String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: Fixture.images, toPath: folder / "set")
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder / "set/captions.jsonl"))
        return folder
    }

    private func line(_ file: String, _ english: String = "a cat", _ chinese: String = "一只猫") -> String {
        "{\"file\": \"\(file)\", \"caption_en\": \"\(english)\", \"caption_zh\": \"\(chinese)\"}"
    }

    @Test func `a rest that fills no group is left out`() throws {
        let folder = try world(["wide.jpg", "tall.png", "gone.jpg"].map { line($0) })
        let result = try Command.run(
            "evaluate", "--pictures", folder / "set", "--group", "2", "--format", "text", "--quiet")
        #expect(result.status == 0, "\(result.error)")
        #expect(result.lines.count == 2 && result.error.isEmpty, "\(result.error)")
        #expect(result.lines.allSatisfy { $0.contains("among 2: recall@1 0.500, recall@5 1.000") }, "\(result.output)")
        #expect(result.lines.allSatisfy { $0.contains("(2 images)") }, "\(result.output)")
    }

    @Test func `equal images are not found by being equal`() throws {
        // Each of four copies is as near to any caption as the other three.
        let folder = try world(["wide.jpg", "wide.jpg", "wide.jpg", "wide.jpg"].map { line($0) })
        let result = try Command.run("evaluate", "--pictures", folder / "set", "--group", "4", "--format", "json")
        #expect(result.status == 0, "\(result.error)")
        let report = try result.json([String: [String: Double]].self)
        #expect(report["en"] == ["recall@1": 0, "recall@5": 1, "recall@10": 1], "\(report)")
    }

    @Test func `groups beyond a block rank like small ones`() throws {
        // 300 captions are more than are compared at once; all of them are equal, and so are the images.
        let folder = try world([String](repeating: line("tiny.png"), count: 300))
        let result = try Command.run("evaluate", "--pictures", folder / "set", "--group", "300", "--format", "json")
        #expect(result.status == 0, "\(result.error)")
        #expect(try result.json([String: [String: Double]].self)["zh"]?["recall@10"] == 0)
    }

    @Test func `missing captions and images are named`() throws {
        let folder = try TemporaryFolder()
        expectFailure(
            try Command.run("evaluate", "--pictures", folder.path), status: 1, saying: folder / "captions.jsonl",
            "diptych pictures")
        let set = try world(["wide.jpg", "gone.jpg"].map { line($0) })
        let result = try Command.run("evaluate", "--pictures", set / "set", "--group", "2")
        expectFailure(result, status: 1, saying: set / "set/gone.jpg")
        #expect(result.output.isEmpty)
    }

    @Test(arguments: [
        "no JSON", "[]", "{\"file\": \"wide.jpg\"}", "{\"file\": 7, \"caption_en\": \"a\", \"caption_zh\": \"b\"}",
        "{\"file\": \"wide.jpg\", \"caption_en\": \"a\", \"caption_zh\": \" \"}", "\u{0}",
    ])
    func `a malformed line is named`(_ malformed: String) throws {
        // Blank lines and line ends of Windows keep the count right.
        let folder = try world([line("wide.jpg") + "\r", "", malformed, line("tall.png")])
        let result = try Command.run("evaluate", "--pictures", folder / "set", "--group", "2")
        expectFailure(result, status: 1, saying: folder / "set/captions.jsonl:3: ")
    }

    @Test func `fewer images than a group are not measured`() throws {
        for lines in [[], [line("wide.jpg")]] {
            let folder = try world(lines)
            let result = try Command.run("evaluate", "--pictures", folder / "set")
            expectFailure(
                result, status: 1, saying: folder / "set", "\(lines.count) images", "group of 200", "--group")
        }
        expectFailure(try Command.run("evaluate", "--pictures", "x", "--group", "1"), status: 2, saying: "--group")
        expectFailure(try Command.run("evaluate"), status: 2, saying: "--images")
    }
}
