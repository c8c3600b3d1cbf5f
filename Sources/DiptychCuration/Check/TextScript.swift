/// The script that a text is written in, by its letters.
public enum TextScript: String, Sendable, CaseIterable {
    /// Han characters, without kana or hangul.
    case chinese = "Chinese"
    /// Latin letters, as in English.
    case latin = "Latin"
    /// Kana, with Han characters or not.
    case japanese = "Japanese"
    /// Hangul.
    case korean = "Korean"
    /// Cyrillic letters.
    case cyrillic = "Cyrillic"
    /// Arabic letters.
    case arabic = "Arabic"
    /// Greek letters.
    case greek = "Greek"
    /// Hebrew letters.
    case hebrew = "Hebrew"
    /// Devanagari.
    case devanagari = "Devanagari"
    /// Thai letters.
    case thai = "Thai"
    /// Letters of other scripts.
    case other = "other"
    /// No letters.
    case none

    /// The script of a letter; nil of anything else.
    private init?(letter scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x41...0x5A, 0x61...0x7A, 0xC0...0x24F, 0x1E00...0x1EFF: self = .latin
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF: self = .chinese
        case 0x3040...0x30FF, 0x31F0...0x31FF, 0xFF66...0xFF9F: self = .japanese
        case 0x1100...0x11FF, 0x3130...0x318F, 0xAC00...0xD7AF: self = .korean
        case 0x400...0x52F: self = .cyrillic
        case 0x600...0x6FF, 0x750...0x77F, 0xFB50...0xFDFF, 0xFE70...0xFEFC: self = .arabic
        case 0x370...0x3FF, 0x1F00...0x1FFF: self = .greek
        case 0x590...0x5FF: self = .hebrew
        case 0x900...0x97F: self = .devanagari
        case 0xE00...0xE7F: self = .thai
        default:
            guard scalar.properties.isAlphabetic else { return nil }
            self = .other
        }
    }

    /// The script of most letters. A word is several Latin letters and mostly one or two Han characters, which count three times for
    /// that; Han characters beside kana or hangul are Japanese and Korean.
    public init(of text: String) {
        var counts: [TextScript: Int] = [:]
        for scalar in text.unicodeScalars {
            if let script = TextScript(letter: scalar) { counts[script, default: 0] += script == .chinese ? 3 : 1 }
        }
        let highest = counts.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
        guard let highest else {
            self = .none
            return
        }
        self = highest.key
        if self == .chinese, let kana = counts[.japanese], kana * 6 >= highest.value { self = .japanese }
        if self == .chinese, let hangul = counts[.korean], hangul * 6 >= highest.value { self = .korean }
    }
}
