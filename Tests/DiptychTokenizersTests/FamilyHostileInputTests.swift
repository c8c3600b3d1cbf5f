import DiptychTokenizers
import Foundation
import Testing

/// Changed files of the tokenisers beyond CLIP's give clean errors or ids, and long texts take time in proportion.
struct FamilyHostileInputTests {
    private static func load(_ layout: String, _ directory: URL) throws(TokenizerError) -> any Tokenizer {
        layout.hasPrefix("wordpiece")
            ? try BERTTokenizer.load(directory: directory) : try SentencePieceTokenizer.load(directory: directory)
    }

    @Test(arguments: [
        "wordpiece/vocab.txt", "wordpiece-json/tokenizer.json", "wordpiece-json/tokenizer_config.json",
        "unigram/tokenizer.json", "unigram/tokenizer_config.json", "gemma/tokenizer.json",
        "gemma/tokenizer_config.json",
    ])
    func `changed files give a clean error or a tokeniser`(path: String) throws {
        let parts = path.split(separator: "/").map(String.init)
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("fuzz-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.copyItem(at: Fixture.folder.appendingPathComponent(parts[0]), to: directory)
        let bytes = try Fixture.bytes(path)
        var random = MutationSource(state: 9)
        var loaded = 0
        let rounds = parts[1] == "tokenizer_config.json" ? 500 : 2000
        for _ in 0..<rounds {
            try Data(bytes.mutated(&random)).write(to: directory.appendingPathComponent(parts[1]))
            do throws(TokenizerError) {
                let tokenizer = try Self.load(parts[0], directory)
                loaded += 1
                let ids = tokenizer.encode("a photo of </s> 一张照片 don't é ｆｕｌｌ <eos>[SEP]\n\n e\u{301}\u{1F600}\u{7}")
                    .ids
                #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
                #expect(ids.last == tokenizer.endID)
            } catch {
                let line = error.description
                #expect(!line.isEmpty && !line.contains("\n"))
            }
        }
        #expect(loaded > 0 && loaded < rounds)
    }

    /// The table of replacements is binary inside text: changes to the text seldom reach it.
    @Test
    func `changed tables of replacements give a clean error or valid text`() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("map-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.copyItem(at: Fixture.folder.appendingPathComponent("unigram"), to: directory)
        let text = String(decoding: try Fixture.bytes("unigram/tokenizer.json"), as: UTF8.self)
        let key = "\"precompiled_charsmap\":\""
        let start = try #require(text.range(of: key)).upperBound
        let end = try #require(text[start...].firstIndex(of: "\""))
        let table = [UInt8](try #require(Data(base64Encoded: String(text[start..<end]))))
        var random = MutationSource(state: 11)
        var loaded = 0
        for _ in 0..<2000 {
            let changed = Data(table.mutated(&random)).base64EncodedString()
            try Data("\(text[..<start])\(changed)\(text[end...])".utf8).write(
                to: directory.appendingPathComponent("tokenizer.json"))
            guard let tokenizer = try? SentencePieceTokenizer.load(directory: directory) else { continue }
            loaded += 1
            let ids = tokenizer.encode("ａｂｃ ﬁ ½ é e\u{301} か\u{3099} \u{1F600}\u{7}\u{AD} Ⅷ ＡＢＣ").ids
            #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
        }
        #expect(loaded > 100 && loaded < 2000)
    }

    @Test(arguments: ["wordpiece", "unigram", "gemma"])
    func `texts of a megabyte take time in proportion`(layout: String) throws {
        let tokenizer = try Self.load(layout, Fixture.folder.appendingPathComponent(layout))
        let texts = [
            String(repeating: "a", count: 1 << 20), String(repeating: "photo ", count: 170_000),
            String(repeating: "\u{301}\u{323}", count: 250_000), String(repeating: "字", count: 350_000),
            String(repeating: "</s", count: 300_000), String(repeating: "</s> ", count: 200_000),
            String(repeating: " ", count: 1 << 20), String(repeating: "\n", count: 1 << 20),
            String(repeating: "▁", count: 350_000), String(repeating: "[SEP", count: 250_000),
            String(repeating: "#", count: 1 << 20), String(repeating: "\u{200D}👩", count: 100_000),
            String(repeating: "Σ", count: 500_000), String(repeating: "É", count: 500_000),
        ]
        for text in texts {
            let start = ContinuousClock.now
            let result = tokenizer.encode(text)
            let elapsed = ContinuousClock.now - start
            #expect(result.ids.count <= tokenizer.contextLength)
            #expect(elapsed < .seconds(8), "\(text.prefix(10).debugDescription) took \(elapsed)")
        }
    }
}
