/// The repairs of ftfy 6.3's `fix_text` with its default settings, line by line until nothing changes.
///
/// Entities are decoded, mojibake undone, and ligatures, widths, quotes, line ends, terminal escapes and control characters
/// made plain; the text is composed (NFC). Lone surrogates, which ftfy also repairs, cannot be in a `String`.
enum TextRepair {
    /// A line longer than this is repaired in parts.
    private static let longestSegment = 1_000_000
    /// Text that still changes after this many rounds is hostile: each round undoes one level of escaping.
    private static let mostRounds = 64

    static func repair(_ text: [UInt32]) -> [UInt32] {
        var output: [UInt32] = []
        output.reserveCapacity(text.count)
        var start = 0
        var decodesEntities = true
        while start < text.count {
            let lineEnd = text[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? text.count
            let end = min(lineEnd, start + longestSegment)
            let segment = Array(text[start..<end])
            // Text that shows a tag is HTML, and so are the lines after it.
            if segment.contains(0x3C) { decodesEntities = false }
            output.append(contentsOf: repairSegment(segment, decodesEntities: decodesEntities))
            start = end
        }
        return output
    }

    private static func repairSegment(_ segment: [UInt32], decodesEntities: Bool) -> [UInt32] {
        var text = segment
        for _ in 0..<mostRounds {
            let before = text
            if decodesEntities { text = HTMLEntities.repair(text) }
            text = Mojibake.fixEncoding(text)
            text = replaceCharacters(text)
            text = removeTerminalEscapes(text)
            text.removeAll(where: isUnwantedControl)
            if text.contains(where: { $0 >= 0x300 }) { text = Composition.shared.compose(text) }
            if text == before { break }
        }
        return text
    }

    /// C1 controls, ligatures, widths, quotes, line ends.
    private static func replaceCharacters(_ text: [UInt32]) -> [UInt32] {
        guard text.contains(where: { $0 >= 0x80 || $0 == 0x0D }) else { return text }
        var output: [UInt32] = []
        output.reserveCapacity(text.count)
        for value in text where value < 0x80 || !appendPlain(value, to: &output) { output.append(value) }
        return unifyLineEnds(output)
    }

    /// Appends what stands for a character; false where it stands for itself.
    private static func appendPlain(_ value: UInt32, to output: inout [UInt32]) -> Bool {
        switch value {
        case 0x80...0x9F:
            let plain = CodePage.windows1252.scalar(of: UInt8(value))
            if plain == value { return false }
            if !appendPlain(plain, to: &output) { output.append(plain) }
        case 0x132...0x133, 0x149, 0x1C4...0x1CC, 0x1F1...0x1F3, 0xFB00...0xFB06:
            guard let plain = ligatures[value] else { return false }
            for scalar in plain.unicodeScalars where !appendPlain(scalar.value, to: &output) {
                output.append(scalar.value)
            }
        case 0x02BC, 0x2018...0x201B: output.append(0x27)
        case 0x201C...0x201F: output.append(0x22)
        case 0x3000, 0xFF01...0xFFEF:
            guard let plain = widths[value] else { return false }
            output.append(contentsOf: plain)
        default: return false
        }
        return true
    }

    private static let ligatures: [UInt32: String] = [
        0x132: "IJ", 0x133: "ij", 0x149: "\u{2BC}n", 0x1F1: "DZ", 0x1F2: "Dz", 0x1F3: "dz", 0x1C4: "D\u{17D}",
        0x1C5: "D\u{17E}", 0x1C6: "d\u{17E}", 0x1C7: "LJ", 0x1C8: "Lj", 0x1C9: "lj", 0x1CA: "NJ", 0x1CB: "Nj",
        0x1CC: "nj", 0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "\u{17F}t",
        0xFB06: "st",
    ]

    private static let widths: [UInt32: [UInt32]] = {
        var widths: [UInt32: [UInt32]] = [:]
        TableText.forEachWord(MojibakeTable.widths) { word in
            let numbers = TableText.numbers(word)
            widths[numbers[0]] = Array(numbers.dropFirst())
        }
        return widths
    }()

    private static func unifyLineEnds(_ text: [UInt32]) -> [UInt32] {
        var output: [UInt32] = []
        output.reserveCapacity(text.count)
        for (index, value) in text.enumerated() {
            switch value {
            case 0x0D where index + 1 < text.count && text[index + 1] == 0x0A: continue
            case 0x0D, 0x85, 0x2028, 0x2029: output.append(0x0A)
            default: output.append(value)
            }
        }
        return output
    }

    /// Removes ANSI escapes: escape, bracket, numbers and semicolons, a letter.
    private static func removeTerminalEscapes(_ text: [UInt32]) -> [UInt32] {
        guard text.contains(0x1B) else { return text }
        var output: [UInt32] = []
        var index = 0
        while index < text.count {
            if text[index] == 0x1B, let end = terminalEscapeEnd(text, at: index) {
                index = end
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }

    private static func terminalEscapeEnd(_ text: [UInt32], at start: Int) -> Int? {
        var index = start + 1
        guard index < text.count, text[index] == 0x5B else { return nil }
        index += 1
        while index < text.count,
            text[index] == 0x3B || Unicode.Scalar(text[index])?.properties.generalCategory == .decimalNumber
        {
            index += 1
        }
        guard index < text.count, case 0x61...0x7A = text[index] | 0x20, text[index] < 0x80 else { return nil }
        return index + 1
    }

    private static func isUnwantedControl(_ value: UInt32) -> Bool {
        switch value {
        case 0x00...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x206A...0x206F, 0xFEFF, 0xFFF9...0xFFFC: true
        default: false
        }
    }
}
