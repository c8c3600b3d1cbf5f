/// HTML character references, decoded by two sets of rules.
enum HTMLEntities {
    private struct Entity {
        var scalars: [UInt32]
        /// Whether the name is known without its semicolon too.
        var isBare: Bool
    }

    private static let names: [[UInt8]: Entity] = {
        var names: [[UInt8]: Entity] = [:]
        names.reserveCapacity(2200)
        TableText.forEachWord(HTMLEntityTable.text) { word in
            guard let colon = word.firstIndex(of: UInt8(ascii: ":")) else { return }
            let name = word[..<colon]
            let isBare = name.last == UInt8(ascii: "~")
            names[Array(isBare ? name.dropLast() : name)] = Entity(
                scalars: TableText.numbers(word[(colon + 1)...]), isBare: isBare)
        }
        return names
    }()

    private static let longestBareName = names.filter(\.value.isBare).map(\.key.count).max() ?? 0

    /// What a browser makes of text (HTML 5; Python's `html.unescape`): names may lack their semicolon.
    static func unescape(_ text: [UInt32]) -> [UInt32] {
        guard text.contains(0x26) else { return text }
        var output: [UInt32] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == 0x26, let (scalars, end) = reference(text, at: index) {
                output.append(contentsOf: scalars)
                index = end
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }

    /// What ftfy makes of text: only references with their semicolon, and some names in capitals.
    static func repair(_ text: [UInt32]) -> [UInt32] {
        guard text.contains(0x26) else { return text }
        var output: [UInt32] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == 0x26, let end = wholeReference(text, at: index) {
                output.append(contentsOf: repaired(text[index..<end]))
                index = end
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }

    // MARK: - HTML 5

    private static func reference(_ text: [UInt32], at start: Int) -> (scalars: [UInt32], end: Int)? {
        if start + 1 < text.count, text[start + 1] == 0x23 { return numeric(text, at: start) }
        var end = start + 1
        while end < text.count, end - start <= 32, !isNameEnd(text[end]) { end += 1 }
        guard end > start + 1 else { return nil }
        let hasSemicolon = end < text.count && text[end] == 0x3B
        let after = hasSemicolon ? end + 1 : end
        // Names are ASCII: what follows the first other character cannot be in one.
        let name = text[(start + 1)..<end].prefix { $0 < 0x80 }.map { UInt8($0) }
        if let entity = names[name], name.count == end - start - 1, hasSemicolon || entity.isBare {
            return (entity.scalars, after)
        }
        if let (scalars, count) = barePrefix(name) {
            return (scalars + text[(start + 1 + count)..<after], after)
        }
        return (Array(text[start..<after]), after)
    }

    /// The longest name known without a semicolon that some text starts with.
    private static func barePrefix(_ name: [UInt8]) -> (scalars: [UInt32], count: Int)? {
        var count = min(name.count, longestBareName)
        while count >= 2 {
            if let entity = names[Array(name[..<count])], entity.isBare { return (entity.scalars, count) }
            count -= 1
        }
        return nil
    }

    private static func isNameEnd(_ value: UInt32) -> Bool {
        switch value {
        case 0x09, 0x0A, 0x0C, 0x20, 0x23, 0x26, 0x3B, 0x3C: true
        default: false
        }
    }

    private static func numeric(_ text: [UInt32], at start: Int) -> (scalars: [UInt32], end: Int)? {
        var end = start + 2
        let isHexadecimal = end < text.count && text[end] | 0x20 == 0x78
        if isHexadecimal { end += 1 }
        let first = end
        var value: UInt32 = 0
        while end < text.count, let digit = digit(text[end], hexadecimal: isHexadecimal) {
            value = min(value * (isHexadecimal ? 16 : 10) + digit, 0x110000)
            end += 1
        }
        guard end > first else { return nil }
        if end < text.count, text[end] == 0x3B { end += 1 }
        return (scalars(of: value), end)
    }

    private static func digit(_ value: UInt32, hexadecimal: Bool) -> UInt32? {
        switch value {
        case 0x30...0x39: value - 0x30
        case 0x41...0x46 where hexadecimal: value - 0x37
        case 0x61...0x66 where hexadecimal: value - 0x57
        default: nil
        }
    }

    /// What a number stands for: C1 controls mean Windows-1252, and what is no character is dropped or replaced.
    private static func scalars(of value: UInt32) -> [UInt32] {
        switch value {
        case 0, 0xD800...0xDFFF, 0x110000...: [0xFFFD]
        case 0x80...0x9F: [CodePage.windows1252.scalar(of: UInt8(value))]
        case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0xFDD0...0xFDEF: []
        case _ where value & 0xFFFE == 0xFFFE: []
        default: [value]
        }
    }

    // MARK: - ftfy

    /// The end of `&name;`, `&#number;` or the like with 1 to 24 letters and digits.
    private static func wholeReference(_ text: [UInt32], at start: Int) -> Int? {
        var end = start + 1
        if end < text.count, text[end] == 0x23 { end += 1 }
        let first = end
        while end < text.count, end - first < 24, isAlphanumeric(text[end]) { end += 1 }
        return end > first && end < text.count && text[end] == 0x3B ? end + 1 : nil
    }

    private static func isAlphanumeric(_ value: UInt32) -> Bool {
        switch value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    private static func repaired(_ reference: ArraySlice<UInt32>) -> [UInt32] {
        if reference[reference.startIndex + 1] == 0x23 {
            let decoded = unescape(Array(reference))
            return decoded.contains(0x3B) ? Array(reference) : decoded
        }
        let name = reference.dropFirst().dropLast().map { UInt8($0) }
        if let entity = names[name] { return entity.scalars }
        let lower = name.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
        let isUpper = !name.contains { $0 &- 0x61 < 26 }
        guard isUpper, let entity = names[lower], barePrefix(name) == nil else { return Array(reference) }
        return entity.scalars.flatMap { value in
            Unicode.Scalar(value)?.properties.uppercaseMapping.unicodeScalars.map(\.value) ?? [value]
        }
    }
}
