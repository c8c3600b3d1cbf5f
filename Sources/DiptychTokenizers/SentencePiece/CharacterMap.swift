/// SentencePiece's `precompiled_charsmap`: which characters become which, as a double array and the replacements.
///
/// The form is that of Kudo and Richardson's SentencePiece (2018), on Yata's darts-clone. It is applied as the `tokenizers`
/// library does: to each grapheme cluster of fewer than 6 bytes as a whole, else to each of its characters; and the
/// shortest entry that the text starts with counts, whatever follows it.
struct CharacterMap: Sendable {
    private let units: [UInt32]
    /// The replacements, each ended by a zero byte.
    private let replacements: [UInt8]
    /// Where the replacement of each ASCII character starts, or -1.
    private var ascii: [Int]

    /// Reads the table; nil where it is not one.
    init?(_ bytes: [UInt8]) {
        func word(_ index: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
        }
        guard bytes.count >= 4, case let size = Int(word(0)), size >= 4, size % 4 == 0, size <= bytes.count - 4 else {
            return nil
        }
        units = (0..<size / 4).map { word(4 + 4 * $0) }
        replacements = Array(bytes[(4 + size)...])
        guard String(validating: replacements, as: UTF8.self) != nil else { return nil }
        ascii = []
        ascii = (0..<128).map { find([UInt8($0)][...]) ?? -1 }
    }

    /// The text with its characters replaced.
    func apply(to text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            // Between two ASCII characters, other than the ends of a line, clusters always end.
            var end = index + 1
            if text[index] >= 0x80 || text[index] == 0x0D || (end < text.count && text[end] >= 0x80) {
                while end < text.count, !(text[end - 1] < 0x80 && text[end] < 0x80) || text[end - 1] == 0x0D {
                    end += 1
                }
                for character in String(decoding: text[index..<end], as: UTF8.self) {
                    append(Array(character.utf8)[...], to: &output)
                }
            } else if ascii[Int(text[index])] < 0 {
                output.append(text[index])
            } else {
                appendReplacement(at: ascii[Int(text[index])], to: &output)
            }
            index = end
        }
        return output
    }

    private func append(_ cluster: ArraySlice<UInt8>, to output: inout [UInt8]) {
        if cluster.count < 6, let start = find(cluster) { return appendReplacement(at: start, to: &output) }
        var index = cluster.startIndex
        while index < cluster.endIndex {
            var next = index + 1
            while next < cluster.endIndex, cluster[next] & 0xC0 == 0x80 { next += 1 }
            if let start = find(cluster[index..<next]) {
                appendReplacement(at: start, to: &output)
            } else {
                output.append(contentsOf: cluster[index..<next])
            }
            index = next
        }
    }

    private func appendReplacement(at start: Int, to output: inout [UInt8]) {
        var index = start
        while index < replacements.count, replacements[index] != 0 {
            output.append(replacements[index])
            index += 1
        }
    }

    /// Where the replacement of the shortest entry that `key` starts with is.
    private func find(_ key: ArraySlice<UInt8>) -> Int? {
        var node = Self.offset(units[0])
        for byte in key where byte != 0 {
            node ^= Int(byte)
            guard node < units.count, case let unit = units[node], unit & 0x8000_00FF == UInt32(byte) else {
                return nil
            }
            node ^= Self.offset(unit)
            guard unit >> 8 & 1 == 1 else { continue }
            guard node < units.count, case let start = Int(units[node] & 0x7FFF_FFFF), start < replacements.count,
                replacements[start] & 0xC0 != 0x80
            else { return nil }
            return start
        }
        return nil
    }

    private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 0x200) >> 6) }
}
