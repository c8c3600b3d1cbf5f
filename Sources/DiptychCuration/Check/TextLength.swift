internal import Diptych

/// How many tokens texts have, and how many a model reads.
struct TextLength: Sendable {
    /// The model's; without it, the least that Chinese-CLIP's and CLIP's tokenizers make of a text.
    let tokenizer: (any Tokenizer)?

    /// The tokens that Chinese-CLIP reads, with start and end.
    static let chinese = 52
    /// The tokens that CLIP reads, with start and end.
    static let latin = 77

    private static let longest = 4096

    /// A text's tokens with start and end, and the most that are read.
    func tokens(_ text: String) -> (count: Int, limit: Int) {
        if let tokenizer {
            let encoded = tokenizer.encode(text)
            return (encoded.ids.count + encoded.truncated, tokenizer.contextLength)
        }
        let isChinese = text.unicodeScalars.contains(where: Self.isHan)
        return (Self.least(text) + 2, isChinese ? Self.chinese : Self.latin)
    }

    /// How much too long a text is; nil where the model reads all of it.
    func excess(_ text: String) -> (count: Int, limit: Int)? {
        let limit = tokenizer?.contextLength ?? Self.chinese
        // No tokenizer makes more tokens than bytes of a text; decomposing doubles some.
        guard text.utf8.count * 2 + 2 > limit else { return nil }
        let (count, most) = tokens(text)
        return count > most ? (count, most) : nil
    }

    /// The longest beginning of a text that is read as a whole.
    func cut(_ text: String) -> String {
        // No text of so many characters is read as a whole, unless it is mostly spaces.
        let text = text.prefix(Self.longest)
        var (low, high) = (0, text.count)
        while low < high {
            let middle = (low + high + 1) / 2
            if excess(String(text.prefix(middle))) == nil { low = middle } else { high = middle - 1 }
        }
        var end = text.prefix(low)
        // Not within a word, where that leaves most of it.
        let isInWord = low < text.count && Self.isWord(end.last) && Self.isWord(text.dropFirst(low).first)
        if isInWord, let space = end.lastIndex(where: { !Self.isWord($0) }), space > text.startIndex {
            end = end[..<space]
        }
        while let last = end.last, last.isWhitespace { end.removeLast() }
        return String(end)
    }

    private static func isWord(_ character: Character?) -> Bool {
        character?.unicodeScalars.first.map { $0.properties.isAlphabetic && !isHan($0) } ?? false
    }

    private static func isHan(_ scalar: Unicode.Scalar) -> Bool {
        (0x4E00...0x9FFF).contains(scalar.value) || (0x3400...0x4DBF).contains(scalar.value)
            || (0xF900...0xFAFF).contains(scalar.value) || (0x20000...0x3FFFF).contains(scalar.value)
    }

    /// The fewest tokens that either tokenizer makes: a Han character is one and more, and so is a run of letters, a digit's run and a
    /// run of signs.
    private static func least(_ text: String) -> Int {
        enum Kind { case letters, digits, signs }
        var (count, last): (Int, Kind?) = (0, nil)
        for scalar in text.unicodeScalars {
            if isHan(scalar) {
                (count, last) = (count + 1, nil)
                continue
            }
            let kind: Kind? =
                scalar.properties.isWhitespace
                ? nil
                : scalar.properties.numericType != nil
                    ? .digits : scalar.properties.isAlphabetic || isMark(scalar) ? .letters : .signs
            if let kind, kind != last { count += 1 }
            last = kind
        }
        return count
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .nonspacingMark || scalar.value == 0x27
    }
}
