/// What indexing did.
public struct IndexSummary: Sendable, Codable, Equatable {
    /// New files.
    public var added = 0
    /// Files whose content had changed.
    public var updated = 0
    /// Files that were stored already.
    public var unchanged = 0
    /// Files that have vanished and are no longer found.
    public var removed = 0
    /// Among the added and updated: files whose content was known, under this or another name.
    public var reused = 0
    /// Files that could not be read.
    public var skipped: [Skipped] = []
    /// The number of files that could not be read, also beyond those listed.
    public var skippedCount = 0

    /// Nothing done yet.
    public init() {}

    /// A file that could not be read.
    public struct Skipped: Sendable, Codable, Equatable {
        /// The file.
        public let path: String
        /// Why.
        public let reason: String
    }

    /// The most skipped files that are listed, so that memory stays constant.
    public static let listedLimit = 10_000

    enum CodingKeys: String, CodingKey {
        case added, updated, unchanged, removed, reused, skipped
        case skippedCount = "skipped_count"
    }
}

/// What happened to one file.
public struct IndexEvent: Sendable {
    /// The kinds of things that happen.
    public enum Kind: String, Sendable { case added, updated, unchanged, skipped }
    /// What happened; when it is `added` or `updated`, it is on disk already.
    public let kind: Kind
    /// The file.
    public let path: String
    /// Why it was skipped.
    public let reason: String?
}
