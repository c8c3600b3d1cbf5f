import DiptychTokenizers
import Foundation
import Testing

/// Ids of the tokenisers beyond CLIP's equal those of the reference implementations, recorded by
/// Scripts/fixtures/tokenizer_families.py.
struct FamilyParityTests {
    @Test(arguments: ["wordpiece", "wordpiece-json"])
    func `WordPiece ids equal transformers' from either layout`(layout: String) throws {
        let tokenizer = try BERTTokenizer.load(directory: Fixture.folder.appendingPathComponent(layout))
        #expect(tokenizer.cleaning == .huggingFace && tokenizer.contextLength == 52)
        try Fixture.checkFamily(tokenizer, "wordpiece.huggingface")
    }

    @Test
    func `WordPiece ids equal the original's`() throws {
        var tokenizer = try BERTTokenizer.load(
            vocabulary: Fixture.folder.appendingPathComponent("wordpiece/vocab.txt"))
        #expect(tokenizer.cleaning == .original && tokenizer.contextLength == 52)
        try Fixture.checkFamily(tokenizer, "wordpiece.original")
        tokenizer.mapsCurlyQuotes = true
        try Fixture.checkFamily(tokenizer, "wordpiece.captions", count: 800)
    }

    @Test
    func `settings of case, accents and ideographs are followed`() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("cased-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.copyItem(at: Fixture.folder.appendingPathComponent("wordpiece"), to: directory)
        try Data(
            """
            {"do_lower_case": false, "strip_accents": true, "tokenize_chinese_chars": false, "model_max_length": 20,
            "tokenizer_class": "BertTokenizer"}
            """.utf8
        ).write(to: directory.appendingPathComponent("tokenizer_config.json"))
        try Fixture.checkFamily(try BERTTokenizer.load(directory: directory), "wordpiece.cased", count: 800)
    }

    @Test
    func `unigram ids equal transformers'`() throws {
        let tokenizer = try SentencePieceTokenizer.load(directory: Fixture.folder.appendingPathComponent("unigram"))
        #expect(tokenizer.contextLength == 64)
        #expect(tokenizer.tokens(for: [tokenizer.endID, tokenizer.padID]) == ["</s>", "</s>"])
        try Fixture.checkFamily(tokenizer, "unigram")
    }

    @Test
    func `byte-pair ids equal transformers', in lower case and not`() throws {
        var tokenizer = try SentencePieceTokenizer.load(directory: Fixture.folder.appendingPathComponent("gemma"))
        #expect(tokenizer.contextLength == 64)
        #expect(tokenizer.tokens(for: [tokenizer.endID, tokenizer.padID]) == ["<eos>", "<pad>"])
        #expect(tokenizer.lowercases)
        try Fixture.checkFamily(tokenizer, "gemma")
        tokenizer.lowercases = false
        try Fixture.checkFamily(tokenizer, "gemma.cased", count: 800)
    }
}
