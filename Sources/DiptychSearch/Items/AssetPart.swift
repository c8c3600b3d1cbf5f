/// The extent of an asset that is embedded, found and annotated: all of it, a box of its image, or a span of its time.
public enum AssetPart: Sendable, Hashable {
    /// All of it.
    case whole
    /// A rectangle of the upright image, in pixels from its left upper corner.
    case box(x: Double, y: Double, width: Double, height: Double)
    /// A time of a video or a sound, in seconds.
    case span(start: Double, end: Double)
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
