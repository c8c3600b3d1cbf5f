import Foundation
import Testing

/// The model that ships with the program does what its card says.
struct DemoModelTests {
    /// The shares of captions whose own image is among the k nearest.
    private typealias Report = [String: [String: Double]]

    /// Seed 5001 was never trained on, nor was a checkpoint chosen by it.
    @Test func `captions in both languages find their held-out images`() throws {
        let folder = try TemporaryFolder()
        let images = folder / "held-out"
        let drawn = try Command.run("pictures", "--count", "400", "--seed", "5001", "--output", images, "--quiet")
        #expect(drawn.status == 0, "\(drawn.error)")
        let result = try Command.run(
            "evaluate", "--model", "demo", "--pictures", images, "--group", "200", "--format", "json")
        #expect(result.status == 0, "\(result.error)")
        let report = try result.json(Report.self)
        #expect(report.keys.sorted() == ["en", "zh"])
        for (language, recall) in report {
            let (first, fifth, tenth) = (recall["recall@1"] ?? 0, recall["recall@5"] ?? 0, recall["recall@10"] ?? 0)
            #expect(first >= 0.8, "\(language): \(recall)")
            #expect(first <= fifth && fifth <= tenth && tenth <= 1, "\(language): \(recall)")
        }
    }

    /// A query in bytes finds what it finds in floats: the same first image for at least 99 of 100 captions.
    @Test func `int8 keeps the first answers of fp32`() throws {
        struct Row: Decodable { let embedding: [Float] }
        struct Caption: Decodable { let file, caption_en, caption_zh: String }
        let folder = try TemporaryFolder()
        let images = folder / "pictures"
        let drawn = try Command.run("pictures", "--count", "200", "--seed", "6001", "--output", images, "--quiet")
        #expect(drawn.status == 0, "\(drawn.error)")
        let captions = try String(contentsOfFile: images + "/captions.jsonl", encoding: .utf8).split(separator: "\n")
            .map { try JSONDecoder().decode(Caption.self, from: Data($0.utf8)) }
        let texts = captions.flatMap { ["--text", $0.caption_en, "--text", $0.caption_zh] }
        func embeddings(_ precision: String, _ inputs: [String]) throws -> [[Float]] {
            let result = try Command.run(
                ["embed", "--model", "demo", "--precision", precision, "--quiet", "--format", "jsonl"] + inputs)
            #expect(result.status == 0, "\(result.error)")
            return try result.output.split(separator: "\n").map {
                try JSONDecoder().decode(Row.self, from: Data($0.utf8)).embedding
            }
        }
        func firstAnswers(_ precision: String) throws -> [Int] {
            let images = try embeddings(precision, ["--image", images])
            return try embeddings(precision, texts).map { query in
                let scores = images.map { zip($0, query).reduce(0) { $0 + $1.0 * $1.1 } }
                return scores.indices.max { scores[$0] < scores[$1] }!
            }
        }
        let (exact, rounded) = (try firstAnswers("fp32"), try firstAnswers("int8"))
        #expect(exact.count == 400 && rounded.count == 400)
        let kept = zip(exact, rounded).count { $0 == $1 }
        #expect(kept >= 396, "\(kept) of 400")
        print("int8 keeps \(kept) of 400 first answers of fp32")
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
