/// Texts in a PNG file (PNG specification, 3rd edition, section 11.3.3), which a decoder would unpack though nobody reads them:
/// a few kilobytes of compressed ones become gigabytes.
enum PNGTexts {
    /// As many plain ones as files really have stay.
    private static let plainLimit = 64

    /// The file without its compressed texts, and without plain ones beyond the first few; the file itself where it has none.
    static func left(of bytes: [UInt8]) -> [UInt8] {
        var dropped: [Range<Int>] = []
        var (at, plain) = (8, 0)
        while at + 12 <= bytes.count {
            let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = at + 12 + length
            guard end <= bytes.count else { break }
            let data = at + 8..<at + 8 + length
            switch String(decoding: bytes[at + 4..<at + 8], as: UTF8.self) {
            case "zTXt": dropped.append(at..<end)
            case "iTXt" where isCompressed(bytes[data]): dropped.append(at..<end)
            case "tEXt", "iTXt":
                plain += 1
                if plain > plainLimit { dropped.append(at..<end) }
            default: break
            }
            at = end
        }
        guard !dropped.isEmpty else { return bytes }
        var (left, start): ([UInt8], Int) = ([], 0)
        left.reserveCapacity(bytes.count)
        for range in dropped {
            left += bytes[start..<range.lowerBound]
            start = range.upperBound
        }
        return left + bytes[start...]
    }

    /// Behind the keyword and a zero stands whether the text is compressed.
    private static func isCompressed(_ data: ArraySlice<UInt8>) -> Bool {
        guard let zero = data.firstIndex(of: 0), zero + 1 < data.endIndex else { return true }
        return data[zero + 1] != 0
    }
}
