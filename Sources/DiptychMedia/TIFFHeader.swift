/// What the samples of a TIFF file's first image mean (TIFF 6.0), and a refusal of those that have no agreed meaning as 8-bit
/// RGB, or that the libraries below would take for something else.
struct TIFFHeader {
    let width: Int
    let height: Int
    /// Whether Pillow opens it as indices into a table of colours (mode P) or as single bits (mode 1).
    let isIndexed: Bool
    /// Whether the samples are YCbCr that libvips would take for RGB.
    let isYCbCr: Bool
    /// The sample that holds the opacity, counted after the conversion of a palette; nil where there is none.
    let opacityIndex: Int?

    private enum Tag {
        static let width = 256, height = 257, bits = 258, compression = 259, photometric = 262, samples = 277,
            planar = 284
        static let extra = 338, format = 339
    }

    /// Colour spaces that become RGB, with the number of their samples.
    private static let colours = [0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3]
    private static let otherColours = [
        4: "a transparency mask", 8: "CIELab", 9: "ICCLab", 10: "ITULab", 32803: "a camera's raw samples",
        32844: "LogL", 32845: "LogLuv", 34892: "a camera's raw samples", 51177: "a depth map",
    ]
    private static let compressions: Set<Int> = [
        1, 2, 3, 4, 5, 7, 8, 32771, 32773, 32946, 34925, 50000, 50001,
    ]

    /// Reads the first directory.
    ///
    /// - Throws: ``ImageError`` of kind `unsupported` or `damaged`.
    init(_ bytes: [UInt8], label: String) throws(ImageError) {
        func refused(_ what: String) -> ImageError {
            ImageError(.unsupported, source: label, reason: "TIFF with \(what) is not read; save it as 8-bit RGB")
        }
        guard let tags = TIFFStructure(bytes)?.first, let width = tags.number(Tag.width),
            let height = tags.number(Tag.height)
        else { throw ImageError(.damaged, source: label, reason: "its TIFF header cannot be read") }
        (self.width, self.height) = (width, height)
        let samples = tags.number(Tag.samples) ?? 1
        let photometric = tags.number(Tag.photometric) ?? (samples >= 3 ? 2 : 0)
        guard let colours = Self.colours[photometric] else {
            throw refused(Self.otherColours[photometric] ?? "photometric interpretation \(photometric)")
        }
        let compression = tags.number(Tag.compression) ?? 1
        guard Self.compressions.contains(compression) else {
            throw refused(compression == 6 ? "old-style JPEG compression" : "compression \(compression)")
        }
        let formats = Set(tags.numbers(Tag.format))
        guard formats.isSubset(of: [1, 4]) else {
            throw refused(formats.contains(3) ? "floating-point samples" : "signed or complex samples")
        }
        let bits = tags.has(Tag.bits) ? tags.numbers(Tag.bits) : [1], depth = bits.first ?? 1
        guard bits.allSatisfy({ $0 == depth }) else { throw refused("samples of different sizes") }
        guard (colours == 1 ? [1, 2, 4, 8, 16] : photometric == 6 ? [8] : [8, 16]).contains(depth) else {
            throw refused("\(depth)-bit samples of this kind")
        }
        guard samples >= colours, samples <= 64 else { throw refused("\(samples) samples a pixel") }
        // libvips reads separate planes of one colour as if they lay pixel by pixel.
        guard colours > 1 || samples == 1 || tags.number(Tag.planar) ?? 1 == 1 else {
            throw refused("grey and further samples in separate planes")
        }
        isIndexed = photometric == 3 || depth == 1
        // JPEG-compressed samples become RGB where they lie pixel by pixel.
        isYCbCr = photometric == 6 && !(compression == 7 && tags.number(Tag.planar) ?? 1 == 1)
        // A palette's index becomes three samples.
        let first = photometric == 3 ? 3 : colours
        if photometric == 5 {
            opacityIndex = nil
        } else if tags.has(Tag.extra) {
            // 0 is unspecified data, such as a saved selection; 1 is opacity by which colours are multiplied, 2 opacity beside
            // them. 999 is what Corel Draw writes for the latter.
            opacityIndex = tags.numbers(Tag.extra).firstIndex { [1, 2, 999].contains($0) }.map { $0 + first }
        } else {
            // One sample that nothing is said about has always been opacity, to Pillow as well.
            opacityIndex = samples == colours + 1 ? first : nil
        }
    }
}
