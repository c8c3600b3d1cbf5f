/// Undoing mojibake: text in UTF-8 that was read in a one-byte encoding. The rules are ftfy 6.3's `fix_encoding`.
enum Mojibake {
    /// Deeper than any text that was garbled by accident.
    private static let mostLevels = 16

    /// The text with every level of mojibake undone that can be.
    static func fixEncoding(_ text: [UInt32], level: Int = 0) -> [UInt32] {
        var text = text
        for _ in 0..<mostLevels {
            guard Badness.isBad(text), let fixed = fixOnce(text, level: level), fixed != text else { break }
            text = fixed
        }
        return text
    }

    /// One level undone; nil where nothing is known to help.
    private static func fixOnce(_ text: [UInt32], level: Int) -> [UInt32]? {
        var isLatin1 = false
        for page in CodePage.all {
            guard let bytes = page.encode(text) else { continue }
            if page.name == "latin-1" { isLatin1 = true }
            if let fixed = decode(bytes, from: page) { return fixed }
        }
        if level < mostLevels {
            let fixed = fixEmbedded(text, level: level)
            if fixed != text { return fixed }
        }
        if isLatin1, let bytes = CodePage.all.first?.encode(text), !bytes.contains(where: unassignedIn1252) {
            let fixed = bytes.map { CodePage.windows1252.scalar(of: $0) }
            if fixed != text { return fixed }
        }
        guard text.contains(where: { (0x80...0x9F).contains($0) }) else { return nil }
        return text.map { (0x80...0x9F).contains($0) ? CodePage.windows1252.scalar(of: UInt8($0)) : $0 }
    }

    private static func unassignedIn1252(_ byte: UInt8) -> Bool { [0x81, 0x8D, 0x8F, 0x90, 0x9D].contains(byte) }

    private static func decode(_ bytes: [UInt8], from page: CodePage) -> [UInt32]? {
        var bytes = bytes
        // In MacRoman the byte that stands before a space is an en dash, and common.
        if page.name != "macroman", MojibakeBytes.hasAlteredSpace(bytes) { bytes = MojibakeBytes.restoreSpaces(bytes) }
        if page.isSloppy { bytes = MojibakeBytes.replaceLost(bytes) }
        return MojibakeBytes.decode(bytes)
    }

    /// Undoes runs inside the text that look like UTF-8 whatever the encoding, each on its own.
    private static func fixEmbedded(_ text: [UInt32], level: Int) -> [UInt32] {
        let classes = MojibakeClasses.of(text)
        var output: [UInt32] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let end = runEnd(classes, at: index)
            guard end > index else {
                output.append(text[index])
                index += 1
                continue
            }
            let run = Array(text[index..<end])
            output.append(contentsOf: run.count < text.count ? fixEncoding(run, level: level + 1) : run)
            index = end
        }
        return output
    }

    /// The end of a run of characters that stand for whole sequences of UTF-8.
    private static func runEnd(_ classes: [MojibakeClasses], at start: Int) -> Int {
        if start > 0, classes[start - 1].meets(.strictContinuation) { return start }
        var index = start
        while index < classes.count {
            let count: Int
            switch classes[index] {
            case let first where first.meets(.firstOfTwo): count = 1
            case let first where first.meets(.firstOfThree): count = 2
            case let first where first.meets(.firstOfFour): count = 3
            default: return index
            }
            guard index + count < classes.count,
                (1...count).allSatisfy({ classes[index + $0].meets(.continuation) })
            else { return index }
            index += count + 1
        }
        return index
    }
}
