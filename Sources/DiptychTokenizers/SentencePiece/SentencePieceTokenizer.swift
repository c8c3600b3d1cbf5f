/// The tokenisers of SigLIP and SigLIP 2, as their `tokenizer.json` describes them.
///
/// SigLIP has a unigram model over words without punctuation, SigLIP 2 Gemma's byte-pair encoding over whole texts; both
/// come from SentencePiece. Ids are those of the `tokenizers` library and transformers. The models read exactly
/// ``contextLength`` positions: what is shorter is filled up behind with ``padID``.
///
///     let tokenizer = try SentencePieceTokenizer.load(directory: url)
///     let text = tokenizer.encode("a photo of a cat")
public struct SentencePieceTokenizer: Tokenizer {
    /// The text length of the published models: what a tokeniser has when its files do not say.
    public static let defaultContextLength = 64

    /// How many ids there are.
    public var vocabularySize: Int { vocabulary.count }
    /// The id that ends every text.
    public let endID: Int32
    /// The id that fills up a text to the positions that a model reads: the end's own id for SigLIP, `<pad>` for SigLIP 2.
    public let padID: Int32
    /// The most ids a text has, the end included.
    public var contextLength: Int
    /// Whether text is made lower-case before the steps that the file lists, as SigLIP 2 was trained and as transformers'
    /// `Siglip2Tokenizer` does. The published files say so in `tokenizer_config.json`, not in `tokenizer.json`.
    public var lowercases: Bool {
        didSet { (normalizer, addedAfter) = Self.normalization(listed, addedTokens, lowercases: lowercases) }
    }

    private let vocabulary: Vocabulary
    private let model: SentencePieceModel
    private let words: WordSplitter?
    /// The normalisation as the file lists it, and as it is done.
    private let listed: TextNormalizer
    private var normalizer: TextNormalizer
    private let addedTokens: [AddedTokens.Token]
    private let addedBefore: AddedTokens
    private var addedAfter: AddedTokens
    private let prefix: [Int32]
    private let suffix: [Int32]

    init(_ parts: SentencePieceParts) {
        vocabulary = parts.vocabulary
        model = parts.model
        listed = parts.normalizer
        addedTokens = parts.addedTokens
        words = parts.words
        endID = parts.endID
        padID = parts.padID
        prefix = parts.prefix
        suffix = parts.suffix
        contextLength = parts.contextLength
        lowercases = parts.lowercases
        addedBefore = AddedTokens(parts.addedTokens.filter { !$0.normalized })
        (normalizer, addedAfter) = Self.normalization(listed, addedTokens, lowercases: parts.lowercases)
    }

    /// The steps, and the tokens that are looked for in their result.
    private static func normalization(
        _ listed: TextNormalizer, _ addedTokens: [AddedTokens.Token], lowercases: Bool
    ) -> (TextNormalizer, AddedTokens) {
        let normalizer = TextNormalizer(steps: (lowercases ? [.lowercase] : []) + listed.steps)
        let added = addedTokens.filter(\.normalized).map { token in
            var token = token
            token.content = normalizer.normalize(token.content[...])
            return token
        }
        return (normalizer, AddedTokens(added))
    }

    /// The ids of a text: the text's own and the end.
    ///
    /// - Parameters:
    ///   - text: any text; empty text is an end.
    ///   - contextLength: the most ids, at least 1. A longer text loses its last tokens and keeps the end.
    public func encode(_ text: String, contextLength: Int) -> TokenizedText {
        var own: [Int32] = []
        var workspace = SentencePieceModel.Workspace()
        let bytes = Array(text.utf8)
        addedBefore.split(bytes) { range, id in
            if let id { return own.append(id) }
            let normalized = normalizer.normalize(bytes[range])
            addedAfter.split(normalized) { range, id in
                if let id { return own.append(id) }
                guard let words else { return model.encode(normalized[range], workspace: &workspace, into: &own) }
                words.split(normalized[range]) { model.encode($0, workspace: &workspace, into: &own) }
            }
        }
        return TokenizedText(prefix: prefix, own: own, suffix: suffix, contextLength: contextLength)
    }

    /// The vocabulary's spelling of each id, `▁` where a space is; nil where there is no such id.
    public func tokens(for ids: some Sequence<Int32>) -> [String?] {
        ids.map { id in vocabulary.piece(id).map { String(decoding: $0, as: UTF8.self) } }
    }
}

/// Either of the two kinds of model.
enum SentencePieceModel: Sendable {
    case unigram(UnigramModel)
    case pairs(CharacterPairModel)

    struct Workspace {
        var unigram = UnigramModel.Workspace()
        var pairs = BytePairEncoder.Workspace()
    }

    func encode(_ word: ArraySlice<UInt8>, workspace: inout Workspace, into ids: inout [Int32]) {
        switch self {
        case .unigram(let model): model.encode(word, workspace: &workspace.unigram, into: &ids)
        case .pairs(let model): model.encode(word, workspace: &workspace.pairs, into: &ids)
        }
    }
}

/// Spaces to `▁`, and words that start with it: `Metaspace` of the `tokenizers` library, after `WhitespaceSplit` or not.
struct WordSplitter: Sendable {
    static let mark = Array("▁".utf8)

    /// Whether white space ends words before spaces become marks.
    let splitsWhiteSpace: Bool
    /// Whether text that does not start with a mark gets one.
    let prepends: Bool
    /// Whether each mark starts a word, rather than the whole being one.
    let splits: Bool

    /// Calls `body` with each word.
    func split(_ text: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        guard splitsWhiteSpace else { return mark(text, body) }
        var start = text.startIndex
        var index = start
        let bytes = Array(text)
        while index < text.endIndex {
            let (scalar, next) = UnicodeText.scalar(in: bytes, at: index - text.startIndex)
            let after = next + text.startIndex
            if CharacterClass(scalar) == .space {
                if start < index { mark(text[start..<index], body) }
                start = after
            }
            index = after
        }
        if start < index { mark(text[start..<index], body) }
    }

    private func mark(_ text: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Void) {
        guard let first = text.first else { return }
        var marked: [UInt8] = []
        marked.reserveCapacity(text.count + text.count / 2 + 3)
        if prepends, first != 0x20, !text.starts(with: Self.mark) { marked += Self.mark }
        for byte in text {
            if byte == 0x20 { marked += Self.mark } else { marked.append(byte) }
        }
        guard splits else { return body(marked[...]) }
        var start = 0
        var index = 1
        while index < marked.count {
            if marked[index] == 0xE2, marked[index...].starts(with: Self.mark) {
                body(marked[start..<index])
                start = index
            }
            index += 1
        }
        body(marked[start...])
    }
}
