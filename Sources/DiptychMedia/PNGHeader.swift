internal import DiptychBasics

/// What a PNG file holds before any conversion, as far as it decides how Pillow resamples it: libvips expands everything to full
/// samples and does not say so. Bit depth and colour type stand in the header, which is always first; a damaged file is refused by
/// its decoder.
enum PNGHeader {
    /// The file with an end where it lacks one: what is there of a cut chunk becomes a whole one, so that its rows are decoded.
    static func completed(_ bytes: [UInt8]) -> [UInt8] {
        var at = 8
        while at + 12 <= bytes.count {
            let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - at - 12 else { break }
            if bytes[(at + 4)..<(at + 8)].elementsEqual("IEND".utf8) { return bytes }
            at += 12 + length
        }
        guard at > 8, at <= bytes.count else { return bytes }
        var whole = Array(bytes[..<at])
        if bytes.count > at + 8, bytes[(at + 4)..<(at + 8)].elementsEqual("IDAT".utf8) {
            append("IDAT", bytes[(at + 8)...], to: &whole)
        }
        append("IEND", [], to: &whole)
        return whole
    }

    private static func append(_ kind: String, _ data: ArraySlice<UInt8>, to file: inout [UInt8]) {
        func number(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        let checked = Array(kind.utf8) + data
        file += number(data.count) + checked
        file += number(Int(checked.withUnsafeBytes(CRC32.checksum)))
    }

    /// Whether the file holds an opacity for each pixel: colour types 4 and 6. A colour that counts as transparent (tRNS) is
    /// none; Pillow leaves such images alone.
    static func hasOpacity(_ bytes: [UInt8]) -> Bool { bytes.count > 25 && bytes[25] & 4 != 0 }

    /// Whether Pillow opens the file as indices into a table of colours (mode P, colour type 3) or as single bits (mode 1).
    static func isIndexed(_ bytes: [UInt8]) -> Bool {
        bytes.count > 25 && (bytes[25] == 3 || (bytes[25] == 0 && bytes[24] == 1))
    }
}
