import Foundation
import Testing

/// The commands of Documentation/evaluation.md, as they are written there.
struct EvaluationPageTests {
    @Test func `every command of the page runs`() throws {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Documentation/evaluation.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let blocks = text.components(separatedBy: "```sh\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.count >= 4)
        let folder = try TemporaryFolder()
        let binary = (Command.path as NSString).deletingLastPathComponent
        let environment = [
            "PATH": binary + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""), "DIPTYCH_MODEL": "demo",
        ]
        let result = try Command.run(
            [], in: folder.path, environment: environment,
            launcher: ["/bin/sh", "-e", "-c", blocks.joined(separator: "\n")])
        #expect(result.status == 0, "\(result.error)")
        for name in [
            "a.json", "b.json", "changes.html", "elevater/colours.json", "out/score.json", "out/score.tr.json",
            "out/test_texts.tr.jsonl",
        ] { #expect(FileManager.default.fileExists(atPath: folder / name), "\(name)") }
        // Half the bits change few ranks of 200.
        #expect(result.output.contains("undecided: B"), "\(result.output)")
    }
}
