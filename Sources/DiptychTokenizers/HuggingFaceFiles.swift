internal import DiptychBasics
public import Foundation

extension CLIPTokenizer {
    /// Reads the tokeniser of a model directory.
    ///
    /// Takes `tokenizer.json` if it is there, else `vocab.json` with `merges.txt`, else OpenAI's
    /// `bpe_simple_vocab_16e6.txt.gz`, as transformers does; and with the first two `tokenizer_config.json`,
    /// `special_tokens_map.json` and `added_tokens.json`. What the files ask for beyond CLIP's tokeniser is an error.
    ///
    /// - Parameters:
    ///   - directory: the model's directory.
    ///   - cleaning: how text is cleaned; nil takes the rules of the layout that was found.
    /// - Throws: ``TokenizerError``.
    public static func load(directory: URL, cleaning: Cleaning? = nil) throws(TokenizerError) -> CLIPTokenizer {
        func path(_ name: String) -> URL? {
            let url = directory.appendingPathComponent(name)
            return FileManager.default.fileExists(atPath: url.path) ? url : nil
        }
        if let url = path("tokenizer.json") {
            return try CLIPTokenizer(
                tokenizerFile: url, settingsDirectory: directory, cleaning: cleaning ?? .huggingFace)
        }
        if let vocabulary = path("vocab.json"), let merges = path("merges.txt") {
            return try CLIPTokenizer(
                vocabulary: vocabulary, merges: merges, settingsDirectory: directory,
                cleaning: cleaning ?? .huggingFace)
        }
        if let url = path("bpe_simple_vocab_16e6.txt.gz") {
            return try CLIPTokenizer(originalVocabulary: url, cleaning: cleaning ?? .original)
        }
        throw TokenizerError(
            .unreadable, file: directory.path,
            reason: "has no tokeniser: tokenizer.json, vocab.json with merges.txt, or bpe_simple_vocab_16e6.txt.gz")
    }

    /// Reads `vocab.json` and `merges.txt`.
    ///
    /// - Parameters:
    ///   - vocabulary: an object of pieces and their ids, which run from 0 without a gap.
    ///   - merges: one merge a line, earliest first, after an optional `#version` line.
    ///   - settingsDirectory: where `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` are, if
    ///     anywhere.
    ///   - cleaning: how text is cleaned.
    /// - Throws: ``TokenizerError``.
    public init(
        vocabulary: URL, merges: URL, settingsDirectory: URL? = nil, cleaning: Cleaning = .huggingFace
    ) throws(TokenizerError) {
        let file = try FileBytes(contentsOf: vocabulary)
        var pieces = try file.readJSON { (reader) throws(JSONFault) in
            let pieces = try reader.vocabulary()
            try reader.end()
            return pieces
        }
        let table = try MergeTable(lines: try FileBytes(contentsOf: merges), in: pieces)
        let special = try SpecialTokens(directory: settingsDirectory, addedTokens: nil, file: file.name)
        self.init(
            try TokenizerParts(vocabulary: &pieces, merges: table, special: special, file: file.name),
            cleaning: cleaning)
    }

    /// Reads `tokenizer.json`, the format of the `tokenizers` library.
    ///
    /// - Parameters:
    ///   - tokenizerFile: the file.
    ///   - settingsDirectory: where `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` are, if
    ///     anywhere.
    ///   - cleaning: how text is cleaned.
    /// - Throws: ``TokenizerError``, also where the file describes another normaliser, pre-tokeniser or model than CLIP's.
    public init(
        tokenizerFile: URL, settingsDirectory: URL? = nil, cleaning: Cleaning = .huggingFace
    ) throws(TokenizerError) {
        let file = try FileBytes(contentsOf: tokenizerFile)
        var document = try TokenizerDocument(file, family: "CLIP's tokeniser")
        let special = try SpecialTokens(
            directory: settingsDirectory, addedTokens: document.members["added_tokens"], file: file.name)
        try document.validate(special)
        self.init(
            try TokenizerParts(
                vocabulary: &document.vocabulary, merges: try document.requiredMerges(), special: special,
                file: file.name),
            cleaning: cleaning)
    }
}

extension SpecialTokens {
    init(directory: URL?, addedTokens: JSONValue?, file: String) throws(TokenizerError) {
        func content(_ name: String) throws(TokenizerError) -> FileBytes? {
            guard let url = directory?.appendingPathComponent(name), FileManager.default.fileExists(atPath: url.path)
            else { return nil }
            return try FileBytes(contentsOf: url)
        }
        try self.init(
            configuration: try content("tokenizer_config.json"), map: try content("special_tokens_map.json"),
            addedTokensFile: try content("added_tokens.json"), addedTokens: addedTokens, file: file)
    }
}

extension TokenizerParts {
    /// Settles ids, and checks that they run without a gap.
    init(
        vocabulary: inout Vocabulary, merges: MergeTable, special: SpecialTokens, file: String
    ) throws(TokenizerError) {
        var added: [AddedTokens.Token] = []
        for (id, token) in special.listed {
            let content = Array(token.content.utf8)
            if let known = vocabulary.id(of: content) {
                guard known == id else {
                    throw TokenizerError(
                        .malformed, file: file, place: "added token \(token.content.debugDescription)",
                        reason: "has id \(id) where the vocabulary says \(known)")
                }
            } else {
                _ = vocabulary.insert(content, id: id)
            }
            added.append(AddedTokens.Token(content: content, id: id, normalized: token.normalized))
        }
        for token in special.ordered {
            let content = Array(token.content.utf8)
            guard let id = vocabulary.id(of: content) else {
                throw TokenizerError(
                    .malformed, file: file, place: "special token \(token.content.debugDescription)",
                    reason: "is not in the vocabulary")
            }
            added.append(AddedTokens.Token(content: content, id: id, normalized: token.normalized))
        }
        if let piece = vocabulary.seal() {
            throw TokenizerError(
                .malformed, file: file, place: "key \(piece.debugDescription)",
                reason: "its id is used twice or is not less than the number of pieces, \(vocabulary.count)")
        }
        func id(_ role: String) -> Int32? { vocabulary.id(of: Array(special.content(of: role).utf8)) }
        guard let start = id("bos_token"), let end = id("eos_token"), let unknown = id("unk_token") else {
            throw TokenizerError(.malformed, file: file, reason: "has no start, end or unknown token")
        }
        self.init(
            vocabulary: vocabulary, merges: merges, startID: start, endID: end, padID: id("pad_token") ?? end,
            unknownID: unknown, contextLength: special.contextLength ?? CLIPTokenizer.defaultContextLength,
            addedTokens: added, specialIDs: Set([start, end, unknown] + [id("pad_token")].compactMap { $0 }))
    }
}

extension JSONReader {
    /// Reads an object of pieces and ids.
    mutating func vocabulary() throws(JSONFault) -> Vocabulary {
        var vocabulary = Vocabulary(capacity: bytes.count / 17)
        try object { (reader, piece) throws(JSONFault) in
            guard vocabulary.insert(piece, id: try reader.identifier()) else {
                throw reader.failure("stands twice", key: String(decoding: piece, as: UTF8.self))
            }
        }
        return vocabulary
    }
}

extension MergeTable {
    /// Reads `merges.txt`.
    init(lines file: FileBytes, in vocabulary: Vocabulary) throws(TokenizerError) {
        try file.validateUTF8()
        self.init(capacity: vocabulary.count)
        var lines = MergeLines(file)
        var joined: [UInt8] = []
        while let line = lines.next() {
            if lines.starts(line, with: "#version") { continue }
            guard let (left, right) = lines.pair(line) else { throw lines.failure("should be two pieces and a space") }
            if let reason = append(left, right, in: vocabulary, joined: &joined) { throw lines.failure(reason) }
        }
    }
}
