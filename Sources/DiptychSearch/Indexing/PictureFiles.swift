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
        guard FileManager.default.fileExists(atPath: path) else {
            throw StoreError(.missing, path: path, "no such file or directory")
        }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw StoreError(.inputOutput, path: path, "cannot be read: no permission")
        }
        return URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }

    /// Goes through the files.
    public func makeIterator() -> Iterator { Iterator(roots: roots) }

    /// Goes through the files, holding one folder listing at a time for each level.
    public struct Iterator: IteratorProtocol {
        private var pending: [String]

        fileprivate init(roots: [String]) { pending = roots.reversed() }

        /// The next file's path.
        public mutating func next() -> String? {
            while let path = pending.popLast() {
                var isDirectory: ObjCBool = false
                guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue
                else { return path }
                // A folder that cannot be listed is given as if it were a picture: reading it says why it cannot be.
                guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return path }
                // Sorted, so that a run goes the same way each time.
                for name in names.sorted(by: >) where !name.hasPrefix(".") {
                    let child = path == "/" ? "/" + name : path + "/" + name
                    let isPicture = PictureFiles.extensions.contains((name as NSString).pathExtension.lowercased())
                    var status = stat()
                    guard lstat(child, &status) == 0 else {
                        // Such as a name that is not UTF-8: given as well, so that it is not lost in silence.
                        if isPicture { pending.append(child) }
                        continue
                    }
                    let kind = status.st_mode & S_IFMT
                    if kind == S_IFDIR {
                        pending.append(child)
                    } else if isPicture, kind == S_IFREG || kind == S_IFLNK {
                        if kind == S_IFLNK {
                            var target = stat()
                            guard stat(child, &target) == 0, target.st_mode & S_IFMT == S_IFREG else { continue }
                        }
                        pending.append(child)
                    }
                }
            }
            return nil
        }
    }
}
