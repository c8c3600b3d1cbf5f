internal import Foundation

/// A directory with one folder of images for each class, as in `photos/red_fox/1.jpg`.
public struct LabelledFolder: Sendable {
    /// A class.
    public struct Class: Sendable, Equatable {
        /// Its folder's name.
        public let folder: String
        /// What it is called.
        public let label: String
    }

    /// The classes that have a folder, in the order of the bytes of the folders' names.
    public let classes: [Class]
    /// Labels of the labels file that have no folder; they compete with the others.
    public let otherLabels: [String]
    private let root: String
    private let indices: [String: Int]

    /// Reads the names of the folders in `path`, hidden ones left out.
    ///
    /// - Parameter labels: a file that names the classes, with lines of folder, tab and label, or one label a line in the order
    ///   of the folders' names; without it, a class is called as its
    ///   folder, with spaces for underscores.
    /// - Throws: ``DatasetError`` when there is no folder, or a class has no name or another's.
    public init(path: String, labels: String?) throws {
        root = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let folders = try Self.folders(in: root)
        let names: [String]
        (names, otherLabels) = try labels.map { try Self.names(for: folders, in: $0) } ?? (folders.map(Self.name), [])
        classes = zip(folders, names).map { Class(folder: $0, label: $1) }
        var known: [String: String] = [:]
        for entry in classes {
            guard !entry.label.allSatisfy(\.isWhitespace) else {
                throw DatasetError(
                    .malformed, path: "\(root)/\(entry.folder)",
                    "its name gives no label; name the classes with --labels")
            }
            if let other = known.updateValue(entry.folder, forKey: entry.label) {
                throw DatasetError(
                    .malformed, path: root,
                    "the folders '\(other)' and '\(entry.folder)' have the same label '\(entry.label)'; give "
                        + "each its own with --labels")
            }
        }
        indices = Dictionary(classes.enumerated().map { ($1.folder, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The folders to read, class by class.
    public var folders: [String] { classes.map { "\(root)/\($0.folder)" } }

    /// The class of an image by its path.
    public func index(ofImage path: String) -> Int? {
        let rest = path.utf8.dropFirst(root.utf8.count + 1).prefix { $0 != UInt8(ascii: "/") }
        return indices[String(decoding: rest, as: UTF8.self)]
    }

    /// A folder's name as people write it.
    private static func name(_ folder: String) -> String { folder.replacing("_", with: " ") }

    private static func folders(in root: String) throws -> [String] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root, isDirectory: &isDirectory) else {
            throw DatasetError(.unreadable, path: root, "there is no such directory")
        }
        guard isDirectory.boolValue else { throw DatasetError(.unreadable, path: root, "is not a directory") }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: root) } catch {
            throw DatasetError(.unreadable, path: root, "cannot be listed: \((error as NSError).localizedDescription)")
        }
        let folders = names.filter { name in
            var isDirectory: ObjCBool = false
            return !name.hasPrefix(".")
                && FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isDirectory)
                && isDirectory.boolValue
        }
        guard !folders.isEmpty else {
            throw DatasetError(
                .incomplete, path: root,
                "has no class folders; put the images of each class into one, as \(root)/cat/1.jpg")
        }
        return folders.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The labels of `folders` by the file at `path`, and the labels that have no folder.
    ///
    /// Lines are either `folder<TAB>label`, in any order, or labels alone, as many as folders and in their order (as
    /// Chinese-CLIP's data sets come: `test/000/…` and `label_cn.txt`).
    private static func names(for folders: [String], in path: String) throws -> ([String], others: [String]) {
        let lines = try TextFile.lines(path: path, of: "label")
        guard lines.contains(where: { $0.text.contains("\t") }) else {
            let labels = try TextFile.labels(path: path)
            guard labels.count == folders.count else {
                throw DatasetError(
                    .malformed, path: path,
                    "has \(labels.count) labels for \(folders.count) class folders; give one for each, in the "
                        + "order of their names, or lines of folder, tab and label")
            }
            return (labels, [])
        }
        var labels: [String: String] = [:]
        var order: [String] = []
        var known: Set<String> = []
        for line in lines {
            let parts = line.text.split(separator: "\t", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw DatasetError(
                    .malformed, path: "\(path):\(line.number)", "is not folder, tab and label, as other lines are")
            }
            guard labels.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw DatasetError(.malformed, path: "\(path):\(line.number)", "names the folder '\(parts[0])' again")
            }
            guard known.insert(parts[1]).inserted else {
                throw DatasetError(.malformed, path: "\(path):\(line.number)", "gives the label '\(parts[1])' again")
            }
            order.append(parts[0])
        }
        let names = try folders.map { folder in
            guard let label = labels[folder] else {
                throw DatasetError(.malformed, path: path, "has no label for the folder '\(folder)'")
            }
            return label
        }
        let present = Set(folders)
        return (names, order.filter { !present.contains($0) }.compactMap { labels[$0] })
    }
}
