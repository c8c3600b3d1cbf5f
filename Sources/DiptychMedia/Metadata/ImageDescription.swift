/// What somebody wrote about an image, in its file or beside it.
public struct ImageDescription: Sendable, Hashable {
    /// A sentence or more.
    public var caption: String?
    /// A few words.
    public var title: String?
    /// Keywords, in their order.
    public var keywords: [String] = []
    /// Stars, 0 to 5; −1 stands for rejected.
    public var rating: Double?
    /// A colour label or a mark of the program's.
    public var label: String?
    /// The photographer.
    public var creator: String?
    /// Who holds the rights.
    public var copyright: String?
    /// Where it was taken, in words.
    public var city, state, country: String?
    /// When it was taken, in seconds since 1970 as if the camera's clock showed UTC.
    public var taken: Double?
    /// Degrees north, −90 to 90.
    public var latitude: Double?
    /// Degrees east, −180 to 180.
    public var longitude: Double?

    /// Nothing known.
    public init() {}

    /// What an XMP sidecar file says; of a damaged one what comes before the damage.
    public init(sidecar bytes: [UInt8]) {
        self = XMPReader(Array(bytes.prefix(ImageBlocks.limit))).description
    }

    /// Takes from `other` what is not known yet: the first of sidecar, XMP, IPTC and EXIF that says something counts. A place is
    /// taken as a whole.
    public mutating func fill(from other: ImageDescription) {
        caption = caption ?? other.caption
        title = title ?? other.title
        if keywords.isEmpty { keywords = other.keywords }
        rating = rating ?? other.rating
        label = label ?? other.label
        creator = creator ?? other.creator
        copyright = copyright ?? other.copyright
        city = city ?? other.city
        state = state ?? other.state
        country = country ?? other.country
        taken = taken ?? other.taken
        if latitude == nil || longitude == nil { (latitude, longitude) = (other.latitude, other.longitude) }
    }

    /// A number of stars, if it is one.
    static func ratingOfStars(_ stars: Double) -> Double? { (-1...5).contains(stars) ? stars : nil }

    /// Stars from Windows' percentage: 1, 25, 50, 75 and 99.
    static func ratingOfPercent(_ percent: Double) -> Double? {
        (0...100).contains(percent) ? percent == 0 ? 0 : (percent / 25).rounded(.down) + 1 : nil
    }
}
