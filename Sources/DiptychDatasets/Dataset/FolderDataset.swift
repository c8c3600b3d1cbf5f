internal import Foundation

/// The pictures of a folder and those below, by their names: the columns `image` and, where each lies in a folder of the
/// folder, `label`, which is that folder's name. Hidden ones are left out; links to folders are not followed.
struct FolderDataset: Dataset {
    let columns: [DatasetColumn]
    private let folder: String
    private var paths = TextTable()

    /// Folders within folders beyond these are left out.
    private static let deepest = 64

    /// - Parameter notes: takes the folders that are left out.
    init(_ folder: String, notes: DatasetNotes? = nil) throws(DatasetError) {
        self.folder = folder.hasSuffix("/") && folder.count > 1 ? String(folder.dropLast()) : folder
        if let files = RemotePaths.files(for: folder) {
            let found = try Self.images(files.files(below: self.folder))
            for path in found { paths.append(path) }
            let isLabelled = !found.isEmpty && found.allSatisfy { $0.contains("/") }
            columns = [DatasetColumn("image", .image)] + (isLabelled ? [DatasetColumn("label", .text)] : [])
            return
        }
        var isLabelled = true
        // The last one is the next: names in the order of their bytes.
        var waiting = [(path: "", depth: 0, isFolder: true)]
        while let (path, depth, isFolder) = waiting.popLast() {
            let full = path.isEmpty ? self.folder : "\(self.folder)/\(path)"
            // The folder itself may be a link.
            let named = URL(fileURLWithPath: full, isDirectory: true)
            let url = path.isEmpty ? named.resolvingSymlinksInPath() : named
            let keys: Set<URLResourceKey> = [.isDirectoryKey, .isSymbolicLinkKey]
            guard isFolder else {
                isLabelled = isLabelled && path.contains("/")
                paths.append(path)
                continue
            }
            let entries: [URL]
            do {
                entries = try FileManager.default.contentsOfDirectory(
                    at: url, includingPropertiesForKeys: Array(keys), options: [])
            } catch {
                guard path.isEmpty else {
                    notes?.add("folders that cannot be listed are left out", about: folder, path: folder, place: path)
                    continue
                }
                throw DatasetError(
                    .unreadable, path: full, "cannot be listed: \((error as NSError).localizedDescription)")
            }
            let names = entries.compactMap { entry -> (name: String, isFolder: Bool)? in
                let name = entry.lastPathComponent
                guard !name.hasPrefix("."), let facts = try? entry.resourceValues(forKeys: keys) else { return nil }
                if Self.isLink(facts), Self.isFolder(entry) {
                    notes?.add(
                        "links to folders are not followed; give the folder that one names as a source", about: folder,
                        path: folder, place: path.isEmpty ? name : "\(path)/\(name)")
                    return nil
                }
                if facts.isDirectory == true {
                    guard depth < Self.deepest else {
                        notes?.add(
                            "folders more than \(Self.deepest) deep are left out", about: folder, path: folder,
                            place: "\(path)/\(name)")
                        return nil
                    }
                    return (name, true)
                }
                return WebDatasetName.isImage(name) ? (name, false) : nil
            }
            for (name, isFolder) in names.sorted(by: { $1.name.utf8.lexicographicallyPrecedes($0.name.utf8) }) {
                waiting.append((path.isEmpty ? name : "\(path)/\(name)", depth + 1, isFolder))
            }
        }
        isLabelled = isLabelled && paths.count > 0
        columns = [DatasetColumn("image", .image)] + (isLabelled ? [DatasetColumn("label", .text)] : [])
    }

    private static func isLink(_ facts: URLResourceValues) -> Bool { facts.isSymbolicLink == true }

    /// Whether a link leads to a folder.
    private static func isFolder(_ entry: URL) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: entry.path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// The images among the files of a folder elsewhere, in the order that they would have here: folder by folder.
    static func images(_ paths: [String]) -> [String] {
        paths.filter { path in
            let parts = path.split(separator: "/")
            return parts.allSatisfy { !$0.hasPrefix(".") }
                && parts.last.map { WebDatasetName.isImage(String($0)) } == true
        }.sorted { one, other in
            one.utf8.lazy.map { $0 == 0x2F ? 0 : $0 }.lexicographicallyPrecedes(
                other.utf8.lazy.map { $0 == 0x2F ? 0 : $0 })
        }
    }

    var count: Int { paths.count }

    func place(ofRow index: Int) -> DatasetPlace { DatasetPlace(file: "\(folder)/\(paths[index])", place: "") }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let path = paths[index]
        var values: [DatasetValue] = [.image(.file("\(folder)/\(path)"))]
        if columns.count > 1 {
            let label = String(path.prefix { $0 != "/" })
            // A name that stands in a URL.
            values.append(.text(RowBuilder.scheme(folder) == nil ? label : label.removingPercentEncoding ?? label))
        }
        return DatasetRecord(columns: columns, values: values)
    }
}
