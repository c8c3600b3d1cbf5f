/// `tokenizer.json`: its vocabulary and merges in tables, and the rest, which must describe CLIP's tokeniser, as a tree.
struct TokenizerDocument {
    private let file: FileBytes
    private(set) var members: [String: JSONValue] = [:]
    private var model: [String: JSONValue] = [:]
    var vocabulary: Vocabulary
    let merges: MergeTable

    private static let pattern = #"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#

    init(_ file: FileBytes) throws(TokenizerError) {
        self.file = file
        var reader = try JSONReader(file)
        var members: [String: JSONValue] = [:]
        var model: [String: JSONValue] = [:]
        var vocabulary: Vocabulary?
        var merges: MergeTable?
        var mergesOffset: Int?
        try reader.object { (reader, key) throws(TokenizerError) in
            let name = String(decoding: key, as: UTF8.self)
            if members[name] != nil { throw reader.failure("stands twice", key: name) }
            if name != "model" {
                members[name] = try reader.value()
                return
            }
            members[name] = .null
            try reader.object { (reader, key) throws(TokenizerError) in
                let name = String(decoding: key, as: UTF8.self)
                if model[name] != nil { throw reader.failure("stands twice", key: name) }
                model[name] = .null
                switch name {
                case "vocab": vocabulary = try reader.vocabulary()
                case "merges":
                    if let vocabulary {
                        merges = try reader.merges(in: vocabulary)
                    } else {
                        // Merges speak of pieces: where they stand before them, they are read last.
                        _ = reader.peek()
                        mergesOffset = reader.offset
                        try reader.skip()
                    }
                default: model[name] = try reader.value()
                }
            }
        }
        try reader.end()
        if let vocabulary, let mergesOffset {
            var mergesReader = try JSONReader(file, at: mergesOffset)
            merges = try mergesReader.merges(in: vocabulary)
        }
        guard let vocabulary, let merges else {
            throw TokenizerError(
                .malformed, file: file.name, place: "key \"model\"", reason: "has no vocab or no merges")
        }
        self.merges = merges
        self.vocabulary = vocabulary
        self.members = members
        self.model = model
    }

    /// Refuses whatever is not as in CLIP's tokeniser, by name.
    func validate(_ special: SpecialTokens) throws(TokenizerError) {
        try require(model["type"] == .string("BPE"), "model.type", model["type"])
        try require(
            model["end_of_word_suffix"] == .string("</w>"), "model.end_of_word_suffix", model["end_of_word_suffix"])
        let prefix = model["continuing_subword_prefix"] ?? .null
        try require(prefix.isNull || prefix == .string(""), "model.continuing_subword_prefix", prefix)
        let dropout = model["dropout"] ?? .null
        try require(dropout.isNull || dropout == .number(0), "model.dropout", dropout)
        let unknown = model["unk_token"] ?? .null
        try require(unknown.isNull || unknown == .string(special.content(of: "unk_token")), "model.unk_token", unknown)
        for flag in ["fuse_unk", "byte_fallback", "ignore_merges"] {
            try require(model[flag]?.bool != true, "model.\(flag)", model[flag])
        }
        let known: Set = [
            "type", "vocab", "merges", "end_of_word_suffix", "continuing_subword_prefix", "dropout", "unk_token",
            "fuse_unk", "byte_fallback", "ignore_merges",
        ]
        for (key, value) in model where !known.contains(key) { try require(false, "model.\(key)", value) }
        try validateNormalizer(members["normalizer"] ?? .null)
        try validatePreTokenizer(members["pre_tokenizer"] ?? .null)
        try validatePostProcessor(members["post_processor"] ?? .null, special)
        let truncation = members["truncation"] ?? .null
        try require(truncation["direction"]?.string ?? "Right" == "Right", "truncation", truncation["direction"])
        let decoder = members["decoder"] ?? .null
        try require(decoder.isNull || decoder["type"] == .string("ByteLevel"), "decoder", decoder)
        // Padding belongs to batches, which are made elsewhere.
        let sections: Set = [
            "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
            "decoder",
            "model",
        ]
        for (key, value) in members where !sections.contains(key) { try require(false, key, value) }
    }

    private func validateNormalizer(_ normalizer: JSONValue) throws(TokenizerError) {
        let steps = normalizer["normalizers"]?.array ?? []
        try require(normalizer["type"] == .string("Sequence") && steps.count == 3, "normalizer", normalizer)
        try require(steps[0]["type"] == .string("NFC"), "normalizer step 1", steps[0])
        let spaces =
            steps[1]["type"] == .string("Replace") && steps[1]["content"] == .string(" ")
            && steps[1]["pattern"] == .object(["Regex": .string(#"\s+"#)])
        try require(spaces, "normalizer step 2", steps[1])
        try require(steps[2]["type"] == .string("Lowercase"), "normalizer step 3", steps[2])
    }

    private func validatePreTokenizer(_ preTokenizer: JSONValue) throws(TokenizerError) {
        let steps = preTokenizer["pretokenizers"]?.array ?? []
        try require(preTokenizer["type"] == .string("Sequence") && steps.count == 2, "pre_tokenizer", preTokenizer)
        let pattern = steps[0]["pattern"]?["Regex"]?.string ?? ""
        let split =
            steps[0]["type"] == .string("Split") && steps[0]["behavior"] == .string("Removed")
            && steps[0]["invert"] == .bool(true)
            && [Self.pattern, #"<\|startoftext\|>|<\|endoftext\|>|"# + Self.pattern].contains(pattern)
        try require(split, "pre_tokenizer step 1", steps[0])
        let bytes =
            steps[1]["type"] == .string("ByteLevel") && steps[1]["add_prefix_space"]?.bool == false
            && steps[1]["use_regex"]?.bool != false
        try require(bytes, "pre_tokenizer step 2", steps[1])
    }

    private func validatePostProcessor(_ processor: JSONValue, _ special: SpecialTokens) throws(TokenizerError) {
        func names(_ key: String, _ role: String) -> Bool {
            let content = special.content(of: role)
            guard let id = vocabulary.id(of: Array(content.utf8)) else { return false }
            return processor[key] == .array([.string(content), .number(Double(id))])
        }
        let supported =
            processor["type"] == .string("RobertaProcessing") && names("cls", "bos_token") && names("sep", "eos_token")
        try require(supported, "post_processor", processor)
    }

    private func require(_ condition: Bool, _ key: String, _ value: JSONValue?) throws(TokenizerError) {
        if condition { return }
        throw TokenizerError(
            .unsupported, file: file.name, place: "key \(key.debugDescription)",
            reason: "\(value?.summary ?? "its absence") is not what CLIP's tokeniser has here")
    }
}

extension JSONReader {
    /// Passes over a value, checking it.
    mutating func skip() throws(TokenizerError) {
        switch peek() {
        case UInt8(ascii: "{"): try object { (reader, _) throws(TokenizerError) in try reader.skip() }
        case UInt8(ascii: "["): try array { (reader) throws(TokenizerError) in try reader.skip() }
        case UInt8(ascii: "\""):
            var text: [UInt8] = []
            try string(into: &text)
        default:
            if !literal("true"), !literal("false"), !literal("null") { _ = try number() }
        }
    }

    /// Reads an array of merges, each `"a b"` or `["a", "b"]`.
    mutating func merges(in vocabulary: Vocabulary) throws(TokenizerError) -> MergeTable {
        var table = MergeTable(capacity: vocabulary.count)
        var text: [UInt8] = []
        var joined: [UInt8] = []
        try array { (reader) throws(TokenizerError) in
            text.removeAll(keepingCapacity: true)
            var middle = 0
            if reader.peek() == UInt8(ascii: "[") {
                var count = 0
                try reader.array { (reader) throws(TokenizerError) in
                    middle = text.count
                    count += 1
                    try reader.string(into: &text)
                }
                guard count == 2 else { throw reader.failure("a merge should be two pieces") }
            } else {
                try reader.string(into: &text)
                guard let space = text.firstIndex(of: 0x20), !text[(space + 1)...].contains(0x20) else {
                    throw reader.failure("a merge should be two pieces and a space")
                }
                text.remove(at: space)
                middle = space
            }
            guard middle > 0, middle < text.count else { throw reader.failure("a merge has an empty piece") }
            if let reason = table.append(text[..<middle], text[middle...], in: vocabulary, joined: &joined) {
                throw reader.failure(reason)
            }
        }
        return table
    }
}
