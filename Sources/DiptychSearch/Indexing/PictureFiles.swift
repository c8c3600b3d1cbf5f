internal import Foundation

/// The picture files among files and folders, one after the other, folders with everything below them.
///
/// Hidden files and folders are left out, and symbolic links to folders are not followed, so that a walk always ends.
public struct PictureFiles: Sequence {
    /// The file name endings that count as pictures inside a folder.
    public static let extensions: Set<String> = [
        "jpg", "jpeg", "jpe", "png", "webp", "gif", "tif", "tiff", "bmp", "heic", "heif", "avif",
    ]

    private let roots: [String]

    /// Pictures under `roots`, which are absolute paths of existing files and folders.
    public init(roots: [String]) { self.roots = roots }

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
    public func makeIterator() -> Iterator { Iterator(roots: roots) }

    /// Goes through the files, holding one folder listing at a time for each level.
    ///
    /// A folder that cannot be listed is given like a file, so that whoever reads it learns why.
    public struct Iterator: IteratorProtocol {
        private var pending: [(path: String, isFolder: Bool)]

        fileprivate init(roots: [String]) {
            pending = roots.reversed().map { root in
                var status = stat()
                return (root, stat(root, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR)
            }
        }

        /// The next file's path.
        public mutating func next() -> String? {
            while let (path, isFolder) = pending.popLast() {
                guard isFolder else { return path }
                guard let listing = FolderListing(path: path) else {
                    // One that has vanished since its name was read is no news.
                    if errno == ENOENT, !path.unicodeScalars.contains("\u{FFFD}") { continue }
                    return path
                }
                for entry in listing.entries.reversed() {
                    pending.append(((path == "/" ? "/" : path + "/") + entry.name, entry.isFolder))
                }
            }
            return nil
        }
    }
}
