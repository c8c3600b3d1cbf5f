/// An 8-bit RGB image.
///
/// Rows are packed without gaps, top row first: the red sample of the pixel at (x, y) is
/// `bytes[(y * width + x) * 3]`, followed by green and blue.
public struct Image: Sendable, Hashable {
    /// Columns, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int
    /// The samples: `width * height * 3` bytes.
    public let bytes: [UInt8]
    /// How opaque each pixel is, `width * height` bytes; nil for opaque images, and where reading has settled it.
    public let opacity: [UInt8]?
    /// Whether the file held indices into a table of colours, or single bits: Pillow resamples such images by the nearest
    /// pixel only.
    public let isIndexed: Bool
    /// What was left out of the file's image by ``ImageOptions/Decode/fast``; nil where nothing was.
    public let reduction: Reduction?

    /// An image from samples in the layout that ``bytes`` has.
    ///
    /// - Throws: ``ImageError`` when a side is not positive or the number of bytes does not fit the size.
    public init(width: Int, height: Int, bytes: [UInt8]) throws(ImageError) {
        let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
        guard width > 0, height > 0, !overflow, pixels <= Int.max / 3, bytes.count == pixels * 3 else {
            throw ImageError(
                .invalidPixels, source: "image",
                reason: "\(width) × \(height) RGB pixels do not fit in \(bytes.count) bytes")
        }
        self.init(uncheckedWidth: width, height: height, bytes: bytes)
    }

    init(
        uncheckedWidth width: Int, height: Int, bytes: [UInt8], opacity: [UInt8]? = nil, isIndexed: Bool = false,
        reduction: Reduction? = nil
    ) {
        self.width = width
        self.height = height
        self.bytes = bytes
        self.opacity = opacity
        self.isIndexed = isIndexed
        self.reduction = reduction
    }
}
