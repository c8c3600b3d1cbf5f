/// How pictures are read.
public struct PictureOptions: Sendable, Hashable {
    /// What becomes of transparency.
    public enum Alpha: String, Sendable, Hashable, Codable {
        /// The alpha channel is left out, as Pillow's `convert("RGB")` does.
        case dropped
        /// The picture is laid on white, as image processors of transformers 5 do.
        case onWhite
        /// The picture keeps it, for a preprocessing that resamples before it converts to RGB.
        case kept
    }

    /// Whether the EXIF orientation is applied, so that pictures stand upright. `false` keeps the pixels as stored, as
    /// the reference implementations of CLIP do.
    public var appliesOrientation = true
    /// What becomes of transparency.
    public var alpha = Alpha.onWhite
    /// The largest file or download that is read, in bytes.
    public var maximumBytes = 256 << 20
    /// The largest number of pixels that is decoded. The default is where Pillow refuses a picture as a decompression
    /// bomb: twice 1024 × 1024 × 1024 / 4 / 3.
    public var maximumPixels = 178_956_970

    /// The defaults.
    public init() {}
}
