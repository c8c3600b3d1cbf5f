extension String {
    /// The text as a line of output for people: control characters, line ends and marks of writing direction, which could forge
    /// lines or turn them around, are written as escapes (`\\n`, `\\u{202E}`).
    var shown: String {
        guard unicodeScalars.contains(where: Self.isHidden) else { return self }
        var shown = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            guard Self.isHidden(scalar) else {
                shown.append(scalar)
                continue
            }
            let escape =
                switch scalar {
                case "\n": "\\n"
                case "\r": "\\r"
                case "\t": "\\t"
                default: "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
                }
            shown.append(contentsOf: escape.unicodeScalars)
        }
        return String(shown)
    }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // The marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9).
        case .format: scalar.properties.isBidiControl
        default: false
        }
    }
}
