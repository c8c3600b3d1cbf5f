internal import CVips

/// The blocks of an image file that hold what is said about it, where its format keeps them.
///
/// | format | EXIF | XMP | IPTC |
/// | --- | --- | --- | --- |
/// | JPEG | APP1, several joined | APP1, the last | APP13 of Photoshop, several joined |
/// | PNG | eXIf before or after the data, else a "Raw profile type" text | iTXt, else such a text | such a text |
/// | WebP | EXIF chunk | XMP chunk | |
/// | TIFF | the file's own directories | tag 700 | tags 33723 and 34377 |
/// | HEIC, AVIF, JPEG XL | the item or box | the item or box | |
struct ImageBlocks {
    /// A TIFF structure.
    var exif: [UInt8]?
    /// An RDF document.
    var xmp: [UInt8]?
    /// IPTC-IIM records.
    var iptc: [UInt8]?

    /// The most bytes of a block that are looked at.
    static let limit = 4 << 20

    /// Finds the blocks; a file that is damaged has those that come before the damage.
    init(of bytes: [UInt8], format: ImageFormat) {
        switch format {
        case .jpeg: findInJPEG(bytes)
        case .png: findInPNG(bytes)
        case .webp: findInWebP(bytes)
        case .tiff: findInTIFF(bytes)
        case .heic, .avif, .jxl: findThroughVips(bytes, format)
        case .gif, .bmp, .pnm: break
        }
        if let data = exif, data.starts(with: Self.exifMark) { exif = Array(data.dropFirst(Self.exifMark.count)) }
    }

    private static let exifMark = Array("Exif\0\0".utf8), xmpMark = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
    private static let photoshopMark = Array("Photoshop 3.0\0".utf8)

    /// The EXIF orientation to apply; 1 where nothing is said, or where the decoder has applied it already.
    func orientation(_ format: ImageFormat) -> Int {
        // HEIF's own properties say how an image stands, and libheif follows them; what EXIF repeats would turn it again. So
        // with JPEG XL.
        guard ![.heic, .avif, .jxl].contains(format) else { return 1 }
        if let tags = exif.flatMap({ TIFFStructure($0) })?.first, tags.has(274) {
            return tags.number(274).flatMap { (1...8).contains($0) ? $0 : nil } ?? 1
        }
        // What Pillow looks for where EXIF does not say it.
        return xmp.flatMap(Self.orientation(inXMP:)) ?? 1
    }

    private static func orientation(inXMP xmp: [UInt8]) -> Int? {
        let name = Array("tiff:Orientation".utf8)
        var at = 0
        while let found = xmp[at...].firstIndex(of: name[0]) {
            at = found + 1
            guard xmp[found...].starts(with: name) else { continue }
            let rest = xmp[(found + name.count)...]
            let isAttribute = rest.starts(with: Array("=\"".utf8))
            guard let digit = isAttribute ? rest.dropFirst(2).first : rest.first == 0x3E ? rest.dropFirst().first : nil,
                (0x30...0x39).contains(digit)
            else { continue }
            let value = Int(digit) - 0x30
            return (1...8).contains(value) ? value : nil
        }
        return nil
    }

    private mutating func findInJPEG(_ bytes: [UInt8]) {
        var at = 2
        while at + 4 <= bytes.count, bytes[at] == 0xFF {
            let marker = bytes[at + 1]
            // Fill bytes, and markers without a length.
            if marker == 0xFF || marker == 1 || (0xD0...0xD8).contains(marker) {
                at += marker == 0xFF ? 1 : 2
                continue
            }
            let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
            // The image's data, or its end.
            guard marker != 0xDA, marker != 0xD9, length >= 2, at + 2 + length <= bytes.count else { return }
            let data = bytes[(at + 4)..<(at + 2 + length)]
            if marker == 0xE1, data.starts(with: Self.exifMark) {
                exif = (exif ?? []) + data.dropFirst(Self.exifMark.count)
            } else if marker == 0xE1, data.starts(with: Self.xmpMark) {
                xmp = Array(data.dropFirst(Self.xmpMark.count))
            } else if marker == 0xED, data.starts(with: Self.photoshopMark) {
                addPhotoshop(data.dropFirst(Self.photoshopMark.count))
            }
            at += 2 + length
        }
    }

    /// Photoshop's image resources, of which number 1028 holds IPTC records.
    private mutating func addPhotoshop(_ resources: ArraySlice<UInt8>) {
        var rest = resources
        while rest.count >= 12, rest.starts(with: Array("8BIM".utf8)) {
            let start = rest.startIndex
            let number = Int(rest[start + 4]) << 8 | Int(rest[start + 5])
            // A name with its length before it, padded to an even number of bytes.
            let name = (Int(rest[start + 6]) + 2) & ~1
            guard rest.count >= 10 + name else { return }
            let size = rest[(start + 6 + name)..<(start + 10 + name)].reduce(0) { $0 << 8 | Int($1) }
            let data = rest.dropFirst(10 + name)
            guard size <= data.count else { return }
            if number == 1028 { iptc = (iptc ?? []) + data.prefix(size) }
            rest = data.dropFirst((size + 1) & ~1)
        }
    }

    private mutating func findInPNG(_ bytes: [UInt8]) {
        var texts: [String: [UInt8]] = [:]
        var at = 8
        while at + 12 <= bytes.count {
            let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - at - 12 else { break }
            let data = bytes[(at + 8)..<(at + 8 + length)]
            switch String(decoding: bytes[(at + 4)..<(at + 8)], as: UTF8.self) {
            case "eXIf": exif = Array(data.prefix(Self.limit))
            case "tEXt", "zTXt", "iTXt":
                // Hostile files could hold any number of texts.
                if texts.count < 64,
                    let (name, text) = PNGText.read(
                        data, isCompressed: bytes[at + 4] == 0x7A,
                        isInternational: bytes[at + 4] == 0x69)
                {
                    texts[name] = text
                }
            default: break
            }
            at += 12 + length
        }
        xmp = texts["XML:com.adobe.xmp"] ?? texts["Raw profile type xmp"].flatMap(PNGText.profile)
        exif = exif ?? texts["Raw profile type exif"].flatMap(PNGText.profile)
        if let data = texts["Raw profile type APP1"].flatMap(PNGText.profile) {
            if data.starts(with: Self.exifMark) { exif = exif ?? data }
            if data.starts(with: Self.xmpMark) { xmp = xmp ?? Array(data.dropFirst(Self.xmpMark.count)) }
        }
        if let data = texts["Raw profile type iptc"].flatMap(PNGText.profile) {
            if data.starts(with: Array("8BIM".utf8)) { addPhotoshop(data[...]) } else { iptc = data }
        }
    }

    private mutating func findInWebP(_ bytes: [UInt8]) {
        var at = 12
        while at + 8 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[at + 4 + $1]) << (8 * $1) }
            guard length <= bytes.count - at - 8 else { return }
            let data = bytes[(at + 8)..<(at + 8 + length)].prefix(Self.limit)
            switch String(decoding: bytes[at..<at + 4], as: UTF8.self) {
            case "EXIF": exif = exif ?? Array(data)
            case "XMP ": xmp = xmp ?? Array(data)
            default: break
            }
            at += 8 + (length + 1) & ~1
        }
    }

    private mutating func findInTIFF(_ bytes: [UInt8]) {
        exif = bytes
        guard let tags = TIFFStructure(bytes)?.first else { return }
        xmp = tags.bytes(700).map { Array($0.prefix(Self.limit)) }
        iptc = tags.bytes(33723).map { Array($0.prefix(Self.limit)) }
        if iptc == nil, let resources = tags.bytes(34377) { addPhotoshop(resources) }
    }

    private mutating func findThroughVips(_ bytes: [UInt8], _ format: ImageFormat) {
        guard (try? Vips.start("image")) != nil else { return }
        let errors = Vips.ErrorScope()
        defer { errors.end() }
        bytes.withUnsafeBytes { raw in
            guard let image = Vips.open(raw, format) else { return }
            defer { diptych_vips_release(image) }
            exif = Self.blob("exif-data", of: image)
            xmp = Self.blob("xmp-data", of: image)
            // Versions of libvips that know no XMP in HEIF give its items as they are.
            for number in 0..<8 where xmp == nil {
                guard let item = Self.blob("heif-mime-\(number)", of: image) else { break }
                if item.prefix(4096).contains(UInt8(ascii: "<")) { xmp = item }
            }
            iptc = Self.blob("iptc-data", of: image)
        }
    }

    private static func blob(_ name: String, of image: UnsafeMutablePointer<VipsImage>) -> [UInt8]? {
        var data: UnsafeRawPointer?
        var length = 0
        guard vips_image_get_typeof(image, name) != 0, vips_image_get_blob(image, name, &data, &length) == 0, let data
        else { return nil }
        return [UInt8](UnsafeRawBufferPointer(start: data, count: min(length, limit)))
    }
}
