import Foundation
import Testing

/// The model that ships with the program does what its card says.
struct DemoModelTests {
    /// The shares of captions whose own picture is among the k nearest.
    private typealias Report = [String: [String: Double]]

    /// Seed 5001 was never trained on, nor was a checkpoint chosen by it.
    @Test func `captions in both languages find their held-out pictures`() throws {
        let folder = try TemporaryFolder()
        let pictures = folder / "held-out"
        let drawn = try Command.run("pictures", "--count", "400", "--seed", "5001", "--output", pictures, "--quiet")
        #expect(drawn.status == 0, "\(drawn.error)")
        let result = try Command.run(
            "evaluate", "--model", "demo", "--pictures", pictures, "--group", "200", "--format", "json")
        #expect(result.status == 0, "\(result.error)")
        let report = try result.json(Report.self)
        #expect(report.keys.sorted() == ["en", "zh"])
        for (language, recall) in report {
            let (first, fifth, tenth) = (recall["recall@1"] ?? 0, recall["recall@5"] ?? 0, recall["recall@10"] ?? 0)
            #expect(first >= 0.8, "\(language): \(recall)")
            #expect(first <= fifth && fifth <= tenth && tenth <= 1, "\(language): \(recall)")
        }
    }

    @Test func `it is at most 8 MB and installed beside the program`() throws {
        let model =
            (Command.path as NSString).deletingLastPathComponent
            + "/diptych_DiptychCLI.resources/Resources/DemoModel"
        let names = try FileManager.default.contentsOfDirectory(atPath: model)
        #expect(names.contains("model.safetensors") && names.contains("tokenizer.json"))
        let bytes = try names.reduce(0) { sum, name in
            try sum + Data(contentsOf: URL(fileURLWithPath: model + "/" + name)).count
        }
        #expect(bytes <= 8_000_000, "\(bytes) bytes")
    }
}
