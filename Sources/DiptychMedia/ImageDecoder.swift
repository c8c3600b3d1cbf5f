internal import CKernels

/// Turns the bytes of image files into pixels.
///
/// Unless ``ImageOptions/decode`` says otherwise, the result equals Pillow 13's
/// `ImageOps.exif_transpose(Image.open(…)).convert("RGB")` in every byte, with these exceptions:
/// - YCbCr in TIFF differs by up to 1 where nothing is compressed: libtiff rounds in another place than Pillow, which uses it for
///   all compressed ones.
/// - 16-bit grey keeps its high byte, as 16-bit colour does; Pillow clips it to 255, which leaves a white image.
/// - AVIF with subsampled chroma differs at edges of colour: libheif repeats chroma samples, libavif interpolates them.
///   Without subsampling the difference is rounding.
/// - What Pillow does not read (HEIC) or reads by rules of its own (damaged files) has no counterpart.
///
/// Safe to use from several threads at once.
public struct ImageDecoder: Sendable {
    /// How images are read.
    public var options: ImageOptions

    /// A decoder with these options.
    public init(options: ImageOptions = ImageOptions()) {
        self.options = options
    }

    /// Decodes the bytes of an image file.
    ///
    /// - Parameters:
    ///   - bytes: A whole file in one of the formats of ``ImageFormat``.
    ///   - label: What messages call these bytes.
    /// - Throws: ``ImageError`` when the bytes are no image, damaged, or beyond a limit.
    public func decode(_ bytes: [UInt8], label: String = "image") throws(ImageError) -> Image {
        let format = try format(of: bytes, label: label)
        switch format {
        case .bmp: return try BitmapReader(bytes: bytes, label: label, options: options).image()
        case .gif: return try GIFReader(bytes: bytes, label: label, options: options).image()
        default:
            return try reading(bytes, format, label: label) { opened throws(ImageError) in
                try opened.image(keepsOpacity: options.alpha == .kept)
            }
        }
    }

    /// The format of bytes that are within the limit.
    private func format(of bytes: [UInt8], label: String) throws(ImageError) -> ImageFormat {
        guard !bytes.isEmpty else { throw ImageError(.empty, source: label, reason: "there are no bytes") }
        guard bytes.count <= options.maximumBytes else {
            throw ImageError(
                .tooLarge, source: label,
                reason: "\(bytes.count) bytes are more than the limit of \(options.maximumBytes)")
        }
        guard let format = ImageFormat(sniffing: bytes) else {
            throw ImageError(
                .notAnImage, source: label, reason: "not an image that is read (\(ImageFormat.list))")
        }
        return format
    }

    /// An image resampled while it is decoded, so that it is never in memory as a whole; nil where that cannot be done.
    ///
    /// - Parameters:
    ///   - isAsStored: Whether images with opacity or a table of colours are resampled before they become RGB, which needs the
    ///     whole.
    ///   - plan: What becomes of an upright picture of this size.
    func resized(
        _ bytes: [UInt8], label: String, filter: ResamplingFilter, isAsStored: Bool, instructions: diptych_isa,
        to plan: (Preprocessing.Size) throws(ImageError) -> Image.Target
    ) throws(ImageError) -> (part: Image, fullSize: Preprocessing.Size)? {
        let format = try format(of: bytes, label: label)
        guard format != .bmp, format != .gif else { return nil }
        return try reading(bytes, format, label: label) { opened throws(ImageError) in
            if isAsStored, opened.isIndexed || (options.alpha == .kept && opened.rows.hasOpacity) { return nil }
            return try opened.resized(filter: filter, instructions: instructions, to: plan)
        }
    }

    /// Decodes the bytes of an image file, and makes the image small enough for a square of `side` pixels, upright and whole. It
    /// is resampled while it is decoded, where its decoder gives rows.
    ///
    /// - Throws: ``ImageError``, as ``decode(_:label:)``.
    public func decode(
        _ bytes: [UInt8], label: String = "image", fitting side: Int
    ) throws(ImageError) -> Image { try surveyed(bytes, label: label, fitting: side).image }

    /// The size of an image, upright, from its header alone where its format allows that.
    ///
    /// - Throws: ``ImageError`` where there is none.
    package func size(of bytes: [UInt8], label: String) throws(ImageError) -> Preprocessing.Size {
        let format = try format(of: bytes, label: label)
        guard format != .bmp, format != .gif else { return try decode(bytes, label: label).fullSize }
        return try reading(bytes, format, label: label) { opened throws(ImageError) in opened.uprightSize }
    }

    /// The image of ``decode(_:label:fitting:)``, and the size of the whole.
    package func surveyed(
        _ bytes: [UInt8], label: String, fitting side: Int
    ) throws(ImageError) -> (image: Image, fullSize: Preprocessing.Size) {
        func size(_ full: Preprocessing.Size) -> Preprocessing.Size {
            let scale = min(1, Double(side) / Double(max(full.width, full.height)))
            return Preprocessing.Size(
                width: max(1, Int((Double(full.width) * scale).rounded())),
                height: max(1, Int((Double(full.height) * scale).rounded())))
        }
        let resized = try resized(
            bytes, label: label, filter: .bicubic, isAsStored: false, instructions: diptych_detected_isa()
        ) { full throws(ImageError) in
            let small = size(full)
            return Image.Target(
                width: small.width, height: small.height,
                crop: Image.Crop(x: 0, y: 0, width: small.width, height: small.height))
        }
        if let resized { return (resized.part, resized.fullSize) }
        let image = try decode(bytes, label: label)
        let small = size(image.fullSize)
        return (try image.resized(width: small.width, height: small.height), image.fullSize)
    }

    /// Opens an image whose rows are read one after the other.
    private func reading<T>(
        _ file: [UInt8], _ format: ImageFormat, label: String,
        _ body: (OpenedImage) throws(ImageError) -> T
    ) throws(ImageError) -> T {
        let whole = options.isTolerant && format == .png ? PNGHeader.completed(file) : file
        let orientation =
            options.appliesOrientation && [.jpeg, .png, .webp, .tiff].contains(format)
            ? ImageBlocks(of: whole, format: format).orientation(format) : 1
        let bytes = format == .png ? PNGTexts.left(of: whole) : whole
        return try bytes.withUnsafeBytes { raw in
            Result { () throws(ImageError) in
                try body(open(raw, bytes, format, orientation: orientation, label: label))
            }
        }.get()
    }

    private func open(
        _ raw: UnsafeRawBufferPointer, _ bytes: [UInt8], _ format: ImageFormat, orientation: Int, label: String
    ) throws(ImageError) -> OpenedImage {
        func opened(_ rows: any ImageRows, isIndexed: Bool) -> OpenedImage {
            OpenedImage(
                rows: rows, full: Preprocessing.Size(width: rows.width, height: rows.height), orientation: orientation,
                isIndexed: isIndexed)
        }
        switch format {
        case .jpeg: return try JPEGRows.open(raw, orientation: orientation, label: label, options: options)
        case .tiff:
            let header = try TIFFHeader(bytes, label: label)
            try options.check(width: header.width, height: header.height, label: label, format: format)
            if header.isYCbCr { return opened(try TIFFRows(raw, label: label), isIndexed: false) }
            let rows = try VipsRows(
                raw, format: format, label: label, options: options, opacityIndex: .some(header.opacityIndex))
            return opened(rows, isIndexed: header.isIndexed)
        case .pnm:
            let rows = try PNMRows(raw, label: label, options: options)
            return opened(rows, isIndexed: rows.isIndexed)
        default:
            let isPNG = format == .png
            let rows = try VipsRows(
                raw, format: format, label: label, options: options,
                hasOpacity: !isPNG || PNGHeader.hasOpacity(bytes))
            return opened(rows, isIndexed: isPNG && PNGHeader.isIndexed(bytes))
        }
    }

    /// Reads and decodes an image file.
    ///
    /// - Throws: ``ImageError`` when the file cannot be read, is no image, is damaged, or is beyond a limit.
    public func decode(file path: String) throws(ImageError) -> Image {
        try decode(readFile(path, maximumBytes: options.maximumBytes), label: path)
    }
}

extension Image {
    /// Decodes the bytes of an image file; see ``ImageDecoder/decode(_:label:)``.
    public static func decode(
        _ bytes: [UInt8], label: String = "image", options: ImageOptions = ImageOptions()
    ) throws(ImageError) -> Image {
        try ImageDecoder(options: options).decode(bytes, label: label)
    }

    /// Reads and decodes an image file; see ``ImageDecoder/decode(file:)``.
    public static func decode(
        file path: String, options: ImageOptions = ImageOptions()
    ) throws(ImageError) -> Image {
        try ImageDecoder(options: options).decode(file: path)
    }
}

extension ImageOptions {
    /// Refuses a size that a header declares, before anything of that size is allocated.
    func check(width: Int, height: Int, label: String, format: ImageFormat) throws(ImageError) {
        guard width > 0, height > 0 else {
            throw ImageError(
                .damaged, source: label, reason: "its \(format.rawValue) header says \(width) × \(height) pixels")
        }
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        // Whatever the caller allows, sizes stay far from where arithmetic on them could overflow.
        guard !overflow, pixels <= min(maximumPixels, 1 << 33) else {
            throw ImageError(
                .tooLarge, source: label,
                reason: "\(width) × \(height) pixels are more than the limit of \(maximumPixels)"
                    + (namesOptions ? "; --max-pixels raises it" : ""))
        }
    }
}
