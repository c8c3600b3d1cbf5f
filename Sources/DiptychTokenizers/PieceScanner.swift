/// Cuts text into the words that byte-pair encoding works on.
///
/// The pattern is OpenAI CLIP's: the names of the two special tokens, English contractions, runs of letters, single
/// digits, runs of anything else that is not white space.
struct PieceScanner {
    /// How the text of a special token inside normalised text is read.
    enum Dialect {
        /// As three words: transformers splits the match again by GPT-2's pattern.
        case words
        /// As the special token.
        case special
    }

    /// A word, or a special token's place in `specialNames`.
    enum Piece {
        case word(Range<Int>)
        case special(Int)
    }

    static let specialNames = ["<|startoftext|>", "<|endoftext|>"].map { Array($0.utf8) }

    private let bytes: [UInt8]
    private let dialect: Dialect
    private var index: Int
    private let end: Int
    /// Where a special token's name that is read as words ends: its last word must not run on.
    private var barrier = 0

    init(_ bytes: [UInt8], in range: Range<Int>, dialect: Dialect) {
        self.bytes = bytes
        self.dialect = dialect
        index = range.lowerBound
        end = range.upperBound
    }

    /// The next word.
    mutating func next() -> Piece? {
        while index < end {
            let start = index
            let (scalar, after) = UnicodeText.scalar(in: bytes, at: start)
            if start >= barrier, scalar == "<", let match = special(at: start) {
                if dialect == .words {
                    barrier = match.end
                } else {
                    index = match.end
                    return match.exact ? .special(match.which) : .word(start..<match.end)
                }
            }
            if scalar == "'", let contraction = contractionEnd(after: after) {
                index = contraction
                return .word(start..<contraction)
            }
            index = after
            switch classify(scalar) {
            case .space: continue
            case .number: return .word(start..<after)
            case .letter: run(of: .letter)
            case .other: run(of: .other)
            }
            return .word(start..<index)
        }
        return nil
    }

    private mutating func run(of kind: CharacterClass) {
        let limit = index < barrier ? barrier : end
        while index < limit {
            let (scalar, after) = UnicodeText.scalar(in: bytes, at: index)
            guard classify(scalar) == kind else { return }
            index = after
        }
    }

    private func classify(_ scalar: Unicode.Scalar) -> CharacterClass {
        // The original pattern ignores case, and U+0345, a mark whose capital is a letter, then is in none of its classes.
        dialect == .special && scalar.value == 0x345 ? .space : CharacterClass(scalar)
    }

    private func contractionEnd(after index: Int) -> Int? {
        guard index < end else { return nil }
        switch folded(bytes[index]) {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return index + 1
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return index + 1 < end && folded(bytes[index + 1]) == UInt8(ascii: "e") ? index + 2 : nil
        case UInt8(ascii: "l"):
            return index + 1 < end && folded(bytes[index + 1]) == UInt8(ascii: "l") ? index + 2 : nil
        case 0xC5 where dialect == .special: return longS(at: index)
        default: return nil
        }
    }

    /// The original pattern ignores case, which matters where texts keep theirs.
    private func folded(_ byte: UInt8) -> UInt8 {
        dialect == .special && (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    /// The original pattern ignores case, and so takes U+017F, the long s, for an s.
    private func longS(at index: Int) -> Int? {
        index + 1 < end && bytes[index] == 0xC5 && bytes[index + 1] == 0xBF ? index + 2 : nil
    }

    private func special(at start: Int) -> (which: Int, end: Int, exact: Bool)? {
        for (which, name) in Self.specialNames.enumerated() {
            var index = start
            var exact = true
            var matched = 0
            while matched < name.count, index < end {
                if bytes[index] == name[matched] {
                    index += 1
                } else if folded(bytes[index]) == name[matched] {
                    index += 1
                    exact = false
                } else if dialect == .special, name[matched] == UInt8(ascii: "s"), let after = longS(at: index) {
                    index = after
                    exact = false
                } else {
                    break
                }
                matched += 1
            }
            if matched == name.count { return (which, index, exact) }
        }
        return nil
    }
}
