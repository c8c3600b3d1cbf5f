import Foundation

/// `tokenizer_config.json`, with `special_tokens_map.json` where the former lists no tokens: what transformers 5 reads
/// next to a vocabulary.
struct TokenizerSettings {
    /// The file that errors name.
    private let file: String
    private let values: [String: JSONValue]
    /// `added_tokens_decoder`, or nil.
    private let decoder: JSONValue?
    /// Special tokens by role, such as `eos_token`.
    private var named: [String: AddedToken] = [:]

    /// The keys that one of the tokenisers reads here.
    private static let followed: Set = [
        "added_tokens_decoder", "tokenizer_class", "model_max_length", "additional_special_tokens",
        "extra_special_tokens", "truncation_side", "padding_side", "split_special_tokens", "do_lower_case",
        "strip_accents", "tokenize_chinese_chars", "add_bos_token", "add_eos_token",
    ]

    private static let roles = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// Reads whichever of the files a directory has.
    init(directory: URL) throws(TokenizerError) {
        func settings(_ name: String) throws(TokenizerError) -> JSONValue? {
            let url = directory.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: url.path) else { return nil }
            return try JSONValue.settings(try FileBytes(contentsOf: url))
        }
        file = directory.appendingPathComponent("tokenizer_config.json").path
        values = try settings("tokenizer_config.json")?.object ?? [:]
        decoder = values["added_tokens_decoder"]
        try name(values, in: file)
        if decoder == nil, let map = try settings("special_tokens_map.json")?.object {
            try name(map, in: directory.appendingPathComponent("special_tokens_map.json").path)
        }
        try refuse()
    }

    /// A flag; nil where it is not set.
    func flag(_ key: String) throws(TokenizerError) -> Bool? {
        guard let value = values[key], !value.isNull else { return nil }
        guard let flag = value.bool else { throw unsupported(key, value) }
        return flag
    }

    /// `tokenizer_class` without `Fast`, or nil.
    var tokenizerClass: String? {
        values["tokenizer_class"]?.string.map { $0.hasSuffix("Fast") ? String($0.dropLast(4)) : $0 }
    }

    /// `model_max_length`; nil where the files do not know it, which transformers writes as a huge number.
    func contextLength(atLeast minimum: Int) throws(TokenizerError) -> Int? {
        guard let value = values["model_max_length"], !value.isNull else { return nil }
        guard let length = value.number, length >= Double(minimum) else { throw unsupported("model_max_length", value) }
        return length <= 1_048_576 ? Int(length) : nil
    }

    /// The text of the token with a role.
    func content(of role: String) -> String? { named[role]?.content }

    /// Refuses a tokeniser of another class.
    func requireClass(_ known: Set<String>) throws(TokenizerError) {
        if let name = tokenizerClass, !known.contains(name) { throw unsupported("tokenizer_class", .string(name)) }
    }

    /// The tokens that are cut out of the text; those that the vocabulary lacks are put into it.
    ///
    /// - Parameters:
    ///   - document: `tokenizer.json`, if there is one.
    ///   - roles: the family's own tokens by role, for roles that the settings do not name.
    func addedTokens(
        document: TokenizerDocument?, roles: [String: String], vocabulary: inout Vocabulary
    ) throws(TokenizerError) -> [AddedTokens.Token] {
        var listed: [AddedToken] = []
        if let list = document?.members["added_tokens"], !list.isNull {
            guard let elements = list.array else { throw unsupported("added_tokens", list) }
            for element in elements {
                listed.append(
                    try AddedToken(
                        element, id: element["id"]?.number, key: "added_tokens", file: document?.file.name ?? file))
            }
        }
        for (key, value) in decoder?.object ?? [:] {
            let token = try AddedToken(value, id: Double(key) ?? -1, key: "added_tokens_decoder", file: file)
            listed.removeAll { $0.content == token.content }
            listed.append(token)
        }
        listed.sort { ($0.id ?? -1, $0.content) < ($1.id ?? -1, $1.content) }
        for (role, content) in roles where named[role] == nil { listed.append(AddedToken(content: content)) }
        for (_, token) in named.sorted(by: { $0.key < $1.key }) { listed.append(token) }
        var result: [AddedTokens.Token] = []
        var seen: Set<String> = []
        for token in listed where seen.insert(token.content).inserted {
            result.append(try token.settled(in: &vocabulary, file: document?.file.name ?? file))
        }
        for key in ["additional_special_tokens", "extra_special_tokens"] {
            guard let value = values[key], value != .object([:]) else { continue }
            let names = (value.array ?? []).map { $0.string ?? $0["content"]?.string }
            guard value.isNull || (value.array != nil && names.allSatisfy { seen.contains($0 ?? "") }) else {
                throw unsupported(key, value)
            }
        }
        return result
    }

    private mutating func name(_ members: [String: JSONValue], in file: String) throws(TokenizerError) {
        for role in Self.roles {
            guard let value = members[role], !value.isNull else { continue }
            if let content = value.string, !content.isEmpty {
                named[role] = AddedToken(content: content)
            } else {
                named[role] = try AddedToken(value, id: nil, key: role, file: file)
            }
        }
    }

    private func refuse() throws(TokenizerError) {
        for key in ["truncation_side", "padding_side"] {
            guard let value = values[key], !value.isNull, value.string != "right" else { continue }
            throw unsupported(key, value)
        }
        if try flag("split_special_tokens") == true { throw unsupported("split_special_tokens", .bool(true)) }
        if let decoder, !decoder.isNull, decoder.object == nil { throw unsupported("added_tokens_decoder", decoder) }
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where !Self.followed.contains(key) {
            guard Self.roles.contains(key) || TokenizerKeys.isWithoutEffect(key, value) else {
                throw unsupported(key, value)
            }
        }
    }

    private func unsupported(_ key: String, _ value: JSONValue) -> TokenizerError {
        TokenizerError(
            .unsupported, file: file, place: "key \(key.debugDescription)",
            reason: "\(value.summary) is not supported by this tokeniser")
    }
}

/// A token as the files describe it.
private struct AddedToken {
    var content: String
    var id: Int32?
    var normalized = false
    var stripsLeft = false
    var stripsRight = false

    init(content: String) { self.content = content }

    init(_ value: JSONValue, id: Double?, key: String, file: String) throws(TokenizerError) {
        guard let content = value["content"]?.string, !content.isEmpty else {
            throw TokenizerError(
                .malformed, file: file, place: "key \(key.debugDescription)", reason: "should be a token with a content"
            )
        }
        if value["single_word"]?.bool == true {
            throw TokenizerError(
                .unsupported, file: file, place: "token \(content.debugDescription)",
                reason: "single_word is not supported: set it to false")
        }
        if let id {
            guard id >= 0, id < 1_073_741_824, id == id.rounded() else {
                throw TokenizerError(
                    .malformed, file: file, place: "added token \(content.debugDescription)",
                    reason: "should have an id: a whole number from 0")
            }
            self.id = Int32(id)
        }
        self.content = content
        normalized = value["normalized"]?.bool ?? (id != nil && value["special"]?.bool != true)
        stripsLeft = value["lstrip"]?.bool ?? false
        stripsRight = value["rstrip"]?.bool ?? false
    }

    /// The token with the id that the vocabulary gives it, or that it brings to the vocabulary.
    func settled(in vocabulary: inout Vocabulary, file: String) throws(TokenizerError) -> AddedTokens.Token {
        let bytes = Array(content.utf8)
        let known = vocabulary.id(of: bytes)
        guard let settled = known ?? id else {
            throw TokenizerError(
                .malformed, file: file, place: "special token \(content.debugDescription)",
                reason: "is not in the vocabulary")
        }
        if let id, id != settled {
            throw TokenizerError(
                .malformed, file: file, place: "added token \(content.debugDescription)",
                reason: "has id \(id) where the vocabulary says \(settled)")
        }
        if known == nil { _ = vocabulary.insert(bytes, id: settled) }
        return AddedTokens.Token(
            content: bytes, id: settled, normalized: normalized, stripsLeft: stripsLeft, stripsRight: stripsRight)
    }
}
