internal import Synchronization

/// Files and folders elsewhere, by URLs such as `s3://bucket/folder/a.jpg`, which datasets are read from as from paths.
///
/// Everything blocks its thread until it is there.
public protocol RemoteFiles: Sendable {
    /// Whether a path is a URL of these.
    func holds(_ path: String) -> Bool
    /// A file that is read in parts.
    ///
    /// - Throws: ``DatasetError`` where it is missing, or may not be read.
    func open(_ path: String) throws(DatasetError) -> any RemoteFile
    /// All bytes of a file that has `limit` at most.
    ///
    /// - Throws: ``DatasetError`` where it is missing or larger, or may not be read.
    func read(_ path: String, limit: Int) throws(DatasetError) -> [UInt8]
    /// Begins to read a file that will be wanted soon; ``read(_:limit:)`` gives it then. Does not wait, and nothing where that cannot
    /// be done.
    func prepare(_ path: String)
    /// Whether a path is a folder.
    ///
    /// - Throws: ``DatasetError`` where there is neither a file nor a folder.
    func isFolder(_ path: String) throws(DatasetError) -> Bool
    /// What lies in a folder, and not in those within it.
    func entries(of folder: String) throws(DatasetError) -> [RemoteEntry]
    /// The paths, from the folder's own, of all files in it and below.
    func files(below folder: String) throws(DatasetError) -> [String]
    /// What is known of a file since it was listed or opened; nil for others. Does not wait.
    func facts(of path: String) -> RemoteFacts?
}

/// What a place elsewhere says of one of its files.
public struct RemoteFacts: Sendable, Equatable {
    /// The place, as in `s3://bucket`.
    public let source: String
    /// The path in it.
    public let path: String
    /// The size in bytes.
    public let size: Int?
    /// The place's name for this version of it, where versions are kept.
    public let version: String?
    /// What changes whenever its bytes do.
    public let etag: String?
    /// When it was last changed.
    public let lastModified: DatasetTimestamp?

    /// Collects what is known.
    public init(
        source: String, path: String, size: Int?, version: String?, etag: String?, lastModified: DatasetTimestamp?
    ) {
        (self.source, self.path, self.size, self.version) = (source, path, size, version)
        (self.etag, self.lastModified) = (etag, lastModified)
    }
}

/// A file elsewhere. It must stay as it is while it is read.
public protocol RemoteFile: Sendable {
    /// Its size in bytes.
    var size: Int { get }
    /// The `count` bytes from `offset` on, all of which lie in the file.
    func read(at offset: Int, count: Int) throws(DatasetError) -> [UInt8]
}

/// A file or folder in a folder elsewhere.
public struct RemoteEntry: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// Whether it is a folder.
    public let isFolder: Bool

    /// Names an entry.
    public init(_ name: String, isFolder: Bool) {
        (self.name, self.isFolder) = (name, isFolder)
    }
}

/// The files elsewhere that this process can read.
public enum RemotePaths {
    private static let installed = Mutex<(any RemoteFiles)?>(nil)

    /// Reads paths that `files` holds through it from now on.
    public static func install(_ files: any RemoteFiles) { installed.withLock { $0 = files } }

    /// Whether a path lies elsewhere.
    public static func holds(_ path: String) -> Bool { files(for: path) != nil }

    /// All bytes of a file elsewhere.
    ///
    /// - Throws: ``DatasetError`` where it is missing or has more than `limit` bytes, or nothing reads such paths.
    public static func read(_ path: String, limit: Int) throws(DatasetError) -> [UInt8] {
        guard let files = files(for: path) else {
            throw DatasetError(.unsupported, path: path, "cannot be read from here")
        }
        return try files.read(path, limit: limit)
    }

    /// What is known of a file elsewhere since it was listed or opened.
    public static func facts(of path: String) -> RemoteFacts? { files(for: path)?.facts(of: path) }

    /// Begins to read a file that will be wanted soon.
    static func prepare(_ path: String) { files(for: path)?.prepare(path) }

    /// The images at a path elsewhere: those of a folder and below, by their paths; nil where it is a file that is none.
    ///
    /// - Throws: ``DatasetError`` where there is nothing, or it may not be read.
    public static func images(at path: String) throws(DatasetError) -> [String]? {
        guard let files = files(for: path) else { return nil }
        guard try files.isFolder(path) else { return WebDatasetName.isImage(path) ? [path] : nil }
        let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
        return try FolderDataset.images(files.files(below: folder)).map { "\(folder)/\($0)" }
    }

    /// What a path is read through; nil for one on this machine.
    static func files(for path: String) -> (any RemoteFiles)? {
        // Asked for each image.
        guard path.utf8.contains(UInt8(ascii: ":")), let files = installed.withLock({ $0 }), files.holds(path) else {
            return nil
        }
        return files
    }
}
