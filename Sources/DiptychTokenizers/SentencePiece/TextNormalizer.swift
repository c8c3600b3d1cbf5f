/// The normalisation that a `tokenizer.json` lists, step by step.
struct TextNormalizer: Sendable {
    enum Step: Sendable {
        /// Lower case letter by letter.
        case lowercase
        case replace(Pattern, with: [UInt8])
        /// Removes white space at the ends.
        case strip(left: Bool, right: Bool)
        /// SentencePiece's own table.
        case characterMap(CharacterMap)
    }

    /// The patterns that the published files look for.
    enum Pattern: Sendable, Equatable {
        case text([UInt8])
        /// One ASCII character of a set.
        case oneOf(Set<UInt8>)
        /// A run of white space.
        case whiteSpace
        /// Two or more spaces.
        case spaces
    }

    var steps: [Step]

    /// The normalised text.
    func normalize(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var text = Array(bytes)
        for step in steps {
            switch step {
            case .lowercase: text = Self.lowercase(text)
            case .replace(let pattern, let content): text = Self.replace(pattern, with: content, in: text)
            case .strip(let left, let right): text = Self.strip(text, left: left, right: right)
            case .characterMap(let map): text = map.apply(to: text)
            }
        }
        return text
    }

    private static func lowercase(_ text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] < 0x80 {
                output.append(text[index] &- 0x41 < 26 ? text[index] | 0x20 : text[index])
                index += 1
            } else {
                let (scalar, next) = UnicodeText.scalar(in: text, at: index)
                CLIPNormalizer.appendLowercase(scalar, to: &output)
                index = next
            }
        }
        return output
    }

    private static func replace(_ pattern: Pattern, with content: [UInt8], in text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if let end = pattern.match(text, at: index) {
                output.append(contentsOf: content)
                index = end
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }

    private static func strip(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
        let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
        func width(_ scalars: some Sequence<Unicode.Scalar>) -> Int {
            scalars.prefix { CharacterClass($0) == .space }.reduce(0) { $0 + UTF8.width($1) }
        }
        let leading = left ? width(scalars) : 0
        let trailing = right && leading < text.count ? width(scalars.reversed()) : 0
        return leading == 0 && trailing == 0 ? text : Array(text[leading..<text.count - trailing])
    }
}

extension TextNormalizer.Pattern {
    /// Where a match that starts at `index` ends, or nil.
    fileprivate func match(_ text: [UInt8], at index: Int) -> Int? {
        switch self {
        case .text(let content):
            return text[index] == content[0] && text[index...].starts(with: content) ? index + content.count : nil
        case .oneOf(let set): return text[index] < 0x80 && set.contains(text[index]) ? index + 1 : nil
        case .spaces:
            var end = index
            while end < text.count, text[end] == 0x20 { end += 1 }
            return end - index >= 2 ? end : nil
        case .whiteSpace:
            var end = index
            // A byte inside a character starts none.
            while end < text.count, text[end] & 0xC0 != 0x80 {
                let (scalar, next) = UnicodeText.scalar(in: text, at: end)
                guard CharacterClass(scalar) == .space else { break }
                end = next
            }
            return end > index ? end : nil
        }
    }

    /// The pattern of a regular expression, of those that are known; nil for any other.
    init?(expression: String) {
        switch expression {
        case #"\s+"#: self = .whiteSpace
        case " {2,}": self = .spaces
        default:
            guard let set = Self.set(expression) else { return nil }
            self = .oneOf(set)
        }
    }

    /// `[…]` of single ASCII punctuation characters, escaped or not.
    private static func set(_ expression: String) -> Set<UInt8>? {
        let bytes = Array(expression.utf8)
        guard bytes.count > 2, bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]"),
            bytes[1] != UInt8(ascii: "^")
        else { return nil }
        var set: Set<UInt8> = []
        var index = 1
        while index < bytes.count - 1 {
            var byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                index += 1
                guard index < bytes.count - 1 else { return nil }
                byte = bytes[index]
            } else if [UInt8(ascii: "["), UInt8(ascii: "]")].contains(byte)
                || (byte == UInt8(ascii: "-") && index > 1 && index < bytes.count - 2)
                || (byte == UInt8(ascii: "&") && bytes[index + 1] == byte)
            {
                // A set in a set, a range, an intersection.
                return nil
            }
            guard (0x21...0x7E).contains(byte), !Character(Unicode.Scalar(byte)).isLetter,
                !Character(Unicode.Scalar(byte)).isNumber
            else { return nil }
            set.insert(byte)
            index += 1
        }
        return set
    }
}
