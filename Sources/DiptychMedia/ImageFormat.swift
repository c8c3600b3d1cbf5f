/// The formats that are read. Whatever these do not recognise never reaches a decoder.
public enum ImageFormat: String, Sendable, Hashable, CaseIterable {
    /// JPEG: baseline and progressive, grey, YCbCr, CMYK and YCCK.
    case jpeg = "JPEG"
    /// PNG.
    case png = "PNG"
    /// WebP, of an animation the first frame.
    case webp = "WebP"
    /// GIF, of an animation the first frame.
    case gif = "GIF"
    /// TIFF, of several pages the first.
    case tiff = "TIFF"
    /// Windows and OS/2 bitmaps.
    case bmp = "BMP"
    /// HEIF with HEVC-coded images (`.heic`).
    case heic = "HEIC"
    /// HEIF with AV1-coded images (`.avif`).
    case avif = "AVIF"
    /// JPEG XL, where the system's libvips has a decoder of it.
    case jxl = "JXL"
    /// Netpbm's plain formats: PBM, PGM, PPM and PAM.
    case pnm = "PNM"

    /// Names for messages.
    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// Recognises a format by its first bytes; names of files play no part.
    public init?(sniffing bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(64))
        func starts(_ magic: [UInt8], at offset: Int = 0) -> Bool {
            head.count >= offset + magic.count && head[offset..<offset + magic.count].elementsEqual(magic)
        }
        if starts([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) {
            self = .webp
        } else if starts(Array("GIF87a".utf8)) || starts(Array("GIF89a".utf8)) {
            self = .gif
        } else if starts([0x49, 0x49, 0x2A, 0]) || starts([0x4D, 0x4D, 0, 0x2A])
            || starts([0x49, 0x49, 0x2B, 0]) || starts([0x4D, 0x4D, 0, 0x2B])
        {
            self = .tiff
        } else if starts(Array("BM".utf8)) {
            self = .bmp
        } else if starts([0xFF, 0x0A]) || starts([0, 0, 0, 0x0C] + Array("JXL \r\n".utf8) + [0x87, 0x0A]) {
            self = .jxl
        } else if head.count > 2, head[0] == UInt8(ascii: "P"),
            (0x31...0x37).contains(head[1]) || head[1] | 0x20 == 0x66,
            [0x20, 0x09, 0x0A, 0x0D, 0x23].contains(head[2])
        {
            self = .pnm
        } else if starts(Array("ftyp".utf8), at: 4), let format = ImageFormat(fileTypeBox: head) {
            self = format
        } else {
            return nil
        }
    }

    /// Reads the brands of an ISO media file; an AVIF file may have the general brand `mif1` first.
    private init?(fileTypeBox head: [UInt8]) {
        let size = head[0..<4].reduce(0) { $0 << 8 | Int($1) }
        let end = min(max(size, 12), head.count)
        // Major brand, version, compatible brands.
        let brands = stride(from: 8, to: end - 3, by: 4).filter { $0 != 12 }
            .map { String(decoding: head[$0..<$0 + 4], as: UTF8.self) }
        if brands.contains(where: { ["avif", "avis"].contains($0) }) {
            self = .avif
        } else if brands.contains(where: { ["heic", "heix", "heim", "heis", "hevc", "mif1", "msf1"].contains($0) }) {
            self = .heic
        } else {
            return nil
        }
    }
}
