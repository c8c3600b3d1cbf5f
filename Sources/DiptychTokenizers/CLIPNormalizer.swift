/// The text rules of transformers' `CLIPTokenizer`: NFC, runs of white space to one space, lower case.
enum CLIPNormalizer {
    /// The normalised text of one part of the input.
    static func normalize(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let source = UnicodeText.composed(Array(bytes))
        var output: [UInt8] = []
        output.reserveCapacity(source.count)
        var index = 0
        var afterSpace = false
        while index < source.count {
            let byte = source[index]
            if byte > 0x20 && byte < 0x80 {
                output.append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
                index += 1
                afterSpace = false
                continue
            }
            let (scalar, next) = UnicodeText.scalar(in: source, at: index)
            index = next
            let kind = CharacterClass(scalar)
            if kind == .space {
                if !afterSpace { output.append(0x20) }
                afterSpace = true
                continue
            }
            afterSpace = false
            appendLowercase(scalar, to: &output)
        }
        return output
    }

    /// Appends the lower-case form of one scalar, without regard to its neighbours.
    static func appendLowercase(_ scalar: Unicode.Scalar, to output: inout [UInt8]) {
        let value = scalar.value
        // Ideographs, kana and Hangul have no case, and are most of what is not ASCII.
        if value < 0x80 || (0x2E80..<0xA000).contains(value) || (0xAC00..<0xD7A4).contains(value) {
            output.append(value &- 0x41 < 26, scalar)
        } else {
            output.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ isUppercaseASCII: Bool, _ scalar: Unicode.Scalar) {
        if isUppercaseASCII {
            append(UInt8(truncatingIfNeeded: scalar.value) | 0x20)
        } else {
            UnicodeText.append(scalar, to: &self)
        }
    }
}
