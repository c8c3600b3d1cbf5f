internal import Foundation

/// Text out of files, which say little about how it is encoded.
enum PlainText {
    /// The most bytes of a text that are read; captions of more are cut.
    static let limit = 16_384

    /// UTF-8 where it is that, else Latin-1; without control characters but line breaks, and without white space around it. Nil
    /// where nothing is left.
    static func of(_ bytes: some Collection<UInt8>) -> String? {
        let bytes = bytes.prefix(limit)
        if let text = valid(bytes) { return cleaned(text) }
        // A cut within a character is no reason to take the text for Latin-1.
        for cut in 1...3 where bytes.count == limit {
            if let text = valid(bytes.dropLast(cut)) { return cleaned(text) }
        }
        return cleaned(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })))
    }

    /// UTF-16, little-endian, as Windows' tags have it.
    static func ofUTF16(_ bytes: some Collection<UInt8>) -> String? {
        let bytes = Array(bytes.prefix(limit))
        let units = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
        return cleaned(String(decoding: units.prefix { $0 != 0 }, as: UTF16.self))
    }

    private static func valid(_ bytes: some Collection<UInt8>) -> String? { String(validating: bytes, as: UTF8.self) }

    static func cleaned(_ text: String) -> String? {
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n", "\t": kept.append(scalar)
            case "\r": kept.append("\n")
            default:
                if scalar.properties.generalCategory != .control { kept.append(scalar) }
            }
        }
        let result = String(kept).trimmingCharacters(in: .whitespacesAndNewlines)
        return result.isEmpty ? nil : result
    }
}
