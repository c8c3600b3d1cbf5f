/// Tokens that are cut out of the text before anything else looks at it, as in the `tokenizers` library.
struct AddedTokens: Sendable {
    struct Token: Sendable, Equatable {
        var content: [UInt8]
        var id: Int32
        /// Whether it is looked for after normalisation rather than before.
        var normalized: Bool
        /// Whether it takes the white space before it.
        var stripsLeft = false
        /// Whether it takes the white space after it.
        var stripsRight = false
    }

    /// By first byte; longest first, so that the first that matches at a place is the longest.
    private let tokens: [[Token]]
    private let isEmpty: Bool

    init(_ tokens: [Token]) {
        var byFirst = [[Token]](repeating: [], count: 256)
        for token in tokens.sorted(by: { $0.content.count > $1.content.count }) {
            if let first = token.content.first { byFirst[Int(first)].append(token) }
        }
        isEmpty = byFirst.allSatisfy(\.isEmpty)
        self.tokens = isEmpty ? [] : byFirst
    }

    /// Calls `body` with each part of the text, in order: the ranges between tokens, and the tokens' ids.
    func split(_ bytes: [UInt8], _ body: (Range<Int>, Int32?) -> Void) {
        var start = 0
        var index = 0
        while !isEmpty, index < bytes.count {
            guard let token = match(bytes, at: index) else {
                index += 1
                continue
            }
            // White space that an earlier token has taken is not taken again.
            let first = token.stripsLeft ? max(Self.spaceStart(in: bytes, before: index), start) : index
            index += token.content.count
            let end = token.stripsRight ? Self.spaceEnd(in: bytes, from: index) : index
            if start < first { body(start..<first, nil) }
            body(first..<end, token.id)
            start = end
        }
        if start < bytes.count { body(start..<bytes.count, nil) }
    }

    private func match(_ bytes: [UInt8], at index: Int) -> Token? {
        tokens[Int(bytes[index])].first { bytes[index...].starts(with: $0.content) }
    }

    private static func spaceStart(in bytes: [UInt8], before end: Int) -> Int {
        var result = end
        while result > 0 {
            var start = result - 1
            while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
            guard CharacterClass(UnicodeText.scalar(in: bytes, at: start).scalar) == .space else { break }
            result = start
        }
        return result
    }

    private static func spaceEnd(in bytes: [UInt8], from start: Int) -> Int {
        var result = start
        while result < bytes.count {
            let (scalar, next) = UnicodeText.scalar(in: bytes, at: result)
            guard CharacterClass(scalar) == .space else { break }
            result = next
        }
        return result
    }
}
