internal import Foundation

/// What lies in a folder, here or elsewhere.
struct Folder {
    /// Without a slash at its end.
    let path: String
    /// In the order of their bytes.
    let names: [String]
    private let remote: [String: Bool]?

    /// Whether there is a folder at `path`.
    ///
    /// - Throws: ``DatasetError`` where it lies elsewhere and cannot be looked at.
    static func isFolder(_ path: String) throws(DatasetError) -> Bool {
        if let files = RemotePaths.files(for: path) { return try files.isFolder(path) }
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// Lists a folder; one on this machine that cannot be listed is empty.
    init(_ path: String) throws(DatasetError) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        if let files = RemotePaths.files(for: path) {
            let entries = try files.entries(of: self.path)
            names = entries.map(\.name).sorted()
            remote = Dictionary(entries.map { ($0.name, $0.isFolder) }) { $1 }
        } else {
            names = ((try? FileManager.default.contentsOfDirectory(atPath: self.path)) ?? []).sorted()
            remote = nil
        }
    }

    /// Whether it lies elsewhere.
    var isRemote: Bool { remote != nil }

    /// Whether one of the names is a folder.
    func hasFolder(_ name: String) -> Bool {
        if let remote { return remote[name] ?? false }
        return (try? Self.isFolder("\(path)/\(name)")) ?? false
    }
}
