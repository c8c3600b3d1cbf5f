/// Whether a text looks like mojibake: whether neighbours in it hardly ever meet in real text.
///
/// The rules are those of ftfy 6.3's `is_bad`.
struct Badness {
    private let text: [UInt32]
    private let classes: [MojibakeClasses]

    static func isBad(_ text: [UInt32]) -> Bool {
        guard text.contains(where: { $0 >= 0x80 }) else { return false }
        let badness = Badness(text: text, classes: MojibakeClasses.of(text))
        return text.indices.contains { badness.isBad(at: $0) }
    }

    private static let accented: MojibakeClasses = [.lowerAccented, .upperAccented]
    private static let quotes: MojibakeClasses = [.startPunctuation, .endPunctuation]
    private static let companions: MojibakeClasses = [
        .lowerAccented, .upperAccented, .box, .startPunctuation, .endPunctuation, .currency, .numeric, .law,
    ]
    private static let around: MojibakeClasses = [.c1, .bad, .currency, .startPunctuation, .endPunctuation]

    /// The character at some place; 0 behind the end.
    private func scalar(_ index: Int) -> UInt32 { index < text.count ? text[index] : 0 }
    private func kind(_ index: Int) -> MojibakeClasses { index < text.count ? classes[index] : [] }

    private func isBad(at index: Int) -> Bool {
        let (first, second, third) = (kind(index), kind(index + 1), kind(index + 2))
        // Every rule has a character of some class among its first three.
        if first.rawValue | second.rawValue | third.rawValue == 0 { return false }
        if first.meets(.c1) { return true }
        guard index + 1 < text.count else { return false }
        return isBadPair(first, second) || isBadTriple(index) || isBadLiteralPair(index) || isBadAroundSpace(index)
            || isBadSequence(index)
    }

    private func isBadPair(_ first: MojibakeClasses, _ second: MojibakeClasses) -> Bool {
        first.meets([Self.companions, .bad]) && second.meets(.bad)
            || first.meets(.bad) && second.meets(Self.companions)
            || first.meets([.lowerAccented, .lowerCommon, .box, .endPunctuation, .currency, .numeric])
                && second.meets(.upperAccented)
            || first.meets([.box, .endPunctuation, .currency, .numeric]) && second.meets(.lowerAccented)
            || first.meets([.lowerAccented, .box, .endPunctuation]) && second.meets(.currency)
            || first.meets([.upperAccented, .box]) && second.meets([.numeric, .law])
            || first.meets([.currency, .numeric, .box]) && second.meets(.startPunctuation)
            || first.meets(.box) && second.meets([.kaomoji, .endPunctuation])
            || first.meets([Self.accented, Self.quotes, .currency, .numeric, .law]) && second.meets(.box)
    }

    private func isBadTriple(_ index: Int) -> Bool {
        guard index + 2 < text.count else { return false }
        let (first, second, third) = (classes[index], classes[index + 1], classes[index + 2])
        if second.isEmpty { return false }
        let isLower = Self.isLowerLetter(text[index])
        return second.meets([.lowerCommon, .upperCommon]) && third.meets(.bad) && Self.isLetter(text[index])
            || second.meets(.upperAccented) && third.meets(.currency) && PythonText.isSpace(text[index])
            || first.meets([Self.accented, .box, .currency, .endPunctuation]) && second.meets(.startPunctuation)
                && third.meets(.numeric)
            || first.meets([Self.accented, .currency, .numeric, .box, .law]) && second.meets(.endPunctuation)
                && third.meets(.startPunctuation)
            || isLower && second.meets(.upperAccented) && third.meets([.startPunctuation, .currency])
            || first.meets(Self.accented) && second.meets(Self.quotes) && PythonText.isWord(text[index + 2])
    }

    /// Rules about one particular character and the next.
    private func isBadLiteralPair(_ index: Int) -> Bool {
        let next = scalar(index + 1)
        switch text[index] {
        case 0x152, 0x153: return !Self.isLetter(next)  // Œ œ
        case 0xD7: return next == 0xB2 || next == 0xB3  // ×² ×³
        case 0xE0: return Self.afterAGrave.contains(next)  // South Asian letters
        case 0x221A: return Self.afterRoot.contains(next)  // MacRoman
        case 0x2248: return next == 0xB0 || next == 0xA2
        case 0x432: return next == 0x402  // Windows-1251, punctuation
        case 0x101: return next == 0x20AC  // Windows-1257, punctuation
        case 0xC2, 0xC3, 0xCE, 0xD0:  // ÂÃÎÐ: Windows-1252
            if kind(index + 1).meets(Self.quotes) || Self.afterCapital.contains(next) { return true }
            return text[index] == 0xC3 && (next == 0xA0 || next == 0xA1)
        default: return next == 0xB0 && classes[index].meets(.upperAccented)
        }
    }

    /// Rules about Â and Ã, which often lost the no-break space after them to a plain one.
    private func isBadAroundSpace(_ index: Int) -> Bool {
        func isHat(_ index: Int) -> Bool { scalar(index) == 0xC2 || scalar(index) == 0xC3 }
        if index == 0, isHat(0), scalar(1) == 0x20 { return true }
        if Self.isLowerLetter(text[index]) {
            if isHat(index + 1), scalar(index + 2) == 0x20 { return true }
            if PythonText.isSpace(scalar(index + 1)), isHat(index + 2), scalar(index + 3) == 0x20 { return true }
        }
        let isEnd =
            Self.isLowerLetter(text[index]) || Self.sentenceEnds.contains(text[index])
            || classes[index].meets(.endPunctuation)
        return isEnd && scalar(index + 1) == 0xC2 && index + 2 < text.count
            && (text[index + 2] == 0x20 || classes[index + 2].meets(Self.quotes))
    }

    /// Rules about three and more particular characters.
    private func isBadSequence(_ index: Int) -> Bool {
        let (second, third) = (scalar(index + 1), scalar(index + 2))
        switch text[index] {
        case 0xD8, 0xD9:  // Arabic through Windows-1252
            func isByte(_ index: Int) -> Bool {
                kind(index).meets([.common, .currency, .bad, .numeric, .startPunctuation])
                    || Self.arabicBytes.contains(scalar(index))
            }
            return isByte(index + 1) && (third == 0xD8 || third == 0xD9) && isByte(index + 3)
        case 0x201A:  // MacRoman
            return second == 0xC4 && Self.macPunctuation.contains(third)
                || (second == 0xE2 || second == 0xF3) && [0xE0, 0xE4, 0xB0, 0xEA].contains(third)
        case 0x3B2:  // Windows-1253, punctuation
            return second == 0x20AC && Self.greekPunctuation.contains(third)
        case 0x412, 0x413, 0x420, 0x421:  // ВГРС: Windows-1251
            if kind(index + 1).meets(Self.around) || second == 0xB0 || second == 0xB5,
                [0x412, 0x413, 0x420, 0x421].contains(third)
            {
                return true
            }
            return isDoublyCyrillic(index)
        case 0x392, 0x393, 0x39E, 0x39F:  // ΒΓΞΟ: Windows-1253
            return (kind(index + 1).meets(Self.around) || second == 0xB0)
                && [0x392, 0x393, 0x39E, 0x39F].contains(third)
        default: return false
        }
    }

    /// Five letters that Windows-1251 makes of mojibake, any character, and a Latin letter or space.
    private func isDoublyCyrillic(_ index: Int) -> Bool {
        guard index + 6 < text.count, text[index..<index + 5].elementsEqual([0x413, 0x45E, 0x412, 0x402, 0x412])
        else { return false }
        return text[index + 5] != 0x0A && (Self.isLetter(text[index + 6]) || text[index + 6] == 0x20)
    }

    private static func isLowerLetter(_ value: UInt32) -> Bool { (0x61...0x7A).contains(value) }
    private static func isLetter(_ value: UInt32) -> Bool { value < 0x80 && isLowerLetter(value | 0x20) }

    private static func set(_ text: String) -> Set<UInt32> { Set(text.unicodeScalars.map(\.value)) }
    private static let afterAGrave = set("²µ¹¼½¾")
    private static let afterRoot = set("±∂†≠®™´≤≥¥µø")
    private static let afterCapital = set("€œŠš¢£Ÿž\u{A0}\u{AD}®©°·»–—´")
    private static let arabicBytes = set("ŸŠ®°µ»")
    private static let macPunctuation = set("ìîïòôúùû†°¢π")
    private static let greekPunctuation = set("™\u{A0}Ά\u{AD}®°")
    private static let sentenceEnds = set(".,?!")
}
