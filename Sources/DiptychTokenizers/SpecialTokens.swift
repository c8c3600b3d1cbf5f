/// The special and added tokens of a Hugging Face directory, settled by the rules of transformers 5.
///
/// Every named token becomes an added token: it is cut out of the text wherever it stands, even one like `!` that a
/// directory names as its padding.
struct SpecialTokens {
    /// A token as the files describe it.
    struct Token: Equatable {
        var content: String
        var normalized: Bool
    }

    private static let names = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    private var named: [String: Token] = [
        "bos_token": Token(content: "<|startoftext|>", normalized: false),
        "eos_token": Token(content: "<|endoftext|>", normalized: false),
        "unk_token": Token(content: "<|endoftext|>", normalized: false),
        "pad_token": Token(content: "<|endoftext|>", normalized: false),
    ]
    /// Added tokens that the files list with an id, in the order of ids.
    private(set) var listed: [(id: Int32, token: Token)] = []
    private(set) var contextLength: Int?

    /// Reads whichever of the files there are.
    ///
    /// - Parameter addedTokens: `added_tokens` of `tokenizer.json`.
    init(
        configuration: FileBytes?, map: FileBytes?, addedTokensFile: FileBytes?, addedTokens: JSONValue?, file: String
    ) throws(TokenizerError) {
        let settings = try configuration.map { (source) throws(TokenizerError) in try JSONValue.settings(source) }
        if let settings { try read(settings, in: configuration?.name ?? "") }
        if let decoder = settings?["added_tokens_decoder"] {
            try readList(decoder, in: configuration?.name ?? "")
        } else {
            if let map { try readMap(map) }
            if let addedTokensFile { try readAdded(addedTokensFile) }
            if let addedTokens { try readArray(addedTokens, in: file) }
        }
        for (name, token) in named {
            if let listed = listed.first(where: { $0.token.content == token.content }) { named[name] = listed.token }
        }
    }

    /// The token of a role such as `bos_token`.
    func content(of role: String) -> String { named[role]?.content ?? "" }

    /// Named tokens in the order in which transformers adds them; of two with one content the later counts.
    var ordered: [Token] {
        var result: [Token] = []
        for name in Self.names {
            guard let token = named[name], !listed.contains(where: { $0.token.content == token.content }) else {
                continue
            }
            result.removeAll { $0.content == token.content }
            result.append(token)
        }
        return result
    }

    private mutating func read(_ settings: JSONValue, in file: String) throws(TokenizerError) {
        func unsupported(_ key: String, _ value: JSONValue) -> TokenizerError {
            TokenizerError(
                .unsupported, file: file, place: "key \(key.debugDescription)",
                reason: "\(value.summary) is not supported by the CLIP tokeniser")
        }
        for (key, value) in settings.object ?? [:] {
            switch key {
            case "tokenizer_class":
                guard ["CLIPTokenizer", "CLIPTokenizerFast"].contains(value.string ?? "") || value.isNull else {
                    throw unsupported(key, value)
                }
            case "model_max_length":
                guard let length = value.number, length >= 2 else { throw unsupported(key, value) }
                // A huge number is how transformers writes "not known".
                contextLength = length <= 1_048_576 ? Int(length) : nil
            case "truncation_side", "padding_side":
                guard value.string == "right" || value.isNull || key == "padding_side" else {
                    throw unsupported(key, value)
                }
            case "add_prefix_space", "split_special_tokens":
                guard value.bool != true else { throw unsupported(key, value) }
            case "add_bos_token", "add_eos_token":
                guard value.bool != false else { throw unsupported(key, value) }
            case "additional_special_tokens", "extra_special_tokens":
                guard value.isNull || value == .array([]) || value == .object([:]) else {
                    throw unsupported(key, value)
                }
            case let key where Self.names.contains(key):
                if value.object != nil, value["__type"]?.string != "AddedToken" { throw unsupported(key, value) }
                try name(key, value, special: false, in: file)
            case let key where key.hasSuffix("_token"):
                guard value.isNull || value.bool != nil else { throw unsupported(key, value) }
            // CLIP's tokenisers write all letters in lower case, whatever this says.
            case "do_lower_case": break
            // Read by itself, see above.
            case "added_tokens_decoder": break
            default: guard TokenizerKeys.isWithoutEffect(key, value) else { throw unsupported(key, value) }
            }
        }
    }

    private mutating func readMap(_ source: FileBytes) throws(TokenizerError) {
        for (key, value) in try JSONValue.settings(source).object ?? [:] {
            guard Self.names.contains(key) else {
                if value.isNull || value == .array([]) || value == .object([:]) { continue }
                throw TokenizerError(
                    .unsupported, file: source.name, place: "key \(key.debugDescription)",
                    reason: "\(value.summary) is not supported by the CLIP tokeniser")
            }
            try name(key, value, special: true, in: source.name)
        }
    }

    private mutating func readAdded(_ source: FileBytes) throws(TokenizerError) {
        let special = Set(named.values.map(\.content))
        for (content, id) in try JSONValue.settings(source).object ?? [:] {
            let token = Token(content: content, normalized: !special.contains(content))
            try append(token, id: id.number, in: source.name)
        }
    }

    private mutating func readList(_ list: JSONValue, in file: String) throws(TokenizerError) {
        guard let members = list.object else {
            throw TokenizerError(
                .malformed, file: file, place: "key \"added_tokens_decoder\"", reason: "should be an object")
        }
        for (key, value) in members {
            try append(try token(value, special: false, key: key, in: file), id: Double(key), in: file)
        }
    }

    private mutating func readArray(_ list: JSONValue, in file: String) throws(TokenizerError) {
        guard let elements = list.array else {
            throw TokenizerError(.malformed, file: file, place: "key \"added_tokens\"", reason: "should be an array")
        }
        for element in elements {
            let token = try token(element, special: false, key: "added_tokens", in: file)
            try append(token, id: element["id"]?.number, in: file)
        }
    }

    private mutating func append(_ token: Token, id: Double?, in file: String) throws(TokenizerError) {
        guard let id, id >= 0, id < 1_073_741_824, id == id.rounded() else {
            throw TokenizerError(
                .malformed, file: file, place: "added token \(token.content.debugDescription)",
                reason: "should have an id: a whole number from 0")
        }
        let repeated = listed.contains { $0.id == Int32(id) || $0.token.content == token.content }
        guard !repeated || listed.contains(where: { $0.id == Int32(id) && $0.token == token }) else {
            throw TokenizerError(
                .malformed, file: file, place: "added token \(token.content.debugDescription)",
                reason: "stands twice, or shares its id \(Int(id))")
        }
        if !repeated {
            listed.append((Int32(id), token))
            listed.sort { $0.id < $1.id }
        }
    }

    private mutating func name(_ role: String, _ value: JSONValue, special: Bool, in file: String)
        throws(TokenizerError)
    {
        if value.isNull, role != "bos_token", role != "eos_token", role != "unk_token" {
            named[role] = nil
        } else if let content = value.string {
            named[role] = Token(content: content, normalized: false)
        } else {
            named[role] = try token(value, special: special, key: role, in: file)
        }
        if named[role]?.content == "" {
            throw TokenizerError(.unsupported, file: file, place: "key \(role.debugDescription)", reason: "is empty")
        }
    }

    private func token(_ value: JSONValue, special: Bool, key: String, in file: String) throws(TokenizerError) -> Token
    {
        guard let content = value["content"]?.string, !content.isEmpty else {
            throw TokenizerError(
                .malformed, file: file, place: "key \(key.debugDescription)", reason: "should be a token with a content"
            )
        }
        for flag in ["lstrip", "rstrip", "single_word"] where value[flag]?.bool == true {
            throw TokenizerError(
                .unsupported, file: file, place: "token \(content.debugDescription)",
                reason: "\(flag) is not supported: set it to false")
        }
        let isSpecial = special || value["special"]?.bool == true
        return Token(content: content, normalized: value["normalized"]?.bool ?? !isSpecial)
    }
}
