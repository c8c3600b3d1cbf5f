import Foundation
import Testing

/// The commands of Documentation/labels.md, as they are written there; those that train are among the tests of training.
struct LabelPageTests {
    @Test func `every command of the page runs`() throws {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Documentation/labels.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let blocks = text.components(separatedBy: "```sh\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.count == 2)
        let folder = try TemporaryFolder()
        let binary = (Command.path as NSString).deletingLastPathComponent
        let environment = [
            "PATH": binary + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""), "DIPTYCH_MODEL": "demo",
        ]
        let result = try Command.run(
            [], in: folder.path, environment: environment,
            launcher: ["/bin/sh", "-e", "-c", blocks.joined(separator: "\n")])
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.contains("imported 300, unchanged 0, unknown 0"))
        // Each of the 20 labels is one text with all its images.
        let texts = try String(contentsOfFile: folder / "labelled/train_texts.jsonl", encoding: .utf8)
        #expect(texts.split(separator: "\n").count == 20)
    }
}
