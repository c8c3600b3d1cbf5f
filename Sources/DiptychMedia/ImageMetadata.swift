internal import Foundation

/// What an image's bytes say about it besides its pixels: the kind of file, what its camera wrote (EXIF 2.32), and what
/// somebody wrote about it (XMP, IPTC-IIM).
public struct ImageMetadata: Sendable, Hashable {
    /// The kind of file by its content; nil when it is none that is read.
    public var format: ImageFormat?
    /// When it was taken, in seconds since 1970 as if the camera's clock showed UTC: EXIF knows no time zone.
    public var taken: Double?
    /// Maker and model of the camera.
    public var camera: String?
    /// Degrees north, −90 to 90.
    public var latitude: Double?
    /// Degrees east, −180 to 180.
    public var longitude: Double?
    /// What somebody wrote about it. Where its sources disagree, XMP counts before IPTC and IPTC before EXIF: programs for
    /// photographs write XMP, cameras EXIF. (The guidelines of the Metadata Working Group, version 2.0 of 2010, put XMP before
    /// IPTC as well, but a description in EXIF first, where many cameras put their name.)
    public var description = ImageDescription()

    /// Nothing known.
    public init() {}

    /// Reads what the bytes of an image that was decoded say; what is missing or makes no sense is left out.
    ///
    /// A file whose size has not been checked does not belong here: libvips allocates an animation's canvas while it reads the
    /// header.
    ///
    /// - Parameter sidecar: What a file beside the image says, which counts before everything else.
    public init(of bytes: [UInt8], with sidecar: ImageDescription? = nil) {
        format = ImageFormat(sniffing: bytes)
        guard let format else { return }
        let blocks = ImageBlocks(of: bytes, format: format)
        var found = sidecar ?? ImageDescription()
        if let xmp = blocks.xmp { found.fill(from: XMPReader(xmp).description) }
        if let iptc = blocks.iptc { found.fill(from: IPTCReader.description(iptc)) }
        if let exif = blocks.exif.flatMap({ EXIFReader($0) }) {
            camera = exif.camera
            found.fill(from: exif.description)
        }
        description = found
        (taken, latitude, longitude) = (found.taken, found.latitude, found.longitude)
    }

    /// `2021:05:30 12:34:56`, or XMP's `2021-05-30T12:34:56.7+02:00`, in seconds since 1970. A time zone is left out, as the
    /// camera's clock counts; seconds may be missing.
    static func seconds(_ text: String) -> Double? {
        let clock = text.prefix { $0 != "+" && $0 != "Z" }
        // A hyphen behind the date begins a time zone as well.
        let local = clock.prefix(11) + clock.dropFirst(11).prefix { $0 != "-" }
        let numbers = local.split(whereSeparator: { !$0.isNumber }).map { Int($0) ?? -1 } + [0]
        guard numbers.count >= 6, (1800...9999).contains(numbers[0]), (1...12).contains(numbers[1]),
            (1...31).contains(numbers[2]), (0..<24).contains(numbers[3]), (0..<60).contains(numbers[4]),
            (0...60).contains(numbers[5])
        else { return nil }
        var parts = tm()
        parts.tm_year = Int32(numbers[0] - 1900)
        parts.tm_mon = Int32(numbers[1] - 1)
        parts.tm_mday = Int32(numbers[2])
        parts.tm_hour = Int32(numbers[3])
        parts.tm_min = Int32(numbers[4])
        parts.tm_sec = Int32(numbers[5])
        return Double(timegm(&parts))
    }
}
