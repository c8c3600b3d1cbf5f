internal import Foundation

/// Finds the source that a URL or path belongs to.
///
///     let sources = Sources(options)
///     let (bucket, prefix) = try sources.locate("s3://photos/2024/")
///     for file in bucket.files(below: prefix) { print(try file.get().url) }
public struct Sources: Sendable {
    /// How sources are reached.
    public let options: SourceOptions
    private let known = KnownSources()

    /// Prepares to find sources.
    public init(_ options: SourceOptions = SourceOptions()) { self.options = options }

    /// Whether a text is a URL of a source elsewhere.
    public static func isElsewhere(_ text: String) -> Bool { scheme(text) != nil }

    /// The source of a URL (`s3://bucket/…`, `gs://bucket/…`, `http://…`, `https://…`) or a path on this machine, and the path in
    /// it: a folder's with a slash at its end, where the text has one.
    ///
    /// - Throws: ``SourceError`` where it cannot be one.
    public func locate(_ text: String) throws(SourceError) -> (source: any Source, path: String) {
        guard let scheme = Self.scheme(text) else {
            let url = URL(fileURLWithPath: text).standardizedFileURL
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), isDirectory.boolValue {
                return (try FolderSource(url.path), "")
            }
            return (try FolderSource(url.deletingLastPathComponent().path), url.lastPathComponent)
        }
        let rest = text.dropFirst(scheme.count + 3)
        let options = options
        if let provider = BucketSource.Provider(rawValue: scheme) {
            let bucket = String(rest.prefix { $0 != "/" })
            let path = String(rest.dropFirst(bucket.count + 1))
            let name = "\(scheme)://\(bucket)"
            let source = try known.source(name) { () throws(SourceError) in
                try BucketSource(provider, bucket: bucket, options: options)
            }
            return (source, path)
        }
        // A query belongs to the file.
        let plain = text.prefix { $0 != "?" && $0 != "#" }
        guard let host = rest.firstIndex(of: "/"), let slash = plain.lastIndex(of: "/"), slash >= host else {
            return (try known.source(text) { () throws(SourceError) in try WebSource(text, options: options) }, "")
        }
        let folder = String(plain[..<slash])
        let source = try known.source(folder) { () throws(SourceError) in try WebSource(folder, options: options) }
        return (source, String(text[text.index(after: slash)...]))
    }

    private static func scheme(_ text: String) -> String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[colon...].hasPrefix("://") else {
            return nil
        }
        let scheme = text[..<colon].lowercased()
        return ["s3", "gs", "http", "https"].contains(scheme) ? scheme : nil
    }
}
