/// The extent of an asset that is embedded, found and annotated: all of it, a box of its image, or a span of its time.
public enum AssetPart: Sendable, Hashable {
    /// All of it.
    case whole
    /// A rectangle of the upright image, in pixels from its left upper corner.
    case box(x: Double, y: Double, width: Double, height: Double)
    /// A time of a video or a sound, in seconds.
    case span(start: Double, end: Double)
    /// A time of a video that looks alike, in seconds, by one of its two embeddings: that of the frame that begins at `best`, or the
    /// mean of its frames.
    case moment(start: Double, end: Double, best: Double, isFrame: Bool)

    /// The time that it takes, in seconds; nil where it takes none.
    public var times: ClosedRange<Double>? {
        switch self {
        case .whole, .box: nil
        case .span(let start, let end), .moment(let start, let end, _, _): start <= end ? start...end : nil
        }
    }
}

/// A part of an asset, as a store keeps it.
public struct StoredPart: Sendable, Hashable {
    /// Its number in its store, which is never used again.
    public let id: Int64
    /// The asset it belongs to.
    public let asset: Int64
    /// Which part it is.
    public let part: AssetPart

    /// Names a part.
    public init(id: Int64, asset: Int64, part: AssetPart) {
        (self.id, self.asset, self.part) = (id, asset, part)
    }
}
