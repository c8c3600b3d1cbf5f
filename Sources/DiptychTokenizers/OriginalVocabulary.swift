public import Foundation

extension CLIPTokenizer {
    /// Reads OpenAI's `bpe_simple_vocab_16e6.txt.gz`, or a smaller file of the same form.
    ///
    /// The file is a gzip of one heading line and then one merge a line. Ids follow from it: 256 bytes, 256 bytes that
    /// end a word, the merges in order, start, end.
    ///
    /// - Parameters:
    ///   - url: the gzip file.
    ///   - vocabularySize: how many ids the model has, which says how many merges count; nil takes every merge up to the
    ///     published models' 48,894.
    ///   - cleaning: how text is cleaned.
    /// - Throws: ``TokenizerError``.
    public init(
        originalVocabulary url: URL, vocabularySize: Int? = nil, cleaning: Cleaning = .original
    ) throws(TokenizerError) {
        let file = try FileBytes(contentsOf: url).gunzipped(limit: 64 << 20)
        self.init(try TokenizerParts(originalMerges: file, vocabularySize: vocabularySize), cleaning: cleaning)
    }
}

/// The merges of OpenAI's vocabulary file, for who writes them as another file.
public enum OriginalMerges {
    /// The merges that a vocabulary of `vocabularySize` ids uses, a pair with a space between each.
    ///
    /// - Throws: ``TokenizerError``.
    public static func lines(of url: URL, vocabularySize: Int) throws(TokenizerError) -> [String] {
        let file = try FileBytes(contentsOf: url).gunzipped(limit: 64 << 20)
        var lines = MergeLines(file)
        _ = lines.next()  // the heading
        var merges: [String] = []
        while merges.count < vocabularySize - 514, let line = lines.next() {
            guard let (left, right) = lines.pair(line) else { throw lines.failure("should be two pieces and a space") }
            merges.append("\(String(decoding: left, as: UTF8.self)) \(String(decoding: right, as: UTF8.self))")
        }
        return merges
    }
}

extension TokenizerParts {
    /// The merges that the published models use, of the 262,144 in the published file.
    private static let originalMergeCount = 49_152 - 256 - 2

    fileprivate init(originalMerges file: FileBytes, vocabularySize: Int?) throws(TokenizerError) {
        try file.validateUTF8()
        var lines = MergeLines(file)
        guard lines.next() != nil else { throw TokenizerError(.malformed, file: file.name, reason: "is empty") }
        let wanted = vocabularySize.map { $0 - 514 }
        if let wanted, wanted < 0 {
            throw TokenizerError(
                .malformed, file: file.name, reason: "a vocabulary of \(wanted + 514) is too small: 514 at least")
        }
        var vocabulary = Vocabulary(capacity: (wanted ?? Self.originalMergeCount) + 514)
        var merges = MergeTable(capacity: wanted ?? Self.originalMergeCount)
        var id: Int32 = 0
        for suffix in [[], ByteAlphabet.endOfWord] {
            for byte in ByteAlphabet.originalOrder {
                _ = vocabulary.insert(ByteAlphabet.spelling(of: byte) + suffix, id: id)
                id += 1
            }
        }
        var joined: [UInt8] = []
        while merges.count < wanted ?? Self.originalMergeCount, let line = lines.next() {
            guard let (left, right) = lines.pair(line) else { throw lines.failure("should be two pieces and a space") }
            joined.removeAll(keepingCapacity: true)
            joined.append(contentsOf: left)
            joined.append(contentsOf: right)
            // A piece must come before what is made of it, or its id would not be known yet.
            guard vocabulary.id(of: left) != nil, vocabulary.id(of: right) != nil else {
                throw lines.failure("joins a piece that no earlier line makes")
            }
            guard vocabulary.insert(joined, id: id) else { throw lines.failure("makes a piece that is there already") }
            id += 1
            if let reason = merges.append(left, right, in: vocabulary, joined: &joined) { throw lines.failure(reason) }
        }
        if let wanted, merges.count < wanted {
            throw TokenizerError(
                .malformed, file: file.name,
                reason: "has \(merges.count) merges, and a vocabulary of \(wanted + 514) needs \(wanted)")
        }
        for name in PieceScanner.specialNames {
            guard vocabulary.insert(name, id: id) else {
                throw TokenizerError(.malformed, file: file.name, reason: "a merge makes a special token")
            }
            id += 1
        }
        _ = vocabulary.seal()
        let added = PieceScanner.specialNames.enumerated().map { index, name in
            AddedTokens.Token(content: name, id: id - 2 + Int32(index), normalized: false)
        }
        self.init(
            vocabulary: vocabulary, merges: merges, startID: id - 2, endID: id - 1, padID: 0, unknownID: id - 1,
            addedTokens: added, specialIDs: [id - 2, id - 1])
    }
}
