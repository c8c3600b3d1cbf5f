/// Rules of Python's `str` that the original cleaning is written in, over scalar values.
enum PythonText {
    /// `str.isspace` of one character: Unicode's white space and four ASCII separators.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0: true
        case 0..<0x1680: false
        default: scalar.properties.isWhitespace
        }
    }

    static func isSpace(_ value: UInt32) -> Bool { Unicode.Scalar(value).map { isSpace($0) } ?? false }

    /// `\w` of the `re` module: letters, numbers and the underscore.
    static func isWord(_ value: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(value) else { return false }
        let kind = CharacterClass(scalar)
        return value == 0x5F || kind == .letter || kind == .number
    }

    /// `str.strip` of UTF-8.
    static func stripped(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let first = bytes.first, let last = bytes.last,
            first <= 0x20 || first >= 0x80 || last <= 0x20 || last >= 0x80
        else { return bytes }
        let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
        let leading = scalars.prefix { isSpace($0) }.reduce(0) { $0 + UTF8.width($1) }
        let trailing = scalars.reversed().prefix { isSpace($0) }.reduce(0) { $0 + UTF8.width($1) }
        return leading == bytes.count ? bytes.prefix(0) : bytes.dropFirst(leading).dropLast(trailing)
    }

    /// `" ".join(text.split())`.
    static func collapseSpace(_ text: [UInt32]) -> [UInt32] {
        var output: [UInt32] = []
        output.reserveCapacity(text.count)
        for value in text {
            if !isSpace(value) {
                output.append(value)
            } else if let last = output.last, last != 0x20 {
                output.append(0x20)
            }
        }
        if output.last == 0x20 { output.removeLast() }
        return output
    }

    /// `str.lower`: letter by letter, but a capital sigma at the end of a word becomes the final sigma.
    static func lowercase(_ text: [UInt32]) -> [UInt32] {
        var output: [UInt32] = []
        output.reserveCapacity(text.count)
        for (index, value) in text.enumerated() {
            if value < 0x80 {
                output.append(value &- 0x41 < 26 ? value | 0x20 : value)
            } else if value == 0x3A3 {
                output.append(isFinalSigma(text, at: index) ? 0x3C2 : 0x3C3)
            } else if (0x2E80..<0xA000).contains(value) {
                output.append(value)
            } else if let scalar = Unicode.Scalar(value) {
                output.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars.map(\.value))
            }
        }
        return output
    }

    /// Unicode's Final_Sigma: a cased letter before and none after, over what case ignores.
    private static func isFinalSigma(_ text: [UInt32], at index: Int) -> Bool {
        func isCased(_ value: UInt32) -> Bool { Unicode.Scalar(value)?.properties.isCased ?? false }
        func isIgnorable(_ value: UInt32) -> Bool { Unicode.Scalar(value)?.properties.isCaseIgnorable ?? false }
        let before = text[..<index].last { !isIgnorable($0) }
        let after = text[(index + 1)...].first { !isIgnorable($0) }
        return before.map(isCased) == true && after.map(isCased) != true
    }
}
