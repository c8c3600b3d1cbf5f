/// What `tokenizer.json` says of CLIP's tokeniser.
extension TokenizerDocument {
    private static let pattern = #"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#

    /// Refuses whatever is not as in CLIP's tokeniser, by name.
    func validate(_ special: SpecialTokens) throws(TokenizerError) {
        try require(model["type"] == .string("BPE"), "model.type", model["type"])
        try require(scores == nil, "model.vocab", .array([]))
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
        try validateSections(model: [
            "type", "vocab", "merges", "end_of_word_suffix", "continuing_subword_prefix", "dropout", "unk_token",
            "fuse_unk", "byte_fallback", "ignore_merges",
        ])
        try validateNormalizer(members["normalizer"] ?? .null)
        try validatePreTokenizer(members["pre_tokenizer"] ?? .null)
        try validatePostProcessor(members["post_processor"] ?? .null, special)
        let decoder = members["decoder"] ?? .null
        try require(decoder.isNull || decoder["type"] == .string("ByteLevel"), "decoder", decoder)
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
}
