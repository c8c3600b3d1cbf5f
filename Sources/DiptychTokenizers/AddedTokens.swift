/// Tokens that are cut out of the text before anything else looks at it, as in the `tokenizers` library.
struct AddedTokens: Sendable {
    struct Token: Sendable, Equatable {
        var content: [UInt8]
        var id: Int32
        /// Whether it is looked for after normalisation rather than before.
        var normalized: Bool
    }

    private let tokens: [Token]
    private let firstBytes: Set<UInt8>

    /// Longest first, so that the first that matches at a place is the longest.
    init(_ tokens: [Token]) {
        self.tokens = tokens.filter { !$0.content.isEmpty }.sorted { $0.content.count > $1.content.count }
        firstBytes = Set(self.tokens.compactMap(\.content.first))
    }

    /// Calls `body` with each part of the text, in order: the ranges between tokens, and the tokens' ids.
    func split(_ bytes: [UInt8], _ body: (Range<Int>, Int32?) -> Void) {
        var start = 0
        var index = 0
        if !tokens.isEmpty {
            while index < bytes.count {
                if firstBytes.contains(bytes[index]), let token = match(bytes, at: index) {
                    if start < index { body(start..<index, nil) }
                    index += token.content.count
                    body(index - token.content.count..<index, token.id)
                    start = index
                } else {
                    index += 1
                }
            }
        }
        if start < bytes.count { body(start..<bytes.count, nil) }
    }

    private func match(_ bytes: [UInt8], at index: Int) -> Token? {
        tokens.first { bytes[index...].starts(with: $0.content) }
    }
}
