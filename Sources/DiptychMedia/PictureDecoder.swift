/// Turns the bytes of picture files into pixels.
///
/// The result equals Pillow's `Image.open(…).convert("RGB")` wherever both sides use the same decoder; documentation of
/// the formats says where they do not. Safe to use from several threads at once.
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
        guard !overflow, pixels <= maximumPixels else {
            throw PictureError(
                .tooLarge, source: label,
                reason: "\(width) × \(height) pixels are more than the limit of \(maximumPixels)")
        }
    }
}
