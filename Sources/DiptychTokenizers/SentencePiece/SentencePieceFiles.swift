public import Foundation

extension SentencePieceTokenizer {
    /// Reads the `tokenizer.json` of a model directory, and its `tokenizer_config.json` if there is one.
    ///
    /// - Parameter directory: the model's directory.
    /// - Throws: ``TokenizerError``, also where a file asks for a component that SigLIP's tokenisers do not have.
    public static func load(directory: URL) throws(TokenizerError) -> SentencePieceTokenizer {
        let url = directory.appendingPathComponent("tokenizer.json")
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw TokenizerError(
                .unreadable, file: directory.path,
                reason: "has no tokenizer.json; save it with transformers where there is only a .model file")
        }
        let settings = try TokenizerSettings(directory: directory)
        let document = try TokenizerDocument(try FileBytes(contentsOf: url), family: "SigLIP's tokeniser")
        return SentencePieceTokenizer(try SentencePieceParts(document, settings: settings))
    }
}

/// What `tokenizer.json` is read into, checked.
struct SentencePieceParts {
    let vocabulary: Vocabulary
    let model: SentencePieceModel
    let normalizer: TextNormalizer
    let words: WordSplitter?
    let addedTokens: [AddedTokens.Token]
    let prefix: [Int32]
    let suffix: [Int32]
    let endID: Int32
    let padID: Int32
    let contextLength: Int
    let lowercases: Bool

    init(_ document: TokenizerDocument, settings: TokenizerSettings) throws(TokenizerError) {
        var document = document
        try settings.requireClass([
            "SiglipTokenizer", "Siglip2Tokenizer", "GemmaTokenizer", "T5Tokenizer", "TokenizersBackend",
            "PreTrainedTokenizer",
        ])
        var vocabulary = document.vocabulary
        addedTokens = try settings.addedTokens(document: document, roles: [:], vocabulary: &vocabulary)
        if let piece = vocabulary.seal() {
            throw TokenizerError(
                .malformed, file: document.file.name, place: "key \(piece.debugDescription)",
                reason: "its id is used twice or is not less than the number of pieces, \(vocabulary.count)")
        }
        document.vocabulary = vocabulary
        self.vocabulary = vocabulary
        normalizer = try document.textNormalizer()
        if document.model["type"] == .string("Unigram") {
            model = .unigram(try document.unigram())
            words = try document.wordSplitter()
        } else {
            model = .pairs(try document.characterPairs(normalizer))
            words = nil
        }
        func id(_ role: String, else other: String) -> Int32? {
            vocabulary.id(of: Array((settings.content(of: role) ?? other).utf8))
        }
        let isUnigram = words != nil
        guard let end = id("eos_token", else: isUnigram ? "</s>" : "<eos>") else {
            throw TokenizerError(.malformed, file: document.file.name, reason: "has no end token")
        }
        // A directory may name its padding in either file; SigLIP's is its end.
        let padding = document.members["padding"]?["pad_token"]?.string
        guard let pad = id("pad_token", else: padding ?? (isUnigram ? "</s>" : "<pad>")) else {
            throw TokenizerError(.malformed, file: document.file.name, reason: "has no padding token")
        }
        endID = end
        padID = pad
        (prefix, suffix) = try document.specialIDs(settings, start: id("bos_token", else: "<bos>"), end: end)
        guard suffix.last == end else {
            throw TokenizerError(
                .unsupported, file: document.file.name, place: "key \"post_processor\"",
                reason: "texts do not end with the end token, which SigLIP reads")
        }
        contextLength =
            try settings.contextLength(atLeast: prefix.count + suffix.count)
            ?? SentencePieceTokenizer.defaultContextLength
        let flag = try settings.flag("do_lower_case")
        lowercases = settings.tokenizerClass == "Siglip2Tokenizer" || flag == true
    }
}

extension TokenizerDocument {
    /// The ids around a text: the settings' flags if there are any, as in transformers 5, else the post-processor's.
    fileprivate func specialIDs(
        _ settings: TokenizerSettings, start: Int32?, end: Int32
    ) throws(TokenizerError) -> (prefix: [Int32], suffix: [Int32]) {
        let starts = try settings.flag("add_bos_token")
        let ends = try settings.flag("add_eos_token")
        if starts != nil || ends != nil {
            return (starts == true ? start.map { [$0] } ?? [] : [], ends == true ? [end] : [])
        }
        let template = try template()
        try require(template != nil, "post_processor", members["post_processor"])
        return template ?? ([], [])
    }

    fileprivate func unigram() throws(TokenizerError) -> UnigramModel {
        guard let scores, !scores.isEmpty else {
            throw TokenizerError(
                .malformed, file: file.name, place: "key \"model.vocab\"",
                reason: "should be a list of pieces with scores")
        }
        try validateSections(model: ["type", "vocab", "unk_id", "byte_fallback"])
        try require(model["byte_fallback"]?.bool != true, "model.byte_fallback", model["byte_fallback"])
        let unknown = model["unk_id"]?.number ?? -1
        try require(
            unknown >= 0 && unknown < Double(scores.count) && unknown == unknown.rounded(), "model.unk_id",
            model["unk_id"])
        return UnigramModel(vocabulary, scores: scores, unknownID: Int32(unknown))
    }

    fileprivate func characterPairs(_ normalizer: TextNormalizer) throws(TokenizerError) -> CharacterPairModel {
        try require(model["type"] == .string("BPE"), "model.type", model["type"])
        try require(scores == nil, "model.vocab", .array([]))
        try validateSections(model: [
            "type", "vocab", "merges", "end_of_word_suffix", "continuing_subword_prefix", "dropout", "unk_token",
            "fuse_unk", "byte_fallback", "ignore_merges",
        ])
        for key in ["end_of_word_suffix", "continuing_subword_prefix"] {
            let value = model[key] ?? .null
            try require(value.isNull || value == .string(""), "model.\(key)", value)
        }
        let dropout = model["dropout"] ?? .null
        try require(dropout.isNull || dropout == .number(0), "model.dropout", dropout)
        try require(model["ignore_merges"]?.bool != true, "model.ignore_merges", model["ignore_merges"])
        // Spaces are marks before words would be cut at them, so that the published pre-tokeniser does nothing.
        var marksSpaces = false
        if case .replace(.text(let text), let content)? = normalizer.steps.last {
            marksSpaces = text == [0x20] && content == WordSplitter.mark
        }
        try require(marksSpaces, "normalizer", members["normalizer"])
        let split = members["pre_tokenizer"] ?? .null
        let isSplit = split["type"] == .string("Split") && split["pattern"] == .object(["String": .string(" ")])
        try require(split.isNull || isSplit, "pre_tokenizer", split)
        let unknown = model["unk_token"] ?? .null
        let unknownID = unknown.string.flatMap { vocabulary.id(of: Array($0.utf8)) }
        try require(unknown.isNull || unknownID != nil, "model.unk_token", unknown)
        let fallsBack = model["byte_fallback"]?.bool == true
        return CharacterPairModel(
            vocabulary: vocabulary, merges: try requiredMerges(),
            bytes: fallsBack ? CharacterPairModel.bytePieces(in: vocabulary) : .init(repeating: nil, count: 256),
            unknownID: unknownID, fusesUnknown: model["fuse_unk"]?.bool == true)
    }

    /// `Metaspace`, alone or after `WhitespaceSplit`.
    fileprivate func wordSplitter() throws(TokenizerError) -> WordSplitter {
        let section = members["pre_tokenizer"] ?? .null
        let isSequence = section["type"] == .string("Sequence")
        let steps = isSequence ? section["pretokenizers"]?.array ?? [] : [section]
        let splitsWhiteSpace = steps.count == 2 && steps[0]["type"] == .string("WhitespaceSplit")
        try require(steps.count == 1 || splitsWhiteSpace, "pre_tokenizer", section)
        let step = steps[steps.count - 1]
        let isMetaspace = step["type"] == .string("Metaspace") && step["replacement"] == .string("▁")
        try require(isMetaspace, "pre_tokenizer", step)
        let scheme = step["prepend_scheme"] ?? .null
        try require(
            scheme.isNull || ["always", "never"].contains(scheme.string), "pre_tokenizer.prepend_scheme", scheme)
        let prepends = scheme.isNull ? step["add_prefix_space"]?.bool ?? true : scheme == .string("always")
        return WordSplitter(
            splitsWhiteSpace: splitsWhiteSpace, prepends: prepends, splits: step["split"]?.bool ?? true)
    }

    fileprivate func textNormalizer() throws(TokenizerError) -> TextNormalizer {
        let section = members["normalizer"] ?? .null
        if section.isNull { return TextNormalizer(steps: []) }
        let isSequence = section["type"] == .string("Sequence")
        let elements = isSequence ? section["normalizers"]?.array ?? [] : [section]
        var steps: [TextNormalizer.Step] = []
        for (index, element) in elements.enumerated() {
            steps.append(try step(element, key: isSequence ? "normalizer step \(index + 1)" : "normalizer"))
        }
        return TextNormalizer(steps: steps)
    }

    private func step(_ value: JSONValue, key: String) throws(TokenizerError) -> TextNormalizer.Step {
        switch value["type"]?.string {
        case "Lowercase": return .lowercase
        case "Strip":
            return .strip(left: value["strip_left"]?.bool ?? true, right: value["strip_right"]?.bool ?? true)
        case "Replace":
            var pattern: TextNormalizer.Pattern?
            if let text = value["pattern"]?["String"]?.string, !text.isEmpty { pattern = .text(Array(text.utf8)) }
            if let expression = value["pattern"]?["Regex"]?.string { pattern = .init(expression: expression) }
            guard let pattern, let content = value["content"]?.string else {
                throw TokenizerError(
                    .unsupported, file: file.name, place: "key \(key.debugDescription)",
                    reason: "Replace of \(value["pattern"]?["Regex"]?.summary ?? "nothing") is not supported")
            }
            return .replace(pattern, with: Array(content.utf8))
        case "Precompiled":
            let table = value["precompiled_charsmap"]?.string.flatMap { Data(base64Encoded: $0) }
            guard let table, let map = CharacterMap([UInt8](table)) else {
                throw TokenizerError(
                    .malformed, file: file.name, place: "key \(key.debugDescription)",
                    reason: "its precompiled_charsmap is not one")
            }
            return .characterMap(map)
        default:
            try require(false, key, value)
            return .lowercase
        }
    }
}
