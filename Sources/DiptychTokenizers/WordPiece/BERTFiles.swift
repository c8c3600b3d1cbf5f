public import Foundation

extension BERTTokenizer {
    /// Reads the tokeniser of a model directory.
    ///
    /// Takes `tokenizer.json` if it is there, else `vocab.txt`; and `tokenizer_config.json` with either. What the files
    /// ask for beyond BERT's tokeniser is an error.
    ///
    /// - Parameters:
    ///   - directory: the model's directory.
    ///   - cleaning: whose rules cut text into words.
    /// - Throws: ``TokenizerError``.
    public static func load(directory: URL, cleaning: Cleaning = .huggingFace) throws(TokenizerError) -> BERTTokenizer {
        func path(_ name: String) -> URL? {
            let url = directory.appendingPathComponent(name)
            return FileManager.default.fileExists(atPath: url.path) ? url : nil
        }
        let settings = try TokenizerSettings(directory: directory)
        if let url = path("tokenizer.json") {
            let document = try TokenizerDocument(try FileBytes(contentsOf: url), family: "BERT's tokeniser")
            return BERTTokenizer(try BERTParts(document, settings: settings, cleaning: cleaning), cleaning: cleaning)
        }
        if let url = path("vocab.txt") {
            let file = try FileBytes(contentsOf: url)
            let parts = try BERTParts(
                vocabulary: try Vocabulary(lines: file), settings: settings, cleaning: cleaning, file: file.name)
            return BERTTokenizer(parts, cleaning: cleaning)
        }
        throw TokenizerError(
            .unreadable, file: directory.path, reason: "has no tokeniser: neither tokenizer.json nor vocab.txt")
    }

    /// Reads a `vocab.txt` alone, such as the one in Chinese-CLIP's package.
    ///
    /// - Parameters:
    ///   - vocabulary: a file of one piece a line, numbered from 0.
    ///   - cleaning: whose rules cut text into words.
    /// - Throws: ``TokenizerError``.
    public static func load(vocabulary: URL, cleaning: Cleaning = .original) throws(TokenizerError) -> BERTTokenizer {
        let file = try FileBytes(contentsOf: vocabulary)
        let parts = try BERTParts(
            vocabulary: try Vocabulary(lines: file), settings: nil, cleaning: cleaning, file: file.name)
        return BERTTokenizer(parts, cleaning: cleaning)
    }
}

/// What every layout of BERT's tokeniser is read into, checked.
struct BERTParts {
    private(set) var vocabulary: Vocabulary
    let startID: Int32
    let endID: Int32
    let padID: Int32
    let unknownID: Int32
    let contextLength: Int
    let addedTokens: [AddedTokens.Token]
    private(set) var maximumWordLength: Int
    let lowercases: Bool
    let stripsAccents: Bool
    let spacesIdeographs: Bool

    private static let roles = [
        "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]", "pad_token": "[PAD]",
    ]

    init(
        vocabulary: Vocabulary, settings: TokenizerSettings?, cleaning: BERTTokenizer.Cleaning, file: String,
        document: TokenizerDocument? = nil
    ) throws(TokenizerError) {
        var vocabulary = vocabulary
        try settings?.requireClass([
            "BertTokenizer", "ChineseCLIPTokenizer", "TokenizersBackend", "PreTrainedTokenizer",
        ])
        var roles = Self.roles
        if vocabulary.id(of: Array("[MASK]".utf8)) != nil { roles["mask_token"] = "[MASK]" }
        let absent = Self.roles.values.sorted().first { vocabulary.id(of: Array($0.utf8)) == nil }
        if let absent, settings == nil || cleaning == .original {
            throw TokenizerError(.malformed, file: file, reason: "has no line \(absent), which BERT's tokeniser needs")
        }
        let added =
            try settings?.addedTokens(document: document, roles: roles, vocabulary: &vocabulary)
            ?? TokenizerParts.namedTokens(roles, in: vocabulary)
        if let piece = vocabulary.seal() {
            throw TokenizerError(
                .malformed, file: file, place: "key \(piece.debugDescription)",
                reason: "its id is used twice or is not less than the number of pieces, \(vocabulary.count)")
        }
        func id(_ role: String) -> Int32? {
            let content = cleaning == .original ? nil : settings?.content(of: role)
            return vocabulary.id(of: Array((content ?? Self.roles[role] ?? "").utf8))
        }
        guard let start = id("cls_token"), let end = id("sep_token"), let unknown = id("unk_token"),
            let pad = id("pad_token")
        else { throw TokenizerError(.malformed, file: file, reason: "has no start, end, unknown or padding token") }
        self.vocabulary = vocabulary
        (startID, endID, unknownID, padID) = (start, end, unknown, pad)
        contextLength = try settings?.contextLength(atLeast: 2) ?? BERTTokenizer.defaultContextLength
        maximumWordLength = cleaning == .original ? 200 : 100
        // The original's text has no special tokens, and its rules have no settings.
        addedTokens = cleaning == .original ? [] : added
        let normalizer = document?.members["normalizer"]
        let own = cleaning == .original ? nil : settings
        lowercases =
            cleaning == .original ? true : try own?.flag("do_lower_case") ?? normalizer?["lowercase"]?.bool ?? true
        stripsAccents = try own?.flag("strip_accents") ?? normalizer?["strip_accents"]?.bool ?? lowercases
        spacesIdeographs =
            cleaning == .original
            ? true
            : try own?.flag("tokenize_chinese_chars") ?? normalizer?["handle_chinese_chars"]?.bool ?? true
    }

    init(
        _ document: TokenizerDocument, settings: TokenizerSettings, cleaning: BERTTokenizer.Cleaning
    ) throws(TokenizerError) {
        try document.validateBERT()
        try self.init(
            vocabulary: document.vocabulary, settings: settings, cleaning: cleaning, file: document.file.name,
            document: document)
        if cleaning == .huggingFace, let length = document.model["max_input_chars_per_word"]?.number {
            maximumWordLength = Int(length)
        }
        try document.validateBERTTemplate(start: startID, end: endID)
    }
}

extension TokenizerParts {
    /// Special tokens of a vocabulary that comes without settings.
    static func namedTokens(_ roles: [String: String], in vocabulary: Vocabulary) -> [AddedTokens.Token] {
        roles.values.compactMap { content in
            let bytes = Array(content.utf8)
            return vocabulary.id(of: bytes).map { AddedTokens.Token(content: bytes, id: $0, normalized: false) }
        }
    }
}

extension TokenizerDocument {
    /// Refuses whatever is not as in BERT's tokeniser, by its key.
    fileprivate func validateBERT() throws(TokenizerError) {
        try require(model["type"] == .string("WordPiece"), "model.type", model["type"])
        try require(scores == nil, "model.vocab", .array([]))
        let prefix = model["continuing_subword_prefix"] ?? .string("##")
        try require(prefix == .string("##"), "model.continuing_subword_prefix", prefix)
        let length = model["max_input_chars_per_word"] ?? .number(100)
        let isLength = length.number.map { $0 >= 1 && $0 <= 1_048_576 && $0 == $0.rounded() } ?? false
        try require(isLength, "model.max_input_chars_per_word", length)
        try validateSections(
            model: ["type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"])
        let normalizer = members["normalizer"] ?? .null
        try require(
            normalizer["type"] == .string("BertNormalizer") && normalizer["clean_text"]?.bool != false, "normalizer",
            normalizer)
        let preTokenizer = members["pre_tokenizer"] ?? .null
        try require(preTokenizer["type"] == .string("BertPreTokenizer"), "pre_tokenizer", preTokenizer)
    }

    fileprivate func validateBERTTemplate(start: Int32, end: Int32) throws(TokenizerError) {
        let processor = members["post_processor"] ?? .null
        if processor["type"] == .string("BertProcessing") {
            let ids = ["cls", "sep"].map { processor[$0]?.array?.last?.number }
            return try require(ids == [Double(start), Double(end)], "post_processor", processor)
        }
        let template = try template()
        try require(template?.prefix == [start] && template?.suffix == [end], "post_processor", processor)
    }
}

extension Vocabulary {
    /// Reads `vocab.txt`: a piece a line, numbered from 0, without the white space around it.
    init(lines file: FileBytes) throws(TokenizerError) {
        try file.validateUTF8()
        self.init(capacity: file.bytes.count / 4)
        var lines = MergeLines(file)
        while let line = lines.next() {
            let piece = PythonText.stripped(file.bytes[line])
            guard insert(piece, id: Int32(truncatingIfNeeded: lines.number - 1)) else {
                throw lines.failure("\(String(decoding: piece, as: UTF8.self).debugDescription) stands twice")
            }
        }
        if count == 0 { throw TokenizerError(.malformed, file: file.name, reason: "is empty") }
    }
}
