/// What a walk through folders looks at.
public struct FolderRules: Sendable {
    /// What is left out; of several patterns that mean a file or folder, the last counts.
    public var patterns: [FolderPattern]
    /// Whether links to folders are followed.
    public var followsLinks = false
    /// Whether videos are looked for besides images.
    public var takesVideos = false

    /// What network drives, systems and programs keep beside images: previews, deleted files, earlier versions, packages. Compared
    /// without regard to case. Hidden files and folders are left out anyway.
    public static let defaultPatterns: [FolderPattern] = [
        // Synology, QNAP and their snapshots.
        "@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", "@__thumb", "@SynoResource",
        "@SynoEAStream", "@tmp",
        // Recycle bins and what systems keep on each drive.
        "$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information", "lost+found", ".Trash*", ".Trashes",
        ".fseventsd", ".Spotlight-V100", "FOUND.[0-9][0-9][0-9]",
        // Previews, and what archives of other systems carry along.
        ".thumbnails", ".picasaoriginals", "iPod Photo Cache", "*.lrdata", "*.lrprev", "__MACOSX", "._*",
        ".AppleDouble",
        // Synchronisation and programming.
        ".stversions", ".stfolder", ".dropbox.cache", ".git", ".svn", ".hg", "node_modules", "__pycache__",
    ].compactMap { FolderPattern($0, ignoresCase: true) }

    /// The usual rules, and further patterns.
    public init(excluding patterns: [FolderPattern] = [], usesDefaults: Bool = true) {
        self.patterns = (usesDefaults ? Self.defaultPatterns : []) + patterns
    }

    /// Whether a file or folder is left out.
    ///
    /// - Parameter path: Its path from the root on.
    func excludes(_ path: String, isFolder: Bool) -> Bool {
        guard let last = patterns.last(where: { $0.matches(path, isFolder: isFolder) }) else { return false }
        return !last.isNegated
    }

    /// Whether a file, or a folder above it, is left out. Both paths are absolute.
    func excludes(_ path: String, below root: String) -> Bool {
        let rest = path.utf8.dropFirst(root == "/" ? 0 : root.utf8.count)
        guard !rest.isEmpty, !patterns.isEmpty else { return false }
        let names = rest.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
        return names.indices.contains { index in
            excludes(names[...index].joined(separator: "/"), isFolder: index < names.count - 1)
        }
    }
}
