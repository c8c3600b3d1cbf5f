internal import DiptychMedia

/// Why a video could not be read, or not to its end.
public struct VideoError: Error, Hashable, CustomStringConvertible {
    /// The kinds of failure, for callers that treat some of them specially.
    public enum Kind: Sendable, Hashable {
        /// The bytes cannot be read or fetched.
        case input
        /// The bytes are no video, or one that is damaged, too large or refused.
        case notDecodable
        /// A frame that was asked for does not exist.
        case noSuchFrame
        /// The video cannot be written.
        case output
    }

    /// The kind of failure.
    public let kind: Kind
    /// The file, URL or label of the bytes.
    public let source: String
    /// What was wrong and, where it helps, what to do; one line.
    public let reason: String

    package init(_ kind: Kind, source: String, reason: String) {
        // An image's error has the same rules for what a line may hold.
        let line = ImageError(.damaged, source: source, reason: reason)
        (self.kind, self.source, self.reason) = (kind, line.source, line.reason)
    }

    init(_ error: ImageError) { (kind, source, reason) = (.input, error.source, error.reason) }

    /// The source and the reason in one line.
    public var description: String { "\(source): \(reason)" }
}
