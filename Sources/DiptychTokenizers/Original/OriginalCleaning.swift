/// OpenAI's cleaning: text repaired as ftfy does, HTML entities decoded twice, white space collapsed, lower case; and open_clip's
/// variants of it.
enum OriginalCleaning {
    static func clean(_ text: String, as cleaning: CLIPTokenizer.Cleaning = .original) -> [UInt8] {
        if cleaning == .original, let simple = cleanSimple(text) { return simple }
        var scalars = TextRepair.repair(text.unicodeScalars.map(\.value))
        for _ in 0..<2 { scalars = HTMLEntities.unescape(scalars) }
        if cleaning == .originalWithoutUnderscores || cleaning == .originalWithoutPunctuation {
            for index in scalars.indices where scalars[index] == 0x5F { scalars[index] = 0x20 }
        }
        if cleaning == .originalWithoutPunctuation { scalars.removeAll(where: isPunctuation) }
        let keepsCase = cleaning == .originalKeepingCase || cleaning == .originalWithoutUnderscores
        // Collapsing white space does not touch letters, so the order in which open_clip does the two does not matter.
        scalars = PythonText.collapseSpace(scalars)
        if !keepsCase { scalars = PythonText.lowercase(scalars) }
        var output: [UInt8] = []
        output.reserveCapacity(scalars.count * 2)
        for value in scalars { UnicodeText.append(Unicode.Scalar(value) ?? "\u{FFFD}", to: &output) }
        return output
    }

    /// Python's `string.punctuation`: what is printable in ASCII and neither a letter nor a digit nor the space.
    private static func isPunctuation(_ value: UInt32) -> Bool {
        switch value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    /// Printable ASCII without an entity needs no repair. Nil for anything else.
    private static func cleanSimple(_ text: String) -> [UInt8]? {
        var output: [UInt8] = []
        var text = text
        let simple = text.withUTF8 { bytes in
            output.reserveCapacity(bytes.count)
            for byte in bytes {
                switch byte {
                case 0x20, 0x09, 0x0A, 0x0C, 0x0D: if output.last != 0x20, !output.isEmpty { output.append(0x20) }
                case UInt8(ascii: "&"): return false
                case 0x41...0x5A: output.append(byte | 0x20)
                case 0x21...0x7E: output.append(byte)
                default: return false
                }
            }
            return true
        }
        if output.last == 0x20 { output.removeLast() }
        return simple ? output : nil
    }
}
