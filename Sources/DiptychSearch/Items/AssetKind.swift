/// The kind of an asset.
public enum AssetKind: String, Sendable, Codable, CaseIterable {
    /// A picture.
    case image
    /// A video.
    case video
    /// A sentence or a text.
    case text
}
