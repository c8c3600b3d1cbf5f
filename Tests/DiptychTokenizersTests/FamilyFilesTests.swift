import DiptychTokenizers
import Foundation
import Testing

/// What the files of WordPiece and SentencePiece tokenisers may say, and what is refused.
struct FamilyFilesTests {
    private func copy(_ name: String) throws -> URL {
        let target = FileManager.default.temporaryDirectory.appendingPathComponent("family-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: Fixture.folder.appendingPathComponent(name), to: target)
        return target
    }

    private func failure(_ directory: URL, _ layout: String) -> TokenizerError? {
        #expect(throws: TokenizerError.self) {
            if layout.hasPrefix("wordpiece") {
                _ = try BERTTokenizer.load(directory: directory)
            } else {
                _ = try SentencePieceTokenizer.load(directory: directory)
            }
        }
    }

    @Test(arguments: [
        ("", "empty"), ("[PAD]\n[UNK]\n[CLS]\na\n", "[SEP]"), ("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\na \n", "line 6"),
        ("[PAD]\n[UNK]\n[CLS]\n[SEP]\n\u{FFFD}?\n", "UTF-8"), ("\n\n\n", "empty"),
    ])
    func `a broken list of pieces is refused with its place`(text: String, reason: String) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("vocab-\(UUID().uuidString).txt")
        defer { try? FileManager.default.removeItem(at: file) }
        // The one text that should not be UTF-8 gets a byte that never occurs in it.
        var bytes = Array(text.utf8)
        if let mark = bytes.firstIndex(of: 0xEF) { bytes[mark] = 0xFF }
        try Data(bytes).write(to: file)
        let error = #expect(throws: TokenizerError.self) { try BERTTokenizer.load(vocabulary: file) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.kind == .malformed)
    }

    @Test(arguments: [
        ("wordpiece-json", #""type":"WordPiece""#, #""type":"BPE""#, "model.type"),
        ("wordpiece-json", #""type":"BertNormalizer""#, #""type":"NFC""#, "normalizer"),
        ("wordpiece-json", #""clean_text":true"#, #""clean_text":false"#, "normalizer"),
        ("wordpiece-json", #""type":"BertPreTokenizer""#, #""type":"Whitespace""#, "pre_tokenizer"),
        ("wordpiece-json", #""type":"TemplateProcessing""#, #""type":"ByteLevel""#, "post_processor"),
        ("wordpiece-json", "subword_prefix\":\"##\"", "subword_prefix\":\"@@\"", "continuing_subword_prefix"),
        ("wordpiece-json", #""max_input_chars_per_word":100"#, #""max_input_chars_per_word":1e300"#, "max_input"),
        ("unigram", #""byte_fallback":false"#, #""byte_fallback":true"#, "byte_fallback"),
        ("unigram", #""unk_id":2"#, #""unk_id":200000"#, "unk_id"),
        ("unigram", #""unk_id":2"#, #""unk_id":null"#, "unk_id"),
        ("unigram", #"{"type":"Lowercase"}"#, #"{"type":"NFKC"}"#, "normalizer step 1"),
        ("unigram", #"{"Regex":"\\s+"}"#, #"{"Regex":"\\w+"}"#, "normalizer step 3"),
        (
            "unigram", #""type":"Metaspace","replacement":"▁""#, #""type":"Metaspace","replacement":"_""#,
            "pre_tokenizer"
        ),
        ("unigram", #""prepend_scheme":"always""#, #""prepend_scheme":"first""#, "prepend_scheme"),
        ("unigram", #""type":"TemplateProcessing""#, #""type":"ByteLevel""#, "post_processor"),
        ("gemma", #""ignore_merges":false"#, #""ignore_merges":true"#, "ignore_merges"),
        ("gemma", #""dropout":null"#, #""dropout":0.5"#, "dropout"),
        ("gemma", #""content":"▁"}"#, #""content":"_"}"#, "normalizer"),
        ("gemma", #""pattern":{"String":" "},"behavior""#, #""pattern":{"String":"a"},"behavior""#, "pre_tokenizer"),
        ("gemma", #""unk_token":"<unk>""#, #""unk_token":"<nothing>""#, "unk_token"),
        ("gemma", #""single_word":false"#, #""single_word":true"#, "single_word"),
        ("gemma", #""version":"1.0""#, #""version":"1.0","surprise":1"#, "surprise"),
    ])
    func `a tokenizer file of another kind is refused by name`(
        layout: String, old: String, new: String, name: String
    ) throws {
        let directory = try copy(layout)
        defer { try? FileManager.default.removeItem(at: directory) }
        let text = String(decoding: try Fixture.bytes("\(layout)/tokenizer.json"), as: UTF8.self)
        #expect(text.contains(old))
        try Data(text.replacingOccurrences(of: old, with: new).utf8).write(
            to: directory.appendingPathComponent("tokenizer.json"))
        let error = try #require(failure(directory, layout))
        #expect(error.kind == .unsupported, "\(error)")
        #expect(error.description.contains(name), "\(error)")
    }

    @Test(arguments: [
        (#"{"tokenizer_class": "CLIPTokenizer"}"#, "CLIPTokenizer"), (#"{"padding_side": "left"}"#, "padding_side"),
        (#"{"truncation_side": "left"}"#, "truncation_side"), (#"{"do_lower_case": "yes"}"#, "do_lower_case"),
        (#"{"add_eos_token": false}"#, "post_processor"), (#"{"eos_token": "<nothing>"}"#, "<nothing>"),
        (#"{"split_special_tokens": true}"#, "split_special_tokens"), (#"{"model_max_length": 0}"#, "model_max_length"),
        (#"{"additional_special_tokens": ["<x>"]}"#, "additional_special_tokens"),
        (#"{"added_tokens_decoder": {"7": {"content": "<eos>"}}}"#, "has id 7"),
        (#"{"added_tokens_decoder": {"90000": {"content": "<new>"}}}"#, "<new>"),
    ])
    func `settings that would change ids are refused by name`(settings: String, name: String) throws {
        let directory = try copy("gemma")
        defer { try? FileManager.default.removeItem(at: directory) }
        try Data(settings.utf8).write(to: directory.appendingPathComponent("tokenizer_config.json"))
        let error = try #require(failure(directory, "gemma"))
        #expect(error.description.contains(name) && !error.description.contains("\n"), "\(error)")
    }

    @Test
    func `a missing tokeniser is named`() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("nothing-\(UUID().uuidString)")
        for layout in ["wordpiece", "unigram"] {
            let error = try #require(failure(directory, layout))
            #expect(error.kind == .unreadable && error.description.contains("tokenizer.json"))
        }
    }

    @Test
    func `long text keeps its special tokens`() throws {
        let bert = try BERTTokenizer.load(vocabulary: Fixture.folder.appendingPathComponent("wordpiece/vocab.txt"))
        let whole = bert.encode("a 1 2 3 4", contextLength: 100)
        #expect(whole.truncated == 0 && whole.ids.first == bert.startID && whole.ids.last == bert.endID)
        let cut = bert.encode("a 1 2 3 4", contextLength: 4)
        #expect(cut.ids == Array(whole.ids[..<3]) + [bert.endID] && cut.truncated == whole.ids.count - 4)
        #expect(bert.encode("a", contextLength: -1).ids == [bert.startID, bert.endID])
        let siglip: any Tokenizer = try SentencePieceTokenizer.load(
            directory: Fixture.folder.appendingPathComponent("unigram"))
        #expect(siglip.encode("a cat", contextLength: 1).ids == [siglip.endID])
        #expect(siglip.tokens(for: [-1, Int32(siglip.vocabularySize)]) == [nil, nil])
    }
}
