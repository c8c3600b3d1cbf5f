import DiptychTokenizers
import Foundation
import Testing

/// Files and texts made to break things give clean errors or ids, in time that grows with their size.
struct HostileInputTests {
    @Test(arguments: [
        "sparse/vocab.json", "sparse/merges.txt", "sparse/special_tokens_map.json", "json/tokenizer.json",
    ])
    func `changed files give a clean error or a tokeniser`(path: String) throws {
        let parts = path.split(separator: "/").map(String.init)
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("fuzz-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.copyItem(at: Fixture.folder.appendingPathComponent(parts[0]), to: directory)
        let bytes = try Fixture.bytes(path)
        var random = MutationSource(state: 7)
        var loaded = 0
        for _ in 0..<1000 {
            try Data(bytes.mutated(&random)).write(to: directory.appendingPathComponent(parts[1]))
            switch Result(catching: { () throws(TokenizerError) in try CLIPTokenizer.load(directory: directory) }) {
            case .success(let tokenizer):
                loaded += 1
                let ids = tokenizer.encode("a photo of <|endoftext|> 一张照片 don't é").ids
                #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
            case .failure(let error):
                let line = error.description
                #expect(!line.isEmpty && !line.contains("\n"))
            }
        }
        #expect(loaded < 1000)
    }

    @Test
    func `deep nesting is refused`() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("deep-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for text in [String(repeating: "[", count: 1_000_000), String(repeating: "{\"a\":", count: 1_000_000)] {
            try Data("{\"x\": \(text)".utf8).write(to: directory.appendingPathComponent("tokenizer.json"))
            let error = #expect(throws: TokenizerError.self) { try CLIPTokenizer.load(directory: directory) }
            #expect(error?.description.contains("deep") == true)
        }
    }

    @Test(arguments: ["dense", "original"])
    func `texts of a megabyte take time in proportion`(layout: String) throws {
        let tokenizer = try CLIPTokenizer.load(directory: Fixture.folder.appendingPathComponent(layout))
        let texts = [
            String(repeating: "a", count: 1 << 20), String(repeating: "photo", count: 200_000),
            String(repeating: "\u{301}\u{323}", count: 250_000), String(repeating: "字", count: 350_000),
            String(repeating: "<|endoftext|", count: 80_000), String(repeating: "&amp;", count: 200_000),
            "&" + String(repeating: "amp;", count: 250_000), String(repeating: "Ã©", count: 250_000),
            String(repeating: "Σ", count: 500_000), String(repeating: "\u{1B}[", count: 400_000),
            String(repeating: "â€", count: 200_000), String(repeating: "'", count: 1 << 20),
            String(repeating: "\n", count: 1 << 20), String(repeating: "é\n", count: 300_000),
        ]
        for text in texts {
            let start = ContinuousClock.now
            let result = tokenizer.encode(text)
            let elapsed = ContinuousClock.now - start
            #expect(result.ids.count <= 77)
            #expect(elapsed < .seconds(8), "\(text.prefix(10).debugDescription) took \(elapsed)")
        }
    }

    @Test
    func `one tokeniser serves many threads`() async throws {
        let tokenizer = try CLIPTokenizer.load(directory: Fixture.folder.appendingPathComponent("dense"))
        let records = try Fixture.records("huggingface.ids.gz").prefix(1000)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { records.allSatisfy { tokenizer.encode($0.text) == $0.expected } }
            }
            for await same in group { #expect(same) }
        }
    }
}
