internal import DiptychMedia

/// How much work an image is, by the size that its header claims: a look at some bytes, where opening it would be work too.
///
/// It is an estimate. What decodes the image checks its size by itself.
enum ImageCost {
    /// What an image counts as whose header is not understood here: too much to share a pass.
    static let unknown = 1 << 40

    /// The pixels of an image file.
    static func pixels(of bytes: [UInt8]) -> Int {
        guard let format = ImageFormat(sniffing: bytes) else { return 1 }
        let size: (Int, Int)? = bytes.withUnsafeBytes { raw in
            let header = Header(raw: raw)
            switch format {
            case .png: return header.pair(at: 16, bytes: 4)
            case .gif: return header.pair(at: 6, bytes: 2, isLittle: true)
            case .bmp: return header.bitmap()
            case .webp: return header.webP()
            case .jpeg: return header.jpeg()
            case .heic, .avif: return header.heif()
            default: return nil
            }
        }
        guard let size, size.0 > 0, size.1 > 0 else { return unknown }
        let (pixels, overflow) = size.0.multipliedReportingOverflow(by: size.1)
        return overflow ? unknown : min(pixels, unknown)
    }

    private struct Header {
        let raw: UnsafeRawBufferPointer

        /// A number of up to four bytes; nil beyond the end.
        func number(at offset: Int, bytes: Int, isLittle: Bool = false) -> Int? {
            guard offset >= 0, offset + bytes <= raw.count else { return nil }
            let part = raw[offset..<offset + bytes]
            return isLittle
                ? part.reversed().reduce(0) { $0 << 8 | Int($1) } : part.reduce(0) { $0 << 8 | Int($1) }
        }

        func pair(at offset: Int, bytes: Int, isLittle: Bool = false) -> (Int, Int)? {
            guard let a = number(at: offset, bytes: bytes, isLittle: isLittle),
                let b = number(at: offset + bytes, bytes: bytes, isLittle: isLittle)
            else { return nil }
            return (a, b)
        }

        /// The sides are signed: a negative height means that the rows begin at the top.
        func bitmap() -> (Int, Int)? {
            guard let headSize = number(at: 14, bytes: 4, isLittle: true) else { return nil }
            if headSize == 12 { return pair(at: 18, bytes: 2, isLittle: true) }
            guard let sides = pair(at: 18, bytes: 4, isLittle: true) else { return nil }
            func size(_ side: Int) -> Int { side < 1 << 31 ? side : (1 << 32) - side }
            return (size(sides.0), size(sides.1))
        }

        /// The first chunk: extended, lossless, lossy.
        func webP() -> (Int, Int)? {
            switch number(at: 12, bytes: 4) {
            case 0x5650_3858:
                return pair(at: 24, bytes: 3, isLittle: true).map { ($0.0 + 1, $0.1 + 1) }
            case 0x5650_384C:
                return number(at: 21, bytes: 4, isLittle: true).map { ($0 & 0x3FFF + 1, $0 >> 14 & 0x3FFF + 1) }
            case 0x5650_3820:
                return pair(at: 26, bytes: 2, isLittle: true).map { ($0.0 & 0x3FFF, $0.1 & 0x3FFF) }
            default: return nil
            }
        }

        /// The first frame header, whichever kind of coding it is of.
        func jpeg() -> (Int, Int)? {
            var at = 2
            while let marker = number(at: at, bytes: 2), let length = number(at: at + 2, bytes: 2) {
                guard marker >> 8 == 0xFF else { return nil }
                switch marker & 0xFF {
                case 0xFF: at += 1
                case 0x01, 0xD0...0xD8: at += 2
                case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF: return pair(at: at + 5, bytes: 2)
                case 0xD9, 0xDA: return nil
                default:
                    guard length >= 2 else { return nil }
                    at += 2 + length
                }
            }
            return nil
        }

        /// The largest size that is spoken of (`ispe`) in the boxes before the images' data.
        func heif() -> (Int, Int)? {
            var largest: (Int, Int)?
            let name: [UInt8] = Array("ispe".utf8)
            var at = 0
            let end = min(raw.count, 1 << 16) - 16
            while at < end {
                if raw[at] == name[0], raw[at..<at + 4].elementsEqual(name), let size = pair(at: at + 8, bytes: 4) {
                    if size.0 * size.1 > (largest.map { $0.0 * $0.1 } ?? 0) { largest = size }
                    at += 4
                }
                at += 1
            }
            return largest
        }
    }
}
