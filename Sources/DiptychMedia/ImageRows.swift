internal import CKernels

/// The rows of an image, decoded one after the other.
protocol ImageRows: AnyObject {
    /// The columns that are decoded, as the image lies in the file.
    var width: Int { get }
    /// The rows that are decoded.
    var height: Int { get }
    /// Whether each pixel has an opacity that ``read(_:into:opacity:)`` gives.
    var hasOpacity: Bool { get }

    /// Decodes the next `count` rows to `out`, 3 bytes a pixel, without gaps, and their opacities, a byte a pixel.
    func read(
        _ count: Int, into out: UnsafeMutablePointer<UInt8>, opacity: UnsafeMutablePointer<UInt8>?
    ) throws(ImageError)
}

/// An image whose header was read and whose size has been allowed; its rows follow.
struct OpenedImage {
    let rows: any ImageRows
    /// The size in the header.
    let full: Preprocessing.Size
    /// The columns and rows of it that one decoded pixel stands for.
    var factor = 1
    /// The EXIF orientation to apply; 1 for none.
    let orientation: Int
    var isIndexed = false

    private var isTurned: Bool { (5...8).contains(orientation) }

    private var reduction: Image.Reduction? {
        factor == 1 ? nil : Image.Reduction(width: full.width, height: full.height, factor: factor)
    }

    /// The size of the whole image, upright.
    var uprightSize: Preprocessing.Size {
        isTurned ? Preprocessing.Size(width: full.height, height: full.width) : full
    }

    /// The upright image without its pixels.
    private var frame: Image.Frame {
        Image.Frame(
            width: isTurned ? rows.height : rows.width, height: isTurned ? rows.width : rows.height,
            reduction: (2...8).contains(orientation) ? reduction?.oriented(orientation) : reduction)
    }

    /// Decodes all rows and turns the image upright.
    ///
    /// - Parameter keepsOpacity: Whether the opacity of each pixel is wanted.
    func image(keepsOpacity: Bool) throws(ImageError) -> Image {
        let (width, height) = (rows.width, rows.height), count = rows.width * rows.height
        var failure: ImageError?
        var opacity: [UInt8]? =
            keepsOpacity && rows.hasOpacity && !isIndexed ? [UInt8](repeating: 255, count: count) : nil
        let pixels = [UInt8](unsafeUninitializedCapacity: count * 3) { out, filled in
            func read(_ opacity: UnsafeMutablePointer<UInt8>?) {
                guard let start = out.baseAddress else { return }
                do throws(ImageError) {
                    for top in stride(from: 0, to: height, by: Self.step) {
                        try rows.read(
                            min(Self.step, height - top), into: start + top * width * 3,
                            opacity: opacity.map { $0 + top * width })
                    }
                    filled = count * 3
                } catch { failure = error }
            }
            if opacity == nil { read(nil) } else { opacity?.withUnsafeMutableBufferPointer { read($0.baseAddress) } }
        }
        if let failure { throw failure }
        return Image(
            uncheckedWidth: width, height: height, bytes: pixels, opacity: opacity, isIndexed: isIndexed,
            reduction: reduction
        ).oriented(orientation)
    }

    /// Decodes all rows and resamples them as they come: what ``image(keepsOpacity:)`` and
    /// ``Picture/resized(width:height:keeping:filter:instructions:)`` would give. Nil, with nothing decoded, where only these can
    /// do it.
    ///
    /// - Parameter plan: What becomes of an upright picture of this size.
    func resized(
        filter: ResamplingFilter, instructions: diptych_isa,
        to plan: (Preprocessing.Size) throws(ImageError) -> Image.Target
    ) throws(ImageError) -> (part: Image, fullSize: Preprocessing.Size)? {
        let target = try plan(uprightSize)
        guard
            let stream = try frame.stream(
                to: target, orientation: orientation, filter: filter, instructions: instructions)
        else { return nil }
        return (try stream.image(of: rows), uprightSize)
    }

    /// The rows that are asked for at a time.
    private static let step = 64
}
