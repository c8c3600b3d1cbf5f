import Diptych
import DiptychCatalog
import DiptychDatasets
import Foundation
import Testing

/// The worked example of Documentation/catalog.md, as it is written there.
struct CatalogExampleTests {
    private static let page = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Documentation/catalog.md")

    /// The blocks of a language on the page.
    private static func blocks(_ language: String) throws -> [String] {
        let text = try String(contentsOf: page, encoding: .utf8)
        return text.components(separatedBy: "```\(language)\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    }

    @Test("every command of the page runs, and its Swift gives the same mean")
    func example() async throws {
        let folder = try TemporaryFolder()
        let binary = (Command.path as NSString).deletingLastPathComponent
        let environment = [
            "PATH": binary + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""), "DIPTYCH_CATALOG": "typed",
        ]
        let result = try Command.run(
            [], in: folder.path, environment: environment,
            launcher: ["/bin/sh", "-e", "-c", Self.blocks("sh").joined(separator: "\n")])
        #expect(result.status == 0, "\(result.error)")
        let mean = try #require(result.lines.first { $0.hasPrefix("mean=") }.flatMap { Double($0.dropFirst(5)) })
        #expect(result.output.contains("ten@1: 10 rows") && result.output.contains("questions@2: 24 rows"))
        let texts = try String(contentsOfFile: folder / "data/train_texts.jsonl", encoding: .utf8)
        #expect(texts.split(separator: "\n").count > 0)

        let model = try await ModelLoader.load(Fixture.model)
        guard case .double(let made)? = try await Self.swift(in: URL(fileURLWithPath: folder.path), by: model) else {
            Issue.record("the mean should be a number")
            return
        }
        #expect(abs(made - mean) < 1e-6)
    }

    @Test("the page's Swift is this file's") func code() throws {
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let written = try #require(source.components(separatedBy: "// The page's code.\n").dropFirst().first)
            .components(separatedBy: "        // Its end.")[0]
        let lines = written.split(separator: "\n", omittingEmptySubsequences: false).map { $0.dropFirst(8) }
        #expect(try Self.blocks("swift") == [lines.joined(separator: "\n")])
    }

    private static func swift(in folder: URL, by model: any Embedder) async throws -> DatasetValue? {
        // The page's code.
        let catalog = try Catalog.open(at: folder.appendingPathComponent("catalog"))
        let cartoons = try catalog.create("cartoons", from: [folder.appendingPathComponent("cartoons").path])
        let answers = try catalog.create("answers", from: [folder.appendingPathComponent("answers.parquet").path])
        let questions = try cartoons.join(answers, on: "name(file.path) = filename")
            .filter("label IS NOT NULL AND file.size > 0")
            .save(as: "questions")
        let scores = ModelColumn(.probability, image: "image", texts: "caption_choices", as: "scores")
        let scored = try await questions.map(scores, by: model).save(as: "scored")
        let ten = try catalog.query("SELECT *, instr('ABCD', label) - 1 AS label_index FROM scored")
            .save(as: "indexed")
            .sample(10, seed: 1)
            .save(as: "ten")
        let mean = try catalog.query("SELECT avg(scores ->> label_index) AS mean FROM ten").row(at: 0)["mean"]
        // Its end.
        #expect(scored.count == 24 && ten.count == 10)
        return mean
    }
}
