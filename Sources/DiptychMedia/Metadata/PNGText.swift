internal import DiptychBasics

/// The text chunks of PNG files (PNG 3rd edition, 11.3.3).
enum PNGText {
    /// A chunk's keyword and its text, inflated within a bound; nil for what is damaged.
    static func read(
        _ data: ArraySlice<UInt8>, isCompressed: Bool, isInternational: Bool
    ) -> (name: String, text: [UInt8])? {
        guard let end = data.prefix(80).firstIndex(of: 0) else { return nil }
        let name = String(decoding: data[..<end], as: UTF8.self)
        var text = data[(end + 1)...]
        var isCompressed = isCompressed
        if isCompressed || isInternational {
            guard text.count >= 2, let first = text.first else { return nil }
            // Of an international text: whether it is compressed, the method, the language, and a translated keyword.
            if isInternational {
                isCompressed = first == 1
                text = text.dropFirst(2)
                for _ in 0..<2 {
                    guard let end = text.firstIndex(of: 0) else { return nil }
                    text = text[(end + 1)...]
                }
            } else {
                text = text.dropFirst()
            }
        }
        guard isCompressed else { return (name, Array(text.prefix(ImageBlocks.limit))) }
        return (try? Inflater.inflate(Array(text), .zlib, limit: ImageBlocks.limit)).map { (name, $0) }
    }

    /// The bytes of a "Raw profile", as ImageMagick writes them: a name and a number on lines of their own, then hexadecimal
    /// digits.
    static func profile(_ text: [UInt8]) -> [UInt8]? {
        let lines = text.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines[3].count / 2)
        var high: UInt8?
        for digit in lines[3] {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x41...0x46: value = digit - 0x37
            case 0x61...0x66: value = digit - 0x57
            case 0x0A, 0x0D, 0x20: continue
            default: return nil
            }
            if let upper = high {
                bytes.append(upper << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes.isEmpty ? nil : bytes
    }
}
