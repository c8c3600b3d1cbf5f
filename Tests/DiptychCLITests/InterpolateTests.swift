import DiptychTestSupport
import Foundation
import Testing

/// `diptych models interpolate`.
@Suite struct InterpolateTests {
    @Test func `a mixed model is one that every command opens`() throws {
        let folder = try TemporaryFolder()
        let mixed = "\(folder.path)/mixed"
        let result = try Command.run("models", "interpolate", "demo", "demo", "--weight", "0.3", "--output", mixed)
        #expect(result.status == 0 && result.lines.last == mixed, "\(result.error)")
        let query = ["similarity", "--query-text", "a red star", "--text", "a red star", "--text", "two blue rings"]
        let (before, after) = try (
            Command.run(query + ["--model", "demo", "--format", "json"]),
            Command.run(query + ["--model", mixed, "--format", "json"])
        )
        func numbers(_ result: Command.Result) -> [Double] {
            result.output.matches(of: /"similarity":([-\d.e]+)/).compactMap { Double($0.1) }
        }
        #expect(numbers(before).count == 2 && numbers(after).count == 2)
        #expect(zip(numbers(before), numbers(after)).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test func `the best of several weights is chosen by data`() throws {
        let folder = try TemporaryFolder()
        _ = try Command.run("pictures", "--count", "24", "--seed", "3", "--output", "\(folder.path)/data", "--quiet")
        let result = try Command.run(
            "models", "interpolate", "demo", "demo", "--weights", "0,0.5", "--data",
            "\(folder.path)/data/captions.jsonl", "--text-column", "caption_en", "--output", "\(folder.path)/mixed",
            "--quiet")
        #expect(result.status == 0, "\(result.error)")
        #expect(result.lines.count { $0.hasPrefix("weight 0") && $0.contains("mean recall") } == 2)
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/mixed/model.safetensors"))
    }

    @Test func `what does not fit is one line`() throws {
        let folder = try TemporaryFolder()
        let tiny = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Fixtures/tiny-clip")
        let other = try Command.run("models", "interpolate", "demo", tiny.path, "--output", "\(folder.path)/a")
        #expect(other.status == 1 && other.error.contains("only models of"), "\(other.error)")
        #expect(other.error.split(separator: "\n").count <= 1)
        for options in [
            ["demo"], ["demo", "demo", "--weight", "2"], ["demo", "demo", "--weights", "0,x", "--data", "y"],
            ["demo", "demo", "--weights", "0,1"], ["demo", "demo", "demo", "--weight", "0.1"],
        ] {
            let result = try Command.run(["models", "interpolate"] + options + ["--output", "\(folder.path)/b"])
            #expect(result.status == 2, "\(options): \(result.error)")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/b"))
    }
}
