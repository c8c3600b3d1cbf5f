/// Bytes that were UTF-8 before mojibake and what came after it: what was lost on the way is put back or marked.
enum MojibakeBytes {
    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// Whether a byte A0 seems to have become a space inside a sequence of UTF-8.
    static func hasAlteredSpace(_ bytes: [UInt8]) -> Bool {
        bytes.contains(0x20) && bytes.indices.contains { alteredLength(bytes, at: $0) != nil }
    }

    /// Puts back A0 for spaces inside sequences. `Ã ` alone is the word à, which keeps its space.
    static func restoreSpaces(_ bytes: [UInt8]) -> [UInt8] {
        var words: [UInt8] = []
        words.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            words.append(bytes[index])
            index += 1
            guard words.last == 0xC3, index < bytes.count, bytes[index] == 0x20 else { continue }
            let after = bytes[(index + 1)...]
            if ![" ", "quele", "quela", "quilo", "s "].contains(where: { after.starts(with: $0.utf8) }) {
                words.append(0xA0)
                words.append(0x20)
                index += 1
            }
        }
        index = 0
        while index < words.count {
            guard let length = alteredLength(words, at: index) else {
                index += 1
                continue
            }
            for place in index..<index + length where words[place] == 0x20 { words[place] = 0xA0 }
            index += length
        }
        return words
    }

    private static func alteredLength(_ bytes: [UInt8], at index: Int) -> Int? {
        func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
        // A byte 85 or A0 there would make an unlikely character.
        func isLikely(_ byte: UInt8) -> Bool { isContinuation(byte) && byte != 0x85 && byte != 0xA0 }
        let rest = bytes.count - index
        switch bytes[index] {
        case 0xC2, 0xC3, 0xC5, 0xCE, 0xD0, 0xD9: return rest > 1 && bytes[index + 1] == 0x20 ? 2 : nil
        case 0xE0...0xE3:
            guard rest > 2 else { return nil }
            let (second, third) = (bytes[index + 1], bytes[index + 2])
            if second == 0x20 { return bytes[index] >= 0xE2 && isLikely(third) ? 3 : nil }
            return isLikely(second) && third == 0x20 ? 3 : nil
        case 0xF0:
            guard rest > 3 else { return nil }
            let tail = bytes[(index + 1)...(index + 3)]
            let spaces = tail.count { $0 == 0x20 }
            return spaces == 1 && tail.allSatisfy({ $0 == 0x20 || isContinuation($0) }) ? 4 : nil
        default: return nil
        }
    }

    /// Replaces sequences that lost bytes, marked 1A or `?`, by U+FFFD.
    static func replaceLost(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(0x1A) || bytes.contains(0x3F) else { return bytes }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if let length = lostLength(bytes, at: index) {
                output.append(contentsOf: replacement)
                index += length
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        return output
    }

    private static func lostLength(_ bytes: [UInt8], at index: Int) -> Int? {
        /// A byte that was lost for sure, or may be a question mark in its place, or is there.
        func byte(_ place: Int) -> UInt8 { index + place < bytes.count ? bytes[index + place] : 0 }
        func isSubstitute(_ place: Int) -> Bool { byte(place) == 0x1A || byte(place) == 0x3F }
        func isKept(_ place: Int) -> Bool { byte(place) == 0x1A || byte(place) & 0xC0 == 0x80 }
        /// Exactly one place may hold a question mark; at least one is lost.
        func isLossy(_ places: ClosedRange<Int>) -> Bool {
            places.contains { lost in isSubstitute(lost) && places.allSatisfy { $0 == lost || isKept($0) } }
        }
        switch byte(0) {
        case 0x1A: return 1
        case 0xC2...0xDF where byte(1) == 0x1A: return 2
        case 0xC2...0xC3 where byte(1) == 0x3F: return 2
        case 0xED where (0xA0...0xAF).contains(byte(1)) && byte(3) == 0xED && (0xB0...0xBF).contains(byte(4)):
            let (low, high) = (isSubstitute(2), isSubstitute(5))
            if low && (high || isKept(5)) || high && isKept(2) { return 6 }
            return isLossy(1...2) ? 3 : nil
        case 0xE0...0xEF: return isLossy(1...2) ? 3 : nil
        case 0xF0...0xF4: return isLossy(1...3) ? 4 : nil
        default: return nil
        }
    }

    /// The text of strict UTF-8; nil where it is not. Like ftfy, takes surrogate pairs in three bytes each (CESU-8) and the
    /// two bytes that Java writes for U+0000.
    static func decode(_ bytes: [UInt8]) -> [UInt32]? {
        var output: [UInt32] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        func continuation(_ place: Int) -> UInt32? {
            guard index + place < bytes.count, bytes[index + place] & 0xC0 == 0x80 else { return nil }
            return UInt32(bytes[index + place] & 0x3F)
        }
        while index < bytes.count {
            let first = UInt32(bytes[index])
            let value: UInt32
            let length: Int
            switch first {
            case 0..<0x80: (value, length) = (first, 1)
            case 0xC0:
                guard continuation(1) == 0 else { return nil }
                (value, length) = (0, 2)
            case 0xC2..<0xE0:
                guard let second = continuation(1) else { return nil }
                (value, length) = ((first & 0x1F) << 6 | second, 2)
            case 0xE0..<0xF0:
                guard let second = continuation(1), let third = continuation(2) else { return nil }
                let whole = (first & 0x0F) << 12 | second << 6 | third
                guard whole >= 0x800 else { return nil }
                if (0xD800..<0xDC00).contains(whole) {
                    guard index + 5 < bytes.count, bytes[index + 3] == 0xED, let fifth = continuation(4),
                        let sixth = continuation(5), fifth >= 0x30
                    else { return nil }
                    (value, length) = (0x10000 + (whole - 0xD800) << 10 + ((fifth & 0x0F) << 6 | sixth), 6)
                } else {
                    guard !(0xDC00..<0xE000).contains(whole) else { return nil }
                    (value, length) = (whole, 3)
                }
            case 0xF0..<0xF5:
                guard let second = continuation(1), let third = continuation(2), let fourth = continuation(3) else {
                    return nil
                }
                let whole = (first & 0x07) << 18 | second << 12 | third << 6 | fourth
                guard (0x10000..<0x110000).contains(whole) else { return nil }
                (value, length) = (whole, 4)
            default: return nil
            }
            output.append(value)
            index += length
        }
        return output
    }
}
