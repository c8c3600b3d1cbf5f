/// What indexing did.
public struct IndexSummary: Sendable, Codable, Equatable {
    /// New files.
    public var added = 0
    /// Files whose content had changed.
    public var updated = 0
    /// Files that were found again under another path: their items keep their ids.
    public var moved = 0
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

    /// Files in folders whose names are not images', by their ending in small letters; the empty one stands for none.
    public var otherKinds: [String: Int] = [:]
    /// Files that were left out by a pattern.
    public var excludedFiles = 0
    /// Folders that were left out by a pattern, with everything below them.
    public var excludedFolders = 0
    /// Links to folders that were not followed.
    public var linkedFolders = 0

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
        case added, updated, moved, unchanged, removed, reused, skipped
        case skippedCount = "skipped_count"
        case otherKinds = "other_kinds"
        case excludedFiles = "excluded_files"
        case excludedFolders = "excluded_folders"
        case linkedFolders = "linked_folders"
    }
}

extension IndexSummary {
    /// The endings of files of other kinds in a line, the most frequent first; nil where there are none.
    public var otherKindsLine: String? {
        guard !otherKinds.isEmpty else { return nil }
        let sorted = otherKinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let shown = sorted.prefix(6).map { "\($0.value) \($0.key.isEmpty ? "without extension" : ".\($0.key)")" }
        let rest = sorted.dropFirst(6).reduce(0) { $0 + $1.value }
        let total = otherKinds.values.reduce(0, +)
        return "\(total) \(total == 1 ? "file" : "files") of other kinds: "
            + (shown + (rest > 0 ? ["\(rest) others"] : [])).joined(separator: ", ")
    }

    /// What was passed over, a line each.
    public var notices: [String] {
        func several(_ count: Int, _ name: String) -> String { "\(count) \(name)\(count == 1 ? "" : "s")" }
        var lines = [otherKindsLine].compactMap { $0 }
        if excludedFiles + excludedFolders > 0 {
            let parts = [(excludedFolders, "folder"), (excludedFiles, "file")].filter { $0.0 > 0 }.map(several)
            lines.append("left out by patterns: \(parts.joined(separator: " and "))")
        }
        if linkedFolders > 0 { lines.append("\(several(linkedFolders, "link")) to folders not followed") }
        return lines
    }

    mutating func count(_ counts: FolderCounts.Counts) {
        otherKinds.merge(counts.otherKinds, uniquingKeysWith: +)
        excludedFiles += counts.excludedFiles
        excludedFolders += counts.excludedFolders
        linkedFolders += counts.linkedFolders
    }
}

/// What happened to one file.
public struct IndexEvent: Sendable {
    /// The kinds of things that happen.
    public enum Kind: String, Sendable { case added, updated, moved, unchanged, skipped }
    /// What happened; when it is `added`, `updated` or `moved`, it is on disk already.
    public let kind: Kind
    /// The file.
    public let path: String
    /// Why it was skipped.
    public let reason: String?
    /// What else is to be said: why not all of a video could be read.
    public var remark: String?
}
