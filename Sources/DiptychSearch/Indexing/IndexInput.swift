/// An image to index, with what is said about it.
public struct IndexInput: Sendable {
    /// What the store calls it: an absolute path, a URL, or a place in an archive.
    public var path: String
    /// Where its bytes come from.
    public var source: Source
    /// What somebody wrote about it; nil keeps what the store has.
    public var caption: String?
    /// What else is said about it, by name; nil keeps what the store has.
    public var attributes: [String: AttributeValue]?

    /// Called before the bytes are asked for, a few hundred inputs early, for those that will be: the place to begin a
    /// download. It must not block.
    public var prepare: (@Sendable () -> Void)?

    /// Where an image's bytes come from.
    public enum Source: Sendable {
        /// The file at this path. It is read again when its size or time changes.
        case file(String)
        /// Whatever this gives, at most the given number of bytes; it may block. Asked only when the store does not know the path
        /// yet, or ``Indexer/refreshes`` is set.
        case bytes(@Sendable (_ maximumBytes: Int) throws -> [UInt8])
    }

    /// Names an image and what is said about it.
    public init(
        path: String, source: Source, caption: String? = nil, attributes: [String: AttributeValue]? = nil
    ) {
        self.path = path
        self.source = source
        self.caption = caption
        self.attributes = attributes
    }

    /// The file at `path`.
    public static func file(_ path: String) -> IndexInput { IndexInput(path: path, source: .file(path)) }

    /// The file that it reads, if any.
    var file: String? {
        if case .file(let path) = source { return path }
        return nil
    }
}
