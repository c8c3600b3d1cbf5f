internal import Foundation

/// The image files among files and folders, one after the other, folders with everything below them.
///
/// Hidden files and folders are left out, and what the rules exclude. Links to folders are not followed unless the rules say so;
/// then each folder is walked once, so that a walk always ends.
public struct ImageFiles: Sequence {
    /// The file name endings that count as images inside a folder.
    public static let extensions: Set<String> = [
        "jpg", "jpeg", "jpe", "jfif", "jif", "jfi", "png", "apng", "webp", "gif", "tif", "tiff", "bmp", "dib", "heic",
        "heif",
        "hif", "heics", "heifs", "avif", "avifs", "jxl", "pnm", "pbm", "pgm", "ppm", "pam",
    ]

    private let roots: [String]
    private let rules: FolderRules
    private let counts: FolderCounts?

    /// Images under `roots`, which are absolute paths of existing files and folders.
    ///
    /// - Parameters:
    ///   - rules: What is looked at below the roots.
    ///   - counts: Told what is passed over.
    public init(roots: [String], rules: FolderRules = FolderRules(), counts: FolderCounts? = nil) {
        (self.roots, self.rules, self.counts) = (roots, rules, counts)
    }

    /// The ending of a name in small letters, without its dot; empty where it has none.
    static func kind(of name: String) -> String {
        let bytes = name.utf8
        guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot != bytes.startIndex else { return "" }
        let ending = name[bytes.index(after: dot)...]
        // Longer ones are parts of names.
        return ending.utf8.count <= 16 && !ending.contains(" ") ? ending.lowercased() : ""
    }

    /// The path with symbolic links resolved, so that one file has one name.
    ///
    /// - Throws: ``StoreError`` when it does not exist or cannot be read.
    public static func resolve(_ path: String) throws -> String {
        guard !path.isEmpty, !path.utf8.contains(0), let resolved = FilePath.real(path) else {
            throw errno == EACCES
                ? StoreError(.inputOutput, path: path, "cannot be reached: no permission")
                : StoreError(.missing, path: path.isEmpty ? "\"\"" : path, "no such file or directory")
        }
        guard access(resolved, R_OK) == 0 else {
            throw StoreError(.inputOutput, path: path, "cannot be read: no permission")
        }
        return resolved
    }

    /// The roots that lie in no other one, each once, in their order.
    static func withoutOverlaps(_ roots: [String]) -> [String] {
        roots.indices.filter { index in
            !roots.indices.contains { other in
                let isSame = roots[other].utf8.elementsEqual(roots[index].utf8)
                return isSame ? other < index : FilePath.path(roots[index], isAtOrBelow: roots[other])
            }
        }.map { roots[$0] }
    }

    /// Goes through the files.
    public func makeIterator() -> Iterator { Iterator(roots: roots, rules: rules, counts: counts) }

    /// Goes through the files, holding one folder listing at a time for each level.
    ///
    /// A folder that cannot be listed is given like a file, so that whoever reads it learns why.
    public struct Iterator: IteratorProtocol {
        private struct Pending {
            let path: String
            /// The place of the root in the list, and the path from there on.
            let root: Int
            let relative: String
            let isFolder: Bool
            /// The file system of the folder above; nil for a root.
            var device: UInt64?
            /// Whether a link led here.
            var isLinked = false
        }

        private var pending: [Pending]
        private let roots: [String]
        private let rules: FolderRules
        private let counts: FolderCounts?
        /// The roots, and the folders that links have led to and below.
        private var visited: Set<FolderPlace> = []

        fileprivate init(roots: [String], rules: FolderRules, counts: FolderCounts?) {
            (self.roots, self.rules, self.counts) = (roots, rules, counts)
            pending = roots.enumerated().reversed().map { index, root in
                var status = stat()
                let isFolder = stat(root, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
                return Pending(path: root, root: index, relative: "", isFolder: isFolder)
            }
            if rules.followsLinks { visited = Set(roots.compactMap { FolderPlace(path: $0) }) }
        }

        /// The next file's path.
        public mutating func next() -> String? {
            while let next = pending.popLast() {
                guard next.isFolder else {
                    counts?.update { $0.found[roots[next.root], default: 0] += 1 }
                    return next.path
                }
                guard let listing = FolderListing(path: next.path, withVideos: rules.takesVideos) else {
                    // One that has vanished since its name was read is no news.
                    if errno == ENOENT, !next.path.unicodeScalars.contains("\u{FFFD}") { continue }
                    return next.path
                }
                if next.isLinked {
                    guard visited.insert(listing.place).inserted else { continue }
                }
                if let counts, let device = next.device, device != listing.place.device {
                    counts.update { if $0.mounts.count < FolderCounts.mountLimit { $0.mounts.insert(next.path) } }
                }
                // A store that lies among the images has files of its own, which nobody looks for.
                let isStore = listing.entries.contains { $0.name == EmbeddedStore.databaseName }
                for entry in listing.entries.reversed() where !(isStore && entry.kind == .other) {
                    take(entry, of: next, listing.place.device)
                }
            }
            return nil
        }

        private mutating func take(_ entry: FolderListing.Entry, of folder: Pending, _ device: UInt64) {
            let relative = folder.relative.isEmpty ? entry.name : "\(folder.relative)/\(entry.name)"
            let path = (folder.path == "/" ? "/" : folder.path + "/") + entry.name
            let isFolder = entry.kind == .folder || entry.kind == .linkedFolder
            if rules.excludes(relative, isFolder: isFolder) {
                counts?.update { if isFolder { $0.excludedFolders += 1 } else { $0.excludedFiles += 1 } }
                return
            }
            switch entry.kind {
            case .other: counts?.passedOver(entry.name)
            case .image:
                pending.append(Pending(path: path, root: folder.root, relative: relative, isFolder: false))
            case .folder:
                pending.append(
                    Pending(
                        path: path, root: folder.root, relative: relative, isFolder: true, device: device,
                        isLinked: folder.isLinked))
            case .linkedFolder:
                guard rules.followsLinks else {
                    counts?.update { $0.linkedFolders += 1 }
                    return
                }
                // What lies below a root is walked there, under its own name.
                guard let real = FilePath.real(path), !roots.contains(where: { FilePath.path(real, isAtOrBelow: $0) })
                else { return }
                pending.append(
                    Pending(
                        path: path, root: folder.root, relative: relative, isFolder: true, device: nil, isLinked: true))
            }
        }
    }
}
