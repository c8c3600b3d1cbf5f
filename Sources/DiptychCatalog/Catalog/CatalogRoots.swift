internal import DiptychDatasets
internal import Foundation

/// The folders that a catalog's files lie below, by name. A file is kept as its root's name and its path in it, so that a
/// catalog beside its images may be moved together with them.
struct CatalogRoots: Sendable {
    struct Root: Sendable, Equatable {
        let name: String
        /// Where it was when it was noted: absolute, without a slash at the end but for `/`.
        let noted: String
        /// The way to it from the catalog's directory, where both lie close to each other.
        let beside: String?
    }

    /// The catalog's directory without symbolic links.
    let directory: String
    private(set) var roots: [Root] = []
    private var places: [String: String] = [:]
    /// The deepest first.
    private var deepest: [(name: String, path: String)] = []

    /// The most steps upwards from the catalog to a root that moves together with it.
    private static let mostSteps = 3

    init(directory: String) { self.directory = Self.real(directory) }

    /// A path without symbolic links, whether the file is there or not.
    static func real(_ path: String) -> String {
        let url = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath()
        return url.path.count > 1 && url.path.hasSuffix("/") ? String(url.path.dropLast()) : url.path
    }

    /// The path from `/` on, with links as they are.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : URL(fileURLWithPath: path).standardizedFileURL.path
    }

    mutating func add(_ root: Root) {
        roots.append(root)
        let place = Self.place(of: root, from: directory)
        places[root.name] = place
        deepest.append((root.name, place))
        deepest.sort { $0.path.utf8.count > $1.path.utf8.count }
    }

    /// Where a root lies now: by its way from the catalog where something is there, else where it was noted.
    private static func place(of root: Root, from directory: String) -> String {
        if let beside = root.beside {
            let path = real(directory + "/" + beside)
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        return root.noted
    }

    /// Where the root called `name` lies now.
    func place(_ name: String) -> String? { places[name] }

    /// A new root for a folder, with a name that none has.
    func newRoot(at folder: String, named wanted: String? = nil) -> Root {
        let last = folder.split(separator: "/").last.map(String.init) ?? "files"
        let plain = String(
            (wanted ?? last).unicodeScalars.map {
                $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-.".unicodeScalars.contains($0)
                    ? Character($0) : "-"
            })
        let base = plain.isEmpty ? "files" : plain
        var (name, number) = (base, 2)
        while places[name] != nil { (name, number) = ("\(base)-\(number)", number + 1) }
        return Root(name: name, noted: folder, beside: beside(folder))
    }

    private func beside(_ folder: String) -> String? {
        let from = directory.split(separator: "/"), to = folder.split(separator: "/")
        let common = zip(from, to).prefix { $0 == $1 }.count
        guard common > 0, from.count - common <= Self.mostSteps else { return nil }
        let steps = [String](repeating: "..", count: from.count - common) + to.dropFirst(common).map(String.init)
        return steps.isEmpty ? "." : steps.joined(separator: "/")
    }

    /// The deepest root that an absolute path is or lies below, and the rest of it.
    func split(_ path: String) -> (root: String, path: String)? {
        for (name, place) in deepest {
            if path == place { return (name, "") }
            let prefix = place == "/" ? "/" : place + "/"
            if path.utf8.count > prefix.utf8.count, path.utf8.starts(with: prefix.utf8) {
                return (name, String(decoding: path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
            }
        }
        return nil
    }

    private static let scheme = "root://"

    /// A file's path as a catalog keeps it: `root://NAME/PATH`, or the path where it lies below no root.
    func text(ofFile path: String) -> String {
        guard !RemotePaths.holds(path) else { return path }
        let path = Self.absolute(path)
        return split(path).map { Self.scheme + $0.root + "/" + $0.path } ?? path
    }

    /// The path that a kept text says.
    func file(_ text: String) -> String {
        guard text.hasPrefix(Self.scheme) else { return text }
        let rest = text.dropFirst(Self.scheme.count)
        guard let cut = rest.firstIndex(of: "/"), let place = places[String(rest[..<cut])] else { return text }
        // A catalog of others must not lead out of its roots.
        guard !rest[cut...].split(separator: "/").contains("..") else { return text }
        let inside = rest[cut...]
        return inside == "/" ? place : (place == "/" ? "" : place) + inside
    }

    /// An image as SQL sees it: a text, or bytes.
    func stored(_ image: ImageReference) -> StoredValue {
        switch image {
        case .file(let path): .text(text(ofFile: path))
        case .url(let url): .text(url)
        case .bytes(let bytes): .blob(bytes)
        case .part(let part): .text("\(text(ofFile: part.path))#\(part.offset)+\(part.count)")
        }
    }

    /// The image that a kept value says.
    func image(_ value: StoredValue) -> ImageReference? {
        switch value {
        case .blob(let bytes): return .bytes(bytes)
        case .text(let text):
            // Files of buckets are read with this user's keys; what a table says of the web is fetched behind the guards.
            if Self.isBucket(text) { return .file(text) }
            if Self.isURL(text) { return .url(text) }
            if let mark = text.lastIndex(of: "#") {
                let numbers = text[text.index(after: mark)...].split(separator: "+", omittingEmptySubsequences: false)
                if numbers.count == 2, let offset = Int(numbers[0]), let count = Int(numbers[1]), offset >= 0,
                    count >= 0
                {
                    return .part(FilePart(path: file(String(text[..<mark])), offset: offset, count: count))
                }
            }
            return .file(file(text))
        case .null, .integer, .real: return nil
        }
    }

    /// A vector's place as a catalog keeps it.
    func text(of vector: VectorReference) -> String {
        VectorReference(
            part: FilePart(
                path: text(ofFile: vector.part.path), offset: vector.part.offset, count: vector.part.count),
            kind: vector.kind
        ).description
    }

    /// The vector's place that a kept text says; nil for another text.
    func vector(_ text: String) -> VectorReference? {
        guard let mark = text.lastIndex(of: "#") else { return nil }
        let rest = text[text.index(after: mark)...].split(separator: ":", omittingEmptySubsequences: false)
        guard rest.count == 2, let kind = VectorReference.Kind(rawValue: String(rest[1])) else { return nil }
        let numbers = rest[0].split(separator: "+", omittingEmptySubsequences: false)
        guard numbers.count == 2, let offset = Int(numbers[0]), let count = Int(numbers[1]), offset >= 0, count >= 0
        else {
            return nil
        }
        return VectorReference(
            part: FilePart(path: file(String(text[..<mark])), offset: offset, count: count), kind: kind)
    }

    private static func isBucket(_ text: String) -> Bool { text.hasPrefix("s3://") || text.hasPrefix("gs://") }

    private static func isURL(_ text: String) -> Bool {
        ["http://", "https://", "data:"].contains { text.prefix($0.count).lowercased() == $0 }
    }
}
