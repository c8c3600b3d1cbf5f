/// The kind of an asset.
public enum AssetKind: String, Sendable, Codable, CaseIterable {
    /// An image.
    case image
    /// A video.
    case video
    /// A sentence or a text.
    case text
}
