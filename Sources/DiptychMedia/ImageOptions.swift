/// How images are read.
public struct ImageOptions: Sendable, Hashable {
    /// What becomes of transparency.
    public enum Alpha: String, Sendable, Hashable, Codable {
        /// The alpha channel is left out, as Pillow's `convert("RGB")` does.
        case dropped
        /// The image is laid on white, as image processors of transformers 5 do.
        case onWhite
        /// The image keeps it, for a preprocessing that resamples before it converts to RGB.
        case kept
    }

    /// How much of an image is decoded.
    public enum Decode: String, Sendable, Hashable, Codable, CaseIterable {
        /// Every pixel, as Pillow gives it.
        case exact
        /// A large JPEG image at 1/2, 1/4 or 1/8 of its size, where at least twice is left of what ``resize`` makes of it.
        /// Sizes, crops and places stay those of the whole image; colours and embeddings change a little, because the
        /// mean of a block's pixels takes the place of the resize's filter. Everything else is decoded exactly.
        case fast
    }

    /// Whether the EXIF orientation is applied, so that images stand upright. `false` keeps the pixels as stored, as
    /// the reference implementations of CLIP do.
    public var appliesOrientation = true
    /// How much of an image is decoded.
    public var decode = Decode.exact
    /// What images will be resized to, which ``Decode/fast`` has to know; ``Preprocessing/readingOptions(_:)`` sets it.
    public var resize = Preprocessing.Resize.none
    /// What becomes of transparency.
    public var alpha = Alpha.onWhite
    /// The largest file or download that is read, in bytes.
    public var maximumBytes = 256 << 20
    /// The largest number of pixels that is decoded. Phones take pictures of 200 million.
    public var maximumPixels = 268_000_000
    /// Whether images whose data end too early are read as far as they go, as by Pillow's `LOAD_TRUNCATED_IMAGES`: JPEG, PNG,
    /// GIF, BMP and PNM. By default they are refused.
    public var isTolerant = false
    /// Whether messages name the options of the command line that would help.
    public var namesOptions = false

    /// The defaults.
    public init() {}

    /// What a message about data that end too early adds.
    var tolerantHint: String { namesOptions && !isTolerant ? "; --tolerant reads what is there" : "" }
}
