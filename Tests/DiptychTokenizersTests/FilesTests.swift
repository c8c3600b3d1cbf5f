import DiptychBasics
import DiptychTokenizers
import Foundation
import Testing

/// What the files may say, and what is refused.
struct FilesTests {
    /// A copy of a fixture directory that may be changed.
    private func copy(_ name: String) throws -> URL {
        let target = FileManager.default.temporaryDirectory.appendingPathComponent("tokenizer-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: Fixture.folder.appendingPathComponent(name), to: target)
        return target
    }

    private func write(_ text: String, _ name: String, in directory: URL) throws {
        try Data(text.utf8).write(to: directory.appendingPathComponent(name))
    }

    private func failure(_ directory: URL) -> TokenizerError? {
        #expect(throws: TokenizerError.self) { try CLIPTokenizer.load(directory: directory) }
    }

    @Test
    func `an original vocabulary numbers bytes, merges and special tokens`() throws {
        let original = try CLIPTokenizer.load(directory: Fixture.folder.appendingPathComponent("original"))
        let dense = try CLIPTokenizer.load(directory: Fixture.folder.appendingPathComponent("dense"))
        #expect(original.vocabularySize == dense.vocabularySize)
        #expect(original.endID == Int32(original.vocabularySize - 1))
        #expect(original.startID == original.endID - 1)
        #expect(original.padID == 0)
        #expect(dense.padID == dense.endID)
        let all = (0..<Int32(dense.vocabularySize)).map { $0 }
        #expect(original.tokens(for: all) == dense.tokens(for: all))
        #expect(original.tokens(for: [-1, Int32(dense.vocabularySize)]) == [nil, nil])
        #expect(original.decode([-1, .max]).isEmpty)
        let file = Fixture.folder.appendingPathComponent("original/bpe_simple_vocab_16e6.txt.gz")
        let smaller = try CLIPTokenizer(originalVocabulary: file, vocabularySize: 1000)
        #expect(smaller.vocabularySize == 1000)
        #expect(throws: TokenizerError.self) { try CLIPTokenizer(originalVocabulary: file, vocabularySize: 513) }
        #expect(throws: TokenizerError.self) { try CLIPTokenizer(originalVocabulary: file, vocabularySize: 49408) }
    }

    @Test
    func `long text loses its last tokens and keeps the end`() throws {
        var tokenizer = try CLIPTokenizer.load(directory: Fixture.folder.appendingPathComponent("dense"))
        let whole = tokenizer.encode("a 1 2 3 4 5 6 7 8 9", contextLength: 100)
        #expect(whole.ids.count == 12 && whole.truncated == 0)
        let cut = tokenizer.encode("a 1 2 3 4 5 6 7 8 9", contextLength: 5)
        #expect(cut.ids == Array(whole.ids[..<4]) + [tokenizer.endID])
        #expect(cut.truncated == 7)
        #expect(tokenizer.encode("a b c", contextLength: -3).ids == [tokenizer.startID, tokenizer.endID])
        tokenizer.contextLength = 4
        #expect(tokenizer.encode("1 2 3 4").ids.count == 4)
    }

    @Test
    func `a missing tokeniser is named`() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("nothing-\(UUID().uuidString)")
        let error = try #require(failure(directory))
        #expect(error.kind == .unreadable)
        #expect(error.description.contains("has no tokeniser"))
    }

    @Test(arguments: [
        (#"{"tokenizer_class": "BertTokenizer"}"#, "BertTokenizer"),
        (#"{"bos_token": {"__type": "AddedToken", "content": "<|startoftext|>", "lstrip": true}}"#, "lstrip"),
        (#"{"additional_special_tokens": ["<x>"]}"#, "additional_special_tokens"),
        (#"{"image_token": "<image>"}"#, "image_token"),
        (#"{"add_prefix_space": true}"#, "add_prefix_space"),
        (#"{"truncation_side": "left"}"#, "truncation_side"),
        (#"{"model_max_length": "long"}"#, "model_max_length"),
        (#"{"eos_token": "<end>"}"#, "<end>"),
        (#"{"added_tokens_decoder": {"5": {"content": "<|endoftext|>"}}}"#, "has id 5"),
        (#"{"added_tokens_decoder": {"9000": {"content": "<new>"}}}"#, "<new>"),
        (#"{"unk_token": null}"#, "unk_token"),
        (#"{"pad_token": ""}"#, "pad_token"),
        (#"[1]"#, "object"),
        (#"{"a": 1, "a": 2}"#, "twice"),
    ])
    func `settings beyond CLIP's tokeniser are refused by name`(settings: String, name: String) throws {
        let directory = try copy("dense")
        defer { try? FileManager.default.removeItem(at: directory) }
        try write(settings, "tokenizer_config.json", in: directory)
        let error = try #require(failure(directory))
        #expect(error.description.contains(name))
        #expect(!error.description.contains("\n"))
    }

    @Test
    func `added tokens and an unknown length are taken from the settings`() throws {
        let directory = try copy("dense")
        defer { try? FileManager.default.removeItem(at: directory) }
        let size = try CLIPTokenizer.load(directory: directory).vocabularySize
        try write(
            """
            {"model_max_length": 1000000000000000019884624838656, "added_tokens_decoder": {
            "\(size)": {"content": "<new>", "normalized": false, "special": false}}}
            """, "tokenizer_config.json", in: directory)
        let tokenizer = try CLIPTokenizer.load(directory: directory)
        #expect(tokenizer.contextLength == 77)
        #expect(tokenizer.vocabularySize == size + 1)
        #expect(tokenizer.encode("a<new>b").ids.contains(Int32(size)))
    }

    @Test(arguments: [
        (#""type":"BPE""#, #""type":"WordPiece""#, "model.type"),
        (#""fuse_unk":false"#, #""fuse_unk":true"#, "fuse_unk"),
        (#""ignore_merges":false"#, #""ignore_merges":true"#, "ignore_merges"),
        (#""dropout":null"#, #""dropout":0.1"#, "dropout"),
        (#"{"type":"NFC"}"#, #"{"type":"NFKC"}"#, "normalizer"),
        (#"{"type":"Lowercase"}"#, #"{"type":"StripAccents"}"#, "normalizer"),
        (#"'s|'t|"#, #"'t|"#, "pre_tokenizer"),
        (#""add_prefix_space":false,"trim_offsets":true,"use_regex":true"#, #""use_regex":false"#, "pre_tokenizer"),
        (#""type":"RobertaProcessing""#, #""type":"BertProcessing""#, "post_processor"),
        (#""lstrip":false"#, #""lstrip":true"#, "lstrip"),
        (#""version":"1.0""#, #""version":"1.0","surprise":1"#, "surprise"),
        (#""end_of_word_suffix":"</w>""#, #""end_of_word_suffix":"""#, "end_of_word_suffix"),
    ])
    func `a tokenizer file that is not CLIP's is refused by name`(old: String, new: String, name: String) throws {
        let directory = try copy("json")
        defer { try? FileManager.default.removeItem(at: directory) }
        let text = String(decoding: try Fixture.bytes("json/tokenizer.json"), as: UTF8.self)
        #expect(text.contains(old))
        try write(text.replacingOccurrences(of: old, with: new), "tokenizer.json", in: directory)
        let error = try #require(failure(directory))
        #expect(error.kind == .unsupported)
        #expect(error.description.contains(name))
    }

    @Test(arguments: [
        ("{", "{\"a\": 1, ", "line 1"), ("\":0,", "\":-1,", "id"), ("\":0,", "\":1.5,", "id"),
        ("\":0,", "\":99999999999,", "id"), ("\":0,", "\":1,", "id is used twice"), ("\":0,", "\":70000,", "not less"),
        ("\":0,", "\":true,", "id"), ("\"!\":0,", "\"!\":0,\"!\":0,", "twice"),
    ])
    func `a broken vocabulary is refused with its place`(old: String, new: String, reason: String) throws {
        let directory = try copy("dense")
        defer { try? FileManager.default.removeItem(at: directory) }
        let text = String(decoding: try Fixture.bytes("dense/vocab.json"), as: UTF8.self)
        let range = try #require(text.range(of: old))
        try write(text.replacingCharacters(in: range, with: new), "vocab.json", in: directory)
        let error = try #require(failure(directory))
        if old != "{" { #expect(error.description.contains(reason)) }
    }

    @Test(arguments: [
        ("i n extra\n", "two pieces"), ("unknown pieces\n", "not in the vocabulary"), ("\n", "two pieces"),
    ])
    func `a broken merge is refused with its line`(line: String, reason: String) throws {
        let directory = try copy("dense")
        defer { try? FileManager.default.removeItem(at: directory) }
        let text = String(decoding: try Fixture.bytes("dense/merges.txt"), as: UTF8.self)
        try write(text.replacingOccurrences(of: "#version: 0.2\n", with: line), "merges.txt", in: directory)
        let error = try #require(failure(directory))
        #expect(error.description.contains(reason))
        #expect(error.place == "line 1")
    }

    @Test
    func `a gzip bomb and a cut file are refused`() throws {
        let directory = try copy("original")
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appendingPathComponent("bpe_simple_vocab_16e6.txt.gz")
        let bytes = try Data(contentsOf: file)
        try bytes.prefix(bytes.count / 2).write(to: file)
        #expect(try #require(failure(directory)).description.contains("gzip"))
        #expect(throws: (any Error).self) { try Inflater.inflate([UInt8](bytes), .gzip, limit: 1000) }
    }
}
