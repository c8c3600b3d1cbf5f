/// Text for a line of an SVG document.
enum SheetText {
    /// The text in one line no wider than `width` pixels, ended with an ellipsis where it is longer, escaped for XML.
    static func fitted(_ text: String, size: Double, width: Double) -> String {
        let characters = text.split(whereSeparator: \.isWhitespace).joined(separator: " ").filter(isPrintable)
        var fitting = ""
        var used = 0.0
        for character in characters {
            used += advance(of: character) * size
            // Room for the ellipsis is kept until the end is known to fit.
            if used > width - size { return escaped(fitting) + "…" }
            fitting.append(character)
        }
        return escaped(fitting)
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }

    /// The width in units of the font size, rounded up: full-width letters one, others about two thirds.
    private static func advance(of character: Character) -> Double {
        let scalar = character.unicodeScalars.first?.value ?? 0
        return scalar >= 0x2E80 ? 1 : 0.66
    }

    /// XML 1.0 has no way to write most control characters, nor the non-characters.
    private static func isPrintable(_ character: Character) -> Bool {
        character.unicodeScalars.allSatisfy { scalar in
            scalar.value >= 0x20 && scalar.value != 0x7F && scalar.value & 0xFFFE != 0xFFFE
        }
    }
}
