/// Turns the bytes of picture files into pixels.
///
/// Unless ``PictureOptions/decode`` says otherwise, the result equals Pillow 13's
/// `ImageOps.exif_transpose(Image.open(…)).convert("RGB")` in every byte, with these exceptions:
/// - 16-bit grey keeps its high byte, as 16-bit colour does; Pillow clips it to 255, which leaves a white picture.
/// - AVIF with subsampled chroma differs at edges of colour: libheif repeats chroma samples, libavif interpolates them.
///   Without subsampling the difference is rounding.
/// - What Pillow does not read (HEIC) or reads by rules of its own (damaged files) has no counterpart.
///
/// Safe to use from several threads at once.
public struct PictureDecoder: Sendable {
    /// How pictures are read.
    public var options: PictureOptions

    /// A decoder with these options.
    public init(options: PictureOptions = PictureOptions()) {
        self.options = options
    }

    /// Decodes the bytes of a picture file.
    ///
    /// - Parameters:
    ///   - bytes: A whole file in one of the formats of ``PictureFormat``.
    ///   - label: What messages call these bytes.
    /// - Throws: ``PictureError`` when the bytes are no picture, damaged, or beyond a limit.
    public func decode(_ bytes: [UInt8], label: String = "picture") throws(PictureError) -> Picture {
        guard !bytes.isEmpty else { throw PictureError(.empty, source: label, reason: "there are no bytes") }
        guard bytes.count <= options.maximumBytes else {
            throw PictureError(
                .tooLarge, source: label,
                reason: "\(bytes.count) bytes are more than the limit of \(options.maximumBytes)")
        }
        guard let format = PictureFormat(sniffing: bytes) else {
            throw PictureError(
                .notAPicture, source: label, reason: "not a picture that is read (\(PictureFormat.list))")
        }
        switch format {
        case .bmp: return try BitmapReader(bytes: bytes, label: label, options: options).picture()
        case .gif: return try GIFReader(bytes: bytes, label: label, options: options).picture()
        default: return try VipsReader(format: format, label: label, options: options).picture(bytes)
        }
    }

    /// Reads and decodes a picture file.
    ///
    /// - Throws: ``PictureError`` when the file cannot be read, is no picture, is damaged, or is beyond a limit.
    public func decode(file path: String) throws(PictureError) -> Picture {
        try decode(readFile(path, maximumBytes: options.maximumBytes), label: path)
    }
}

extension Picture {
    /// Decodes the bytes of a picture file; see ``PictureDecoder/decode(_:label:)``.
    public static func decode(
        _ bytes: [UInt8], label: String = "picture", options: PictureOptions = PictureOptions()
    ) throws(PictureError) -> Picture {
        try PictureDecoder(options: options).decode(bytes, label: label)
    }

    /// Reads and decodes a picture file; see ``PictureDecoder/decode(file:)``.
    public static func decode(
        file path: String, options: PictureOptions = PictureOptions()
    ) throws(PictureError) -> Picture {
        try PictureDecoder(options: options).decode(file: path)
    }
}

extension PictureOptions {
    /// Refuses a size that a header declares, before anything of that size is allocated.
    func check(width: Int, height: Int, label: String, format: PictureFormat) throws(PictureError) {
        guard width > 0, height > 0 else {
            throw PictureError(
                .damaged, source: label, reason: "its \(format.rawValue) header says \(width) × \(height) pixels")
        }
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        // Whatever the caller allows, sizes stay far from where arithmetic on them could overflow.
        guard !overflow, pixels <= min(maximumPixels, 1 << 33) else {
            throw PictureError(
                .tooLarge, source: label,
                reason: "\(width) × \(height) pixels are more than the limit of \(maximumPixels)")
        }
    }
}
