public import Foundation

/// A file of a source, by what the source says of it: enough to read it, and to tell whether it has changed.
public struct SourceFile: Sendable, Hashable, Codable {
    /// The source that it is a file of, as in `s3://bucket`, `https://host/data` or `file:///home/me/pictures`.
    public var source: String
    /// Its path in the source, without a slash at the beginning.
    public var path: String
    /// Its size in bytes; nil where the source does not say.
    public var size: Int?
    /// The source's name for this version of it, where versions are kept.
    public var version: String?
    /// What changes whenever its bytes do, without quotes.
    public var etag: String?
    /// When it was last changed.
    public var lastModified: Date?

    /// Collects what is known.
    public init(
        source: String, path: String, size: Int? = nil, version: String? = nil, etag: String? = nil,
        lastModified: Date? = nil
    ) {
        (self.source, self.path, self.size, self.version) = (source, path, size, version)
        (self.etag, self.lastModified) = (etag, lastModified)
    }

    /// Where it is: a path on this machine, else a URL.
    public var url: String {
        let root = source.hasPrefix("file://") ? String(source.dropFirst("file://".count)) : source
        return root.hasSuffix("/") ? root + path : "\(root)/\(path)"
    }

    enum CodingKeys: String, CodingKey {
        case source, path, size, version, etag
        case lastModified = "last_modified"
    }
}

/// A part of a list of files.
public struct SourcePage: Sendable, Equatable {
    /// The files, in the order of the source.
    public var files: [SourceFile]
    /// The folders, with a slash at the end, where only the files of one folder were asked for.
    public var folders: [String]
    /// What the next part begins with; nil behind the last one.
    public var next: String?

    /// Collects a part.
    public init(files: [SourceFile] = [], folders: [String] = [], next: String? = nil) {
        (self.files, self.folders, self.next) = (files, folders, next)
    }
}
