/// What a file holds before any conversion, as far as it decides how Pillow resamples it.
///
/// libvips expands everything to full samples and does not say so. What cannot be read here is settled by the decoder: a
/// damaged file is refused there.
enum StoredMode {
    /// Whether the file holds an opacity for each pixel. A colour that counts as transparent (a PNG's tRNS) is none: Pillow
    /// leaves such pixels alone.
    static func hasOpacity(_ bytes: [UInt8], format: PictureFormat) -> Bool {
        // Colour types 4 and 6 are grey and colour with alpha.
        format != .png || bytes.count > 25 && bytes[25] & 4 != 0
    }

    /// Whether Pillow opens the file as indices into a table of colours (mode P) or as single bits (mode 1).
    static func isIndexed(_ bytes: [UInt8], format: PictureFormat) -> Bool {
        switch format {
        case .png: png(bytes)
        case .tiff: tiff(bytes)
        // The readers of GIF and BMP know it themselves.
        case .jpeg, .webp, .heic, .avif, .bmp, .gif: false
        }
    }

    /// Bit depth and colour type stand in the header, which is always first: 3 is a palette, 0 grey.
    private static func png(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 25 else { return false }
        return bytes[25] == 3 || (bytes[25] == 0 && bytes[24] == 1)
    }

    /// The first directory's tags: BitsPerSample (258), absent for single bits, and PhotometricInterpretation (262), 3 for a
    /// palette.
    private static func tiff(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 8 else { return false }
        let isLittle = bytes[0] == UInt8(ascii: "I")
        func number(_ at: Int, _ count: Int) -> Int? {
            guard at >= 0, at <= bytes.count - count else { return nil }
            let part = bytes[at..<at + count]
            return (isLittle ? Array(part.reversed()) : Array(part)).reduce(0) { $0 << 8 | Int($1) }
        }
        guard let directory = number(4, 4), let entries = number(directory, 2) else { return false }
        var (bits, photometric) = (1, -1)
        for entry in 0..<entries {
            let at = directory + 2 + 12 * entry
            guard let tag = number(at, 2), let count = number(at + 4, 4) else { return false }
            // Values that do not fit in the entry stand elsewhere: several samples a pixel, so neither indices nor bits.
            if tag == 258 { bits = count == 1 ? number(at + 8, 2) ?? 1 : 8 }
            if tag == 262 { photometric = number(at + 8, 2) ?? -1 }
        }
        return photometric == 3 || bits == 1
    }
}
