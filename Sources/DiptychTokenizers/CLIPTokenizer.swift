/// OpenAI CLIP's byte-pair tokeniser, with a vocabulary of any size.
///
/// Gives the ids that transformers' `CLIPTokenizer` gives for a Hugging Face directory, or those of OpenAI's own
/// `simple_tokenizer` for the original vocabulary file; see ``Cleaning``. A value is immutable and may be used from many
/// threads at once.
///
///     let tokenizer = try CLIPTokenizer.load(directory: url)
///     let text = tokenizer.encode("a photo of a cat")   // text.ids: [49406, 320, 1125, 539, 320, 2368, 49407]
public struct CLIPTokenizer: Tokenizer {
    /// How text is cleaned before it is cut into words.
    public enum Cleaning: Sendable, Equatable {
        /// As transformers does: NFC, runs of white space to one space, lower case letter by letter.
        case huggingFace
        /// As OpenAI's code does: repair of garbled text (ftfy), HTML entities decoded twice, white space collapsed,
        /// lower case of the whole text.
        case original
        /// As open_clip's `whitespace`: like ``original``, with letters as they are.
        case originalKeepingCase
        /// As open_clip's `whitespace_underscore`: like ``originalKeepingCase``, with spaces for underscores.
        case originalWithoutUnderscores
        /// As open_clip's `canonicalize`: like ``original``, with spaces for underscores and without ASCII punctuation.
        case originalWithoutPunctuation
    }

    /// The text length of the published CLIP models: what a tokeniser has when its files do not say.
    public static let defaultContextLength = 77

    /// How many ids there are.
    public var vocabularySize: Int { vocabulary.count }
    /// The id that starts every text.
    public let startID: Int32
    /// The id that ends every text.
    public let endID: Int32
    /// The id that fills a batch behind the shorter texts.
    public let padID: Int32
    /// The most ids a text has, start and end included.
    public var contextLength: Int
    /// How text is cleaned.
    public let cleaning: Cleaning

    private let vocabulary: Vocabulary
    private let encoder: BytePairEncoder
    private let addedBefore: AddedTokens
    private let addedAfter: AddedTokens
    private let specialIDs: Set<Int32>

    init(_ parts: TokenizerParts, cleaning: Cleaning) {
        vocabulary = parts.vocabulary
        encoder = BytePairEncoder(
            inner: parts.pieces(suffix: []), final: parts.pieces(suffix: ByteAlphabet.endOfWord), merges: parts.merges)
        startID = parts.startID
        endID = parts.endID
        padID = parts.padID
        contextLength = parts.contextLength
        self.cleaning = cleaning
        addedBefore = AddedTokens(parts.addedTokens.filter { !$0.normalized })
        addedAfter = AddedTokens(parts.addedTokens.filter(\.normalized))
        specialIDs = parts.specialIDs
    }

    /// The ids of a text: start, the text's own, end.
    ///
    /// - Parameters:
    ///   - text: any text; empty text is a start and an end.
    ///   - contextLength: the most ids, at least 2. A longer text loses its last tokens and keeps the end.
    public func encode(_ text: String, contextLength: Int) -> TokenizedText {
        var ids = [startID]
        switch cleaning {
        case .huggingFace: appendHuggingFace(text, to: &ids)
        case .original, .originalKeepingCase, .originalWithoutUnderscores, .originalWithoutPunctuation:
            appendOriginal(text, to: &ids)
        }
        let kept = min(ids.count, max(contextLength, 2) - 1)
        let truncated = ids.count - kept
        ids.removeLast(truncated)
        ids.append(endID)
        return TokenizedText(ids: ids, truncated: truncated)
    }

    /// The vocabulary's spelling of each id, `</w>` at the ends of words; nil where there is no such id.
    public func tokens(for ids: some Sequence<Int32>) -> [String?] {
        ids.map { id in vocabulary.piece(id).map { String(decoding: $0, as: UTF8.self) } }
    }

    /// The text that ids stand for: lower-case, with a space after each word. Ids that the vocabulary lacks are left out.
    ///
    /// - Parameters:
    ///   - ids: ids as ``encode(_:)`` gives them.
    ///   - skippingSpecialTokens: whether start, end and other special tokens are left out.
    public func decode(_ ids: some Sequence<Int32>, skippingSpecialTokens: Bool = true) -> String {
        var bytes: [UInt8] = []
        for id in ids where !(skippingSpecialTokens && specialIDs.contains(id)) {
            guard let piece = vocabulary.piece(id) else { continue }
            let text = String(decoding: piece, as: UTF8.self)
            let decoded = text.unicodeScalars.compactMap(ByteAlphabet.byte(for:))
            bytes.append(contentsOf: decoded.count == text.unicodeScalars.count ? decoded : Array(piece))
        }
        // In bytes, because a combining mark would hide the suffix from a search by characters.
        let text = String(decoding: bytes.replacing(ByteAlphabet.endOfWord, with: [0x20]), as: UTF8.self)
        let kept = text.unicodeScalars.drop { PythonText.isSpace($0) }.reversed().drop { PythonText.isSpace($0) }
        return String(String.UnicodeScalarView(kept.reversed()))
    }

    private func appendHuggingFace(_ text: String, to ids: inout [Int32]) {
        let bytes = Array(text.utf8)
        var workspace = BytePairEncoder.Workspace()
        addedBefore.split(bytes) { range, id in
            if let id { return ids.append(id) }
            let normalized = CLIPNormalizer.normalize(bytes[range])
            addedAfter.split(normalized) { range, id in
                if let id { return ids.append(id) }
                append(normalized, in: range, dialect: .words, workspace: &workspace, to: &ids)
            }
        }
    }

    private func appendOriginal(_ text: String, to ids: inout [Int32]) {
        let bytes = OriginalCleaning.clean(text, as: cleaning)
        var workspace = BytePairEncoder.Workspace()
        append(bytes, in: 0..<bytes.count, dialect: .special, workspace: &workspace, to: &ids)
    }

    private func append(
        _ bytes: [UInt8], in range: Range<Int>, dialect: PieceScanner.Dialect,
        workspace: inout BytePairEncoder.Workspace, to ids: inout [Int32]
    ) {
        var scanner = PieceScanner(bytes, in: range, dialect: dialect)
        while let piece = scanner.next() {
            switch piece {
            case .word(let range): encoder.encode(bytes[range], workspace: &workspace, into: &ids)
            case .special(let which): ids.append(which == 0 ? startID : endID)
            }
        }
    }
}
