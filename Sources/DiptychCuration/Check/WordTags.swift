/// Parts of speech that a word segmenter wrote behind each word, as in the captions that CLIP_benchmark first read for
/// Flickr30k-CN: `一个/m 男人/n 骑/v 马/n`, `两m个q男孩n`, `a_DT man_NN`.
enum WordTags {
    /// Tags of ICTCLAS and PKU, as jieba, HanLP and Boson write them.
    private static let chinese: Set<String> = [
        "a", "ad", "ag", "an", "b", "c", "d", "dg", "df", "e", "f", "g", "h", "i", "j", "k", "l", "m", "mg", "mq", "n",
        "ng",
        "nr", "nrt", "nrfg", "ns", "nt", "nx", "nz", "nl", "o", "p", "q", "r", "rg", "rr", "rz", "s", "t", "tg", "u",
        "ud", "ug",
        "uj", "ul", "uv", "uz", "ude", "ule", "uzhe", "v", "vd", "vg", "vi", "vn", "vq", "vshi", "vyou", "vf", "w",
        "wj", "wd",
        "x", "y", "yg", "z", "zg", "eng", "un",
    ]
    /// Tags of the Penn and Chinese treebanks, and of Universal Dependencies.
    private static let treebank: Set<String> = [
        "CC", "CD", "DT", "EX", "FW", "IN", "JJ", "JJR", "JJS", "LS", "MD", "NN", "NNS", "NNP", "NNPS", "PDT", "POS",
        "PRP", "PRP$",
        "RB", "RBR", "RBS", "RP", "SYM", "TO", "UH", "VB", "VBD", "VBG", "VBN", "VBP", "VBZ", "WDT", "WP", "WRB", "AD",
        "AS", "BA",
        "CS", "DEC", "DEG", "DER", "DEV", "ETC", "IJ", "LB", "LC", "M", "MSP", "NR", "NT", "OD", "ON", "P", "PN", "PU",
        "SB", "SP",
        "VA", "VC", "VE", "VV", "NOUN", "VERB", "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "NUM", "PART", "PRON",
        "PROPN", "PUNCT",
        "SCONJ", "X",
    ]
    private static let separators: Set<Character> = ["/", "_", "|", "#", ":"]

    private struct Word {
        let text: Substring
        let tag: Substring?
        /// Whether something stands between the word and its tag.
        let isSeparated: Bool
        /// Where the word and its tag end.
        let end: String.Index
    }

    /// Whether words of a text have tags.
    static func areIn(_ text: String) -> Bool {
        guard text.utf8.contains(where: { ($0 | 0x20) &- 0x61 < 26 }) else { return false }
        let words = words(of: text)
        let tagged = words.filter { $0.tag != nil }
        let separated = tagged.count { $0.isSeparated }
        if separated >= 2 || words.count == 1 { return separated > 0 && separated * 2 >= words.count }
        // Letters that follow a word directly are more often a word themselves: v领, k歌.
        return tagged.count >= 3 && tagged.count * 10 >= words.count * 6 && Set(tagged.compactMap(\.tag)).count >= 2
    }

    /// The text without tags, and without the spaces between Chinese words.
    static func removed(from text: String) -> String {
        var (result, place) = ("", text.startIndex)
        for word in words(of: text) {
            result += text[place..<word.text.startIndex]
            result += word.text
            place = word.end
        }
        result += text[place...]
        let parts = result.split(whereSeparator: \.isWhitespace)
        return parts.reduce(into: "") { joined, part in
            let isHan = joined.last.map(isHan) ?? true || part.first.map(isHan) ?? true
            joined += (joined.isEmpty || isHan ? "" : " ") + part
        }
    }

    /// Runs of Han characters, and Latin words behind which a separator stands.
    private static func words(of text: String) -> [Word] {
        var (words, place): ([Word], String.Index) = ([], text.startIndex)
        while place < text.endIndex {
            let isHan = isHan(text[place])
            guard isHan || isLatin(text[place]) else {
                // A sign may have a tag too, and is no word.
                let next = text.index(after: place)
                if !text[place].isWhitespace, !separators.contains(text[place]),
                    let (tag, end) = tag(text, at: next, isSeparated: true)
                {
                    words.append(Word(text: text[place..<next], tag: tag, isSeparated: true, end: end))
                    place = end
                } else {
                    place = next
                }
                continue
            }
            let end = text[place...].firstIndex { isHan ? !Self.isHan($0) : !isLatin($0) } ?? text.endIndex
            if let (tag, behind) = tag(text, at: end, isSeparated: true) {
                words.append(Word(text: text[place..<end], tag: tag, isSeparated: true, end: behind))
                place = behind
            } else if isHan, let (tag, behind) = tag(text, at: end, isSeparated: false) {
                words.append(Word(text: text[place..<end], tag: tag, isSeparated: false, end: behind))
                place = behind
            } else {
                words.append(Word(text: text[place..<end], tag: nil, isSeparated: false, end: end))
                place = end
            }
        }
        return words
    }

    private static func tag(
        _ text: String, at place: String.Index, isSeparated: Bool
    ) -> (Substring, String.Index)? {
        var start = place
        if isSeparated {
            guard start < text.endIndex, separators.contains(text[start]) else { return nil }
            start = text.index(after: start)
        }
        let end = text[start...].firstIndex { !isLatin($0) && $0 != "$" } ?? text.endIndex
        let tag = text[start..<end]
        guard !tag.isEmpty, tag.count <= 5 else { return nil }
        // A number behind a letter belongs to a name: A4, v8.
        if end < text.endIndex, text[end].isNumber { return nil }
        let isKnown = chinese.contains(String(tag)) || (isSeparated && treebank.contains(String(tag)))
        return isKnown ? (tag, end) : nil
    }

    private static func isLatin(_ character: Character) -> Bool { character.isASCII && character.isLetter }

    private static func isHan(_ character: Character) -> Bool {
        character.unicodeScalars.first.map {
            (0x3400...0x9FFF).contains($0.value) || (0x3000...0x303F).contains($0.value)
                || $0.value >= 0xFF01 && $0.value <= 0xFF5E
        } ?? false
    }
}
