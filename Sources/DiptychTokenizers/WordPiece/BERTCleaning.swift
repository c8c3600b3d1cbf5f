/// BERT's rules from text to words: what is dropped, spaces around ideographs, lower case, accents.
///
/// The original is `BasicTokenizer` of google-research/bert, as Chinese-CLIP has it; transformers follows `BertNormalizer`
/// of the `tokenizers` library.
struct BERTCleaning {
    let characters: BERTCharacters
    let lowercases: Bool
    let stripsAccents: Bool
    let spacesIdeographs: Bool

    /// The cleaned text of one part of the input; white space in it ends words.
    func clean(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count * 2)
        if appendSimple(bytes, to: &output) { return output }
        output.removeAll(keepingCapacity: true)
        for value in general(String(decoding: bytes, as: UTF8.self).unicodeScalars) {
            UnicodeText.append(Unicode.Scalar(value) ?? "\u{FFFD}", to: &output)
        }
        return output
    }

    /// Text of ASCII and common ideographs, in one pass; false where the general rules are needed.
    private func appendSimple(_ bytes: ArraySlice<UInt8>, to output: inout [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                if byte < 0x80 {
                    index += 1
                    switch byte {
                    case 0x09, 0x0A, 0x0D, 0x20: output.append(0x20)
                    case 0..<0x20, 0x7F: continue
                    case 0x41...0x5A: output.append(lowercases ? byte | 0x20 : byte)
                    default: output.append(byte)
                    }
                    continue
                }
                guard byte >= 0xE0 else { return false }
                let count = byte < 0xF0 ? 3 : 4
                guard index + count <= bytes.count else { return false }
                var value = UInt32(byte) & (0x7F >> UInt32(count))
                for offset in 1..<count { value = value << 6 | UInt32(bytes[index + offset] & 0x3F) }
                guard BERTCharacters.isStable(value) else { return false }
                let spaced = spacesIdeographs && characters.isIdeograph(value)
                if spaced { output.append(0x20) }
                for offset in 0..<count { output.append(bytes[index + offset]) }
                if spaced { output.append(0x20) }
                index += count
            }
            return true
        }
    }

    private func general(_ scalars: String.UnicodeScalarView) -> [UInt32] {
        var text: [UInt32] = []
        for scalar in scalars {
            let value = scalar.value
            if value < 0x80 {
                switch value {
                case 0x09, 0x0A, 0x0D, 0x20: text.append(0x20)
                case 0..<0x20, 0x7F: continue
                default: text.append(value)
                }
                continue
            }
            switch BERTCharacters.isStable(value) ? .kept : characters.cleaned(scalar) {
            case .removed: continue
            case .space: text.append(0x20)
            case .kept:
                let spaced = spacesIdeographs && characters.isIdeograph(value)
                if spaced { text.append(0x20) }
                text.append(value)
                if spaced { text.append(0x20) }
            }
        }
        switch characters.cleaning {
        case .original:
            if lowercases { text = PythonText.lowercase(text) }
            return stripsAccents ? withoutAccents(text) : text
        case .huggingFace:
            if stripsAccents { text = withoutAccents(text) }
            return lowercases ? text.flatMap(Self.lowercase) : text
        }
    }

    private func withoutAccents(_ text: [UInt32]) -> [UInt32] {
        let newestMarks = characters.cleaning == .original ? Int.max : 13
        return Composition.shared.decompose(text, newestMarks: newestMarks).filter { value in
            Unicode.Scalar(value).map { !characters.isAccent($0) } ?? true
        }
    }

    /// Lower case of one scalar, without regard to its neighbours.
    private static func lowercase(_ value: UInt32) -> [UInt32] {
        if value < 0x80 { return [value &- 0x41 < 26 ? value | 0x20 : value] }
        if BERTCharacters.isStable(value) { return [value] }
        return Unicode.Scalar(value)?.properties.lowercaseMapping.unicodeScalars.map(\.value) ?? []
    }
}
