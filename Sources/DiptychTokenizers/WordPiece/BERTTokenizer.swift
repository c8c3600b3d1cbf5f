/// BERT's WordPiece tokeniser, with a vocabulary of any size: what Chinese-CLIP reads text with.
///
/// Gives the ids that transformers' `BertTokenizer` gives for a Hugging Face directory, or those of Chinese-CLIP's own
/// `tokenize` for its `vocab.txt`; see ``Cleaning``.
///
///     let tokenizer = try BERTTokenizer.load(vocabulary: url)
///     let text = tokenizer.encode("一只猫")   // text.ids: [101, 671, 1372, 4344, 102]
public struct BERTTokenizer: Tokenizer {
    /// Whose rules cut text into words. They differ on odd text only.
    public enum Cleaning: Sendable, Equatable {
        /// As transformers does: the names of special tokens in a text are those tokens, lower case letter by letter
        /// after accents are dropped, words of more than 100 characters are unknown.
        case huggingFace
        /// As the original does: the names of special tokens are words like any other, lower case of the whole text
        /// before accents are dropped, words of more than 200 characters are unknown.
        case original
    }

    /// The text length of the published Chinese-CLIP models: what a tokeniser has when its files do not say.
    public static let defaultContextLength = 52

    /// How many ids there are.
    public var vocabularySize: Int { vocabulary.count }
    /// The id that starts every text, `[CLS]`.
    public let startID: Int32
    /// The id that ends every text, `[SEP]`.
    public let endID: Int32
    /// The id that fills a batch behind the shorter texts, `[PAD]`.
    public let padID: Int32
    /// The most ids a text has, start and end included.
    public var contextLength: Int
    /// Whose rules cut text into words.
    public let cleaning: Cleaning
    /// Whether text is made lower-case and “ and ” become " before anything else, as the original's training and
    /// evaluation do with captions and labels; its `tokenize` does not.
    public var mapsCurlyQuotes = false

    private let vocabulary: Vocabulary
    private let wordPiece: WordPiece
    private let rules: BERTCleaning
    private let addedBefore: AddedTokens
    private let addedAfter: AddedTokens

    init(_ parts: BERTParts, cleaning: Cleaning) {
        vocabulary = parts.vocabulary
        wordPiece = WordPiece(parts.vocabulary, unknownID: parts.unknownID, maximumLength: parts.maximumWordLength)
        startID = parts.startID
        endID = parts.endID
        padID = parts.padID
        contextLength = parts.contextLength
        self.cleaning = cleaning
        let rules = BERTCleaning(
            characters: BERTCharacters(cleaning: cleaning), lowercases: parts.lowercases,
            stripsAccents: parts.stripsAccents, spacesIdeographs: parts.spacesIdeographs)
        self.rules = rules
        addedBefore = AddedTokens(parts.addedTokens.filter { !$0.normalized })
        addedAfter = AddedTokens(
            parts.addedTokens.filter(\.normalized).map { token in
                var token = token
                token.content = rules.clean(token.content[...])
                return token
            })
    }

    /// The ids of a text: start, the text's own, end.
    ///
    /// - Parameters:
    ///   - text: any text; empty text is a start and an end.
    ///   - contextLength: the most ids, at least 2. A longer text loses its last tokens and keeps the end.
    public func encode(_ text: String, contextLength: Int) -> TokenizedText {
        var own: [Int32] = []
        let bytes = mapsCurlyQuotes ? Self.withoutCurlyQuotes(text) : Array(text.utf8)
        addedBefore.split(bytes) { range, id in
            if let id { return own.append(id) }
            let cleaned = rules.clean(bytes[range])
            addedAfter.split(cleaned) { range, id in
                if let id { return own.append(id) }
                append(cleaned, in: range, to: &own)
            }
        }
        return TokenizedText(prefix: [startID], own: own, suffix: [endID], contextLength: contextLength)
    }

    /// The vocabulary's spelling of each id, `##` before pieces inside words; nil where there is no such id.
    public func tokens(for ids: some Sequence<Int32>) -> [String?] {
        ids.map { id in vocabulary.piece(id).map { String(decoding: $0, as: UTF8.self) } }
    }

    private static func withoutCurlyQuotes(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        for value in PythonText.lowercase(text.unicodeScalars.map(\.value)) {
            let plain = value == 0x201C || value == 0x201D ? 0x22 : value
            UnicodeText.append(Unicode.Scalar(plain) ?? "\u{FFFD}", to: &output)
        }
        return output
    }

    /// Cuts cleaned text at spaces and around punctuation, and appends each word's pieces.
    private func append(_ bytes: [UInt8], in range: Range<Int>, to ids: inout [Int32]) {
        var start = range.lowerBound
        var length = 0
        var index = start
        while index < range.upperBound {
            let (scalar, next) = UnicodeText.scalar(in: bytes, at: index)
            if scalar == " " || rules.characters.isPunctuation(scalar) {
                wordPiece.encode(bytes[start..<index], length: length, into: &ids)
                if scalar != " " { wordPiece.encode(bytes[index..<next], length: 1, into: &ids) }
                start = next
                length = 0
            } else {
                length += 1
            }
            index = next
        }
        wordPiece.encode(bytes[start..<index], length: length, into: &ids)
    }
}

/// Words to pieces: from the left, each time the longest that the vocabulary has.
///
/// Wu et al., "Google's Neural Machine Translation System" (2016), with `##` before pieces inside words as in BERT.
struct WordPiece: Sendable {
    private let trie: PieceTrie
    /// Where pieces inside words start in the tree, or nil where there are none.
    private let inner: Int32?
    private let unknownID: Int32
    /// The most characters of a word that is not unknown at once.
    private let maximumLength: Int

    init(_ vocabulary: Vocabulary, unknownID: Int32, maximumLength: Int) {
        var trie = PieceTrie(capacity: vocabulary.count * 6)
        for id in 0..<Int32(vocabulary.count) { trie.insert(vocabulary.piece(id) ?? [], id: id) }
        self.trie = trie
        inner = trie.child(of: PieceTrie.root, 0x23).flatMap { trie.child(of: $0, 0x23) }
        self.unknownID = unknownID
        self.maximumLength = maximumLength
    }

    /// Appends the pieces of a word of `length` characters; a word that cannot be put together is unknown as a whole.
    func encode(_ word: ArraySlice<UInt8>, length: Int, into ids: inout [Int32]) {
        if word.isEmpty { return }
        if length > maximumLength { return ids.append(unknownID) }
        let before = ids.count
        var start = word.startIndex
        while start < word.endIndex {
            var best: (id: Int32, end: Int)?
            var node = start == word.startIndex ? PieceTrie.root : inner
            var index = start
            while let current = node, index < word.endIndex {
                node = trie.child(of: current, word[index])
                index += 1
                if let node, case let id = trie.id(at: node), id >= 0 { best = (id, index) }
            }
            guard let best else {
                ids.removeLast(ids.count - before)
                return ids.append(unknownID)
            }
            ids.append(best.id)
            start = best.end
        }
    }
}
