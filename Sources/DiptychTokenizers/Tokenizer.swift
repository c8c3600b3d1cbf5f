/// What a model needs of its tokeniser, whichever kind it is.
///
/// ``CLIPTokenizer``, ``BERTTokenizer`` and ``SentencePieceTokenizer`` conform. A value is immutable but for its settings
/// and may be used from many threads at once.
public protocol Tokenizer: Sendable {
    /// How many ids there are: the largest id and one.
    var vocabularySize: Int { get }
    /// The most ids a text has, special ones included.
    var contextLength: Int { get set }
    /// The id that ends every text.
    var endID: Int32 { get }
    /// The id that fills up a text for a model that reads a fixed number of positions, and a batch's shorter texts.
    var padID: Int32 { get }

    /// The ids of a text, cut to ``contextLength``, without padding.
    func encode(_ text: String) -> TokenizedText
    /// The ids of a text, without padding.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - contextLength: the most ids. A longer text loses its last tokens and keeps its special ones.
    func encode(_ text: String, contextLength: Int) -> TokenizedText
    /// The vocabulary's spelling of each id; nil where there is no such id.
    func tokens(for ids: some Sequence<Int32>) -> [String?]
}

extension Tokenizer {
    /// The ids of a text, cut to this tokeniser's ``contextLength``.
    public func encode(_ text: String) -> TokenizedText { encode(text, contextLength: contextLength) }
}

/// A text as ids.
public struct TokenizedText: Sendable, Equatable {
    /// The text with its special ids, such as start and end; no padding.
    public var ids: [Int32]
    /// How many of the text's own tokens were cut off.
    public var truncated: Int

    /// Makes a text from ids.
    public init(ids: [Int32], truncated: Int) {
        self.ids = ids
        self.truncated = truncated
    }
}

extension TokenizedText {
    /// A text's own ids between its special ones, with its last ones cut off where there are too many.
    init(prefix: [Int32], own: [Int32], suffix: [Int32], contextLength: Int) {
        let kept = min(own.count, max(contextLength - prefix.count - suffix.count, 0))
        self.init(ids: prefix + own[..<kept] + suffix, truncated: own.count - kept)
    }
}
