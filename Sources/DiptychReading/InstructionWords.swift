/// What becomes of text as engines give it.
public enum ReadText {
    /// Full-width marks for those that engines give in their narrow form.
    private static let wideMarks: [Character: Character] = [":": "：", ";": "；", ",": "，", "?": "？", "!": "！"]

    /// Without blanks at its ends, runs of blanks as one, and none between two Chinese letters, where engines set some, nor beside
    /// Chinese marks, which bring their own room; marks behind Chinese letters are full-width ones.
    public static func tidied(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace)
        var tidied = ""
        for word in words {
            let isJoined =
                isWide(tidied.last) && isWide(word.first) || isWideMark(tidied.last) || isWideMark(word.first)
            let isMark = word.count == 1 && word.first.map { wideMarks[$0] != nil } ?? false
            tidied += (tidied.isEmpty || isJoined || (isMark && isWide(tidied.last)) ? "" : " ") + word
            if let last = tidied.last, let wide = wideMarks[last], isWide(tidied.dropLast().last) {
                tidied.removeLast()
                tidied.append(wide)
            }
        }
        return tidied
    }

    /// Whether it is a mark as wide as a Chinese letter: the blocks of CJK symbols and of full-width forms.
    private static func isWideMark(_ character: Character?) -> Bool {
        guard let character, let value = character.unicodeScalars.first?.value else { return false }
        return (character.isPunctuation || character.isSymbol)
            && ((0x3001...0x303F).contains(value) || (0xFF01...0xFF65).contains(value))
    }

    private static func isWide(_ character: Character?) -> Bool {
        guard let value = character?.unicodeScalars.first?.value else { return false }
        return value >= 0x2E80
    }
}

/// The words that an instruction names.
public enum InstructionWords {
    /// Phrases that ask, and are no word themselves.
    private static let asking = [
        "which pictures show", "which images show", "which tiles show", "which pictures have",
        "mark every picture with",
        "mark all pictures with", "mark", "find all", "find", "show", "select", "choose", "pictures of", "images of",
        "哪些图片里有", "哪些图片中有", "哪些图里有", "哪些图片是", "请找出", "请标出", "请选出", "找出", "标出", "选出",
        "图中有", "图片里有", "图片中有",
    ]

    /// The words of lines below each other: what stands in quotes; else what follows a colon or a phrase that asks. Several have
    /// semicolons between them, or commas where Chinese has its own for lists. Empty where nothing is named.
    public static func words(of lines: [String]) -> [String] {
        let text = ReadText.tidied(lines.joined(separator: " "))
        let quoted = Self.quoted(text)
        if !quoted.isEmpty { return quoted }
        var rest = Substring(text)
        if let colon = text.firstIndex(where: { ":：".contains($0) }) {
            rest = text[text.index(after: colon)...]
        } else if let phrase = asking.first(where: { text.lowercased().hasPrefix($0) }) {
            rest = text.dropFirst(phrase.count)
        }
        return rest.split { ";；、\n".contains($0) }
            .map { ReadText.tidied(String($0)).trimming(".。?？!！,，") }
            .filter { $0.contains { $0.isLetter || $0.isNumber } }
    }

    private static let quotes: [Character: Character] = ["“": "”", "「": "」", "『": "』", "\"": "\"", "《": "》"]

    private static func quoted(_ text: String) -> [String] {
        var words: [String] = []
        var (open, word): (Character?, String) = (nil, "")
        for character in text {
            if let end = open {
                if character == end {
                    if word.contains(where: { $0.isLetter || $0.isNumber }) { words.append(word) }
                    (open, word) = (nil, "")
                } else {
                    word.append(character)
                }
            } else if let end = quotes[character] {
                open = end
            }
        }
        return words
    }
}

extension String {
    /// Without some characters and blanks at its ends.
    fileprivate func trimming(_ characters: String) -> String {
        let isOuter = { (character: Character) in character.isWhitespace || characters.contains(character) }
        guard let first = firstIndex(where: { !isOuter($0) }), let last = lastIndex(where: { !isOuter($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
