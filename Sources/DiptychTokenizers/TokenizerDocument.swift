internal import DiptychBasics

/// `tokenizer.json`: its vocabulary and merges in tables, and the rest as a tree, which is checked against one family.
struct TokenizerDocument {
    let file: FileBytes
    /// Whose tokeniser this should be, for errors.
    let family: String
    private(set) var members: [String: JSONValue] = [:]
    private(set) var model: [String: JSONValue] = [:]
    var vocabulary: Vocabulary
    /// The score of each piece, where the vocabulary is a list of pieces with scores; nil where it is an object.
    private(set) var scores: [Double]?
    private(set) var merges: MergeTable?

    init(_ file: FileBytes, family: String) throws(TokenizerError) {
        self.file = file
        self.family = family
        var members: [String: JSONValue] = [:]
        var model: [String: JSONValue] = [:]
        var vocabulary: Vocabulary?
        var scores: [Double]?
        var merges: MergeTable?
        var mergesOffset: Int?
        try file.readJSON { (reader) throws(JSONFault) in
            try reader.object { (reader, key) throws(JSONFault) in
                let name = String(decoding: key, as: UTF8.self)
                if members[name] != nil { throw reader.failure("stands twice", key: name) }
                if name != "model" {
                    members[name] = try reader.value()
                    return
                }
                members[name] = .null
                try reader.object { (reader, key) throws(JSONFault) in
                    let name = String(decoding: key, as: UTF8.self)
                    if model[name] != nil { throw reader.failure("stands twice", key: name) }
                    model[name] = .null
                    switch name {
                    case "vocab":
                        if reader.peek() == UInt8(ascii: "[") {
                            (vocabulary, scores) = try reader.scoredVocabulary()
                        } else {
                            vocabulary = try reader.vocabulary()
                        }
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
        }
        if let vocabulary, let mergesOffset {
            merges = try file.readJSON(at: mergesOffset) { (reader) throws(JSONFault) in
                try reader.merges(in: vocabulary)
            }
        }
        guard let vocabulary else {
            throw TokenizerError(.malformed, file: file.name, place: "key \"model\"", reason: "has no vocab")
        }
        self.merges = merges
        self.vocabulary = vocabulary
        self.scores = scores
        self.members = members
        self.model = model
    }

    /// Refuses something that is not as in the family's tokeniser, by its key.
    func require(_ condition: Bool, _ key: String, _ value: JSONValue?) throws(TokenizerError) {
        if condition { return }
        throw TokenizerError(
            .unsupported, file: file.name, place: "key \(key.debugDescription)",
            reason: "\(value?.summary ?? "its absence") is not what \(family) has here")
    }

    /// The merges, which some models have to have.
    func requiredMerges() throws(TokenizerError) -> MergeTable {
        if let merges { return merges }
        throw TokenizerError(.malformed, file: file.name, place: "key \"model\"", reason: "has no merges")
    }

    /// Refuses sections and members of the model that are not known, and truncation and padding from the left.
    func validateSections(model known: Set<String>) throws(TokenizerError) {
        for (key, value) in model where !known.contains(key) { try require(false, "model.\(key)", value) }
        // Padding belongs to batches, which are made elsewhere.
        let sections: Set = [
            "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
            "decoder", "model",
        ]
        for (key, value) in members where !sections.contains(key) { try require(false, key, value) }
        let direction = members["truncation"]?["direction"]
        try require(direction?.string ?? "Right" == "Right", "truncation", direction)
    }
}

extension JSONReader {
    /// Passes over a value, checking it.
    mutating func skip() throws(JSONFault) {
        switch peek() {
        case UInt8(ascii: "{"): try object { (reader, _) throws(JSONFault) in try reader.skip() }
        case UInt8(ascii: "["): try array { (reader) throws(JSONFault) in try reader.skip() }
        case UInt8(ascii: "\""):
            var text: [UInt8] = []
            try string(into: &text)
        default:
            if !literal("true"), !literal("false"), !literal("null") { _ = try number() }
        }
    }

    /// Reads an array of merges, each `"a b"` or `["a", "b"]`.
    mutating func merges(in vocabulary: Vocabulary) throws(JSONFault) -> MergeTable {
        // A merge in a list of pairs takes about this many bytes of the file.
        var table = MergeTable(capacity: max(vocabulary.count, (bytes.count - offset) / 24))
        var text: [UInt8] = []
        var joined: [UInt8] = []
        try array { (reader) throws(JSONFault) in
            text.removeAll(keepingCapacity: true)
            var middle = 0
            if reader.peek() == UInt8(ascii: "[") {
                var count = 0
                try reader.array { (reader) throws(JSONFault) in
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

    /// Reads an array of pieces with scores, which are numbered in order.
    mutating func scoredVocabulary() throws(JSONFault) -> (Vocabulary, scores: [Double]) {
        var vocabulary = Vocabulary(capacity: (bytes.count - offset) / 24)
        var scores: [Double] = []
        var piece: [UInt8] = []
        try array { (reader) throws(JSONFault) in
            piece.removeAll(keepingCapacity: true)
            var count = 0
            try reader.array { (reader) throws(JSONFault) in
                if count == 0 { try reader.string(into: &piece) }
                if count == 1 {
                    scores.append(try reader.number())
                    guard scores.last?.isFinite == true else { throw reader.failure("a score should be finite") }
                }
                count += 1
                if count > 2 { throw reader.failure("should be a piece and its score") }
            }
            guard count == 2 else { throw reader.failure("should be a piece and its score") }
            guard vocabulary.insert(piece, id: Int32(truncatingIfNeeded: scores.count - 1)) else {
                throw reader.failure("stands twice", key: String(decoding: piece, as: UTF8.self))
            }
        }
        return (vocabulary, scores)
    }
}
