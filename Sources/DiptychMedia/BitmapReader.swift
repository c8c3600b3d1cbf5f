/// Decodes Windows and OS/2 bitmaps. libvips would hand them to ImageMagick, which is too much code for untrusted bytes.
///
/// Read are 1, 4, 8, 16, 24 and 32 bits per pixel, run-length and bit-field compression. The fourth channel of 32 bits is the
/// opacity where a mask says so, as headers of 56 bytes and more may; otherwise it is left out, and so is that of 16 bits in the
/// usual layouts, both as in Pillow. The format is that of Microsoft's BITMAPINFOHEADER and its successors.
struct BitmapReader {
    private var reader: ByteReader
    private let options: ImageOptions

    init(bytes: [UInt8], label: String, options: ImageOptions) {
        reader = ByteReader(bytes, label: label, format: .bmp, hint: options.tolerantHint)
        self.options = options
    }

    func image() throws(ImageError) -> Image {
        var copy = self
        return try copy.decode()
    }

    fileprivate struct Header {
        var width = 0, height = 0, bits = 0, compression = 0, colours = 0
        var isTopDown = false
        /// Red, green, blue, and the opacity's if there is one.
        var masks: [Int] = []
    }

    private enum Compression {
        static let none = 0, runLength8 = 1, runLength4 = 2, bitFields = 3, alphaBitFields = 6
    }

    private mutating func decode() throws(ImageError) -> Image {
        try reader.skip(10)
        let offset = try reader.number(bytes: 4)
        let headerSize = try reader.number(bytes: 4)
        let header = try headerSize == 12 ? oldHeader() : newHeader(size: headerSize)
        try options.check(width: header.width, height: header.height, label: reader.label, format: .bmp)

        var palette = Palette()
        if header.bits <= 8 {
            let entryBytes = headerSize == 12 ? 3 : 4
            for index in 0..<header.colours {
                let entry = try reader.slice(entryBytes)
                palette.set(
                    index, red: entry[entry.startIndex + 2], green: entry[entry.startIndex + 1],
                    blue: entry[entry.startIndex])
            }
        }
        // Some writers let the offset point at the palette.
        if offset > 14 + headerSize || header.bits > 8 { try reader.seek(to: max(offset, reader.position)) }

        switch (header.compression, header.bits) {
        case (Compression.runLength8, 8), (Compression.runLength4, 4):
            return finish(
                header, palette.samples(of: try runs(header)), isIndexed: header.colours <= 2 || !palette.isRamp)
        case (Compression.none, 1), (Compression.none, 4), (Compression.none, 8):
            return finish(
                header, palette.samples(of: try packedIndices(header)),
                isIndexed: header.colours <= 2 || !palette.isRamp)
        case (Compression.none, 16), (Compression.none, 24), (Compression.none, 32), (Compression.bitFields, 16),
            (Compression.bitFields, 24), (Compression.bitFields, 32), (Compression.alphaBitFields, 16),
            (Compression.alphaBitFields, 32):
            let (samples, opacity) = try directColours(header)
            return finish(header, samples, opacity: opacity, isIndexed: false)
        default:
            throw ImageError(
                .unsupported, source: reader.label,
                reason: "BMP with \(header.bits) bits per pixel and compression \(header.compression) is not read")
        }
    }

    private mutating func oldHeader() throws(ImageError) -> Header {
        var header = Header()
        header.width = try reader.number(bytes: 2)
        header.height = try reader.number(bytes: 2)
        try reader.skip(2)
        header.bits = try reader.number(bytes: 2)
        header.colours = header.bits <= 8 ? 1 << header.bits : 0
        return header
    }

    private mutating func newHeader(size: Int) throws(ImageError) -> Header {
        guard [40, 52, 56, 64, 108, 124].contains(size) else {
            throw ImageError(
                .unsupported, source: reader.label, reason: "BMP with a header of \(size) bytes is not read")
        }
        var header = Header()
        let start = reader.position
        header.width = try reader.number(bytes: 4)
        let height = Int(Int32(truncatingIfNeeded: try reader.number(bytes: 4)))
        (header.height, header.isTopDown) = (abs(height), height < 0)
        try reader.skip(2)
        header.bits = try reader.number(bytes: 2)
        header.compression = try reader.number(bytes: 4)
        try reader.skip(12)
        header.colours = try reader.number(bytes: 4)
        try reader.skip(4)
        if header.bits <= 8 {
            guard header.colours <= 256 else { throw reader.damaged("its palette has \(header.colours) colours") }
            if header.colours == 0 { header.colours = 1 << header.bits }
        }
        if header.compression == Compression.bitFields || header.compression == Compression.alphaBitFields {
            let hasOpacity = size >= 56 || header.compression == Compression.alphaBitFields
            for _ in 0..<(hasOpacity ? 4 : 3) { header.masks.append(try reader.number(bytes: 4)) }
            header.settleMasks()
        }
        if size > 40 { try reader.seek(to: start + size - 4) }
        return header
    }

    private func finish(
        _ header: Header, _ samples: [UInt8], opacity: [UInt8]? = nil, isIndexed: Bool
    ) -> Image {
        let stored = Image(
            uncheckedWidth: header.width, height: header.height, bytes: samples, opacity: opacity,
            isIndexed: isIndexed)
        // Rows stand bottom-up unless the height is negative; orientation 4 is a flip.
        return header.isTopDown ? stored : stored.oriented(4)
    }

    /// Rows of 1, 4 or 8-bit indices, padded to four bytes.
    private mutating func packedIndices(_ header: Header) throws(ImageError) -> [UInt8] {
        let rowBytes = (header.width * header.bits + 31) / 32 * 4, perByte = 8 / header.bits
        try expectRows(header, rowBytes: rowBytes)
        var indices: [UInt8] = []
        indices.reserveCapacity(header.width * header.height)
        for _ in 0..<header.height {
            guard let row = try row(header, rowBytes) else {
                indices.append(contentsOf: repeatElement(0, count: header.width))
                continue
            }
            for x in 0..<header.width {
                let byte = row[row.startIndex + x / perByte]
                let shift = 8 - header.bits * (x % perByte + 1)
                indices.append((byte >> shift) & UInt8((1 << header.bits) - 1))
            }
        }
        return indices
    }

    /// The last row may lack its padding.
    private func expectRows(_ header: Header, rowBytes: Int) throws(ImageError) {
        guard !options.isTolerant else { return }
        let lastRow = (header.width * header.bits + 7) / 8
        guard reader.remaining >= rowBytes * (header.height - 1) + lastRow else {
            throw reader.damaged("the data end too early" + options.tolerantHint)
        }
    }

    /// The bytes of the next row; nil where they are not all there.
    private mutating func row(_ header: Header, _ rowBytes: Int) throws(ImageError) -> ArraySlice<UInt8>? {
        let row = try reader.slice(min(rowBytes, reader.remaining))
        return row.count >= (header.width * header.bits + 7) / 8 ? row : nil
    }

    /// Rows of 16, 24 or 32-bit pixels, padded to four bytes, and their opacities where they have them.
    private mutating func directColours(
        _ header: Header
    ) throws(ImageError) -> (samples: [UInt8], opacity: [UInt8]?) {
        let pixelBytes = header.bits / 8, rowBytes = (header.width * pixelBytes + 3) / 4 * 4
        try expectRows(header, rowBytes: rowBytes)
        var masks = header.masks
        if masks.isEmpty { masks = header.bits == 16 ? [0x7C00, 0x3E0, 0x1F] : [0xFF0000, 0xFF00, 0xFF] }
        let fields = masks.map { (shift: $0.trailingZeroBitCount, most: $0 == 0 ? 0 : $0 >> $0.trailingZeroBitCount) }
        guard fields.allSatisfy({ (1...0xFF).contains($0.most) && $0.most & ($0.most + 1) == 0 }) else {
            throw ImageError(
                .unsupported, source: reader.label, reason: "BMP with these bit fields is not read")
        }
        let pixels = header.width * header.height, hasOpacity = fields.count == 4 && options.alpha != .dropped
        var samples: [UInt8] = [], opacity: [UInt8] = []
        samples.reserveCapacity(pixels * 3)
        if hasOpacity, options.alpha == .kept { opacity.reserveCapacity(pixels) }
        for _ in 0..<header.height {
            guard let row = try row(header, rowBytes) else {
                let isWhite = hasOpacity && options.alpha == .onWhite
                samples.append(contentsOf: repeatElement(isWhite ? 255 : 0, count: header.width * 3))
                if hasOpacity, options.alpha == .kept {
                    opacity.append(contentsOf: repeatElement(0, count: header.width))
                }
                continue
            }
            for x in 0..<header.width {
                let start = row.startIndex + x * pixelBytes
                var pixel = 0
                for byte in 0..<pixelBytes { pixel |= Int(row[start + byte]) << (8 * byte) }
                func value(_ field: Int) -> UInt8 {
                    UInt8(((pixel >> fields[field].shift) & fields[field].most) * 255 / fields[field].most)
                }
                let solid = hasOpacity ? value(3) : 255
                for field in 0..<3 {
                    samples.append(options.alpha == .onWhite ? onWhite(value(field), opacity: solid) : value(field))
                }
                if hasOpacity, options.alpha == .kept { opacity.append(solid) }
            }
        }
        return (samples, opacity.isEmpty ? nil : opacity)
    }

    /// Run-length compressed indices. What the runs leave out has index 0.
    private mutating func runs(_ header: Header) throws(ImageError) -> [UInt8] {
        let isHalfBytes = header.compression == Compression.runLength4, start = reader.position
        var indices = [UInt8](repeating: 0, count: header.width * header.height)
        var x = 0, y = 0
        func put(_ index: Int) {
            if x < header.width, y < header.height { indices[y * header.width + x] = UInt8(index) }
            x += 1
        }
        while y < header.height {
            if options.isTolerant, reader.remaining < 2 { return indices }
            let count = try reader.byte(), value = try reader.byte()
            if count > 0 {
                for at in 0..<count { put(isHalfBytes ? (at % 2 == 0 ? value >> 4 : value & 15) : value) }
                continue
            }
            switch value {
            case 0: (x, y) = (0, y + 1)
            case 1: return indices
            case 2:
                x += try reader.byte()
                y += try reader.byte()
            default:
                let literal = Array(try reader.slice(isHalfBytes ? (value + 1) / 2 : value))
                for at in 0..<value {
                    put(isHalfBytes ? Int(at % 2 == 0 ? literal[at / 2] >> 4 : literal[at / 2] & 15) : Int(literal[at]))
                }
                if (reader.position - start) % 2 != 0 { try reader.skip(1) }
            }
        }
        return indices
    }
}

extension BitmapReader.Header {
    /// Follows Pillow: without any mask, pixels are blue, green, red and opacity; an opacity of 16 bits counts in no usual layout,
    /// and one without bits is none.
    fileprivate mutating func settleMasks() {
        if bits == 32, masks.allSatisfy({ $0 == 0 }) {
            masks = masks.count == 4 ? [0xFF0000, 0xFF00, 0xFF, 0xFF00_0000] : [0xFF0000, 0xFF00, 0xFF]
        }
        let usual = [[0xF800, 0x7E0, 0x1F], [0x7C00, 0x3E0, 0x1F]]
        if masks.count == 4, masks[3] == 0 || (bits == 16 && usual.contains(Array(masks.prefix(3)))) {
            masks.removeLast()
        }
    }
}
