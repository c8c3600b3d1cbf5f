internal import Foundation

/// A folder on this machine. Hidden files and folders are left out; links to folders are not followed.
public struct FolderSource: Source {
    /// `file://` and the folder's path.
    public let name: String
    private let root: String

    /// Names a folder.
    ///
    /// - Throws: ``SourceError`` where there is none.
    public init(_ path: String) throws(SourceError) {
        root = URL(fileURLWithPath: path).standardizedFileURL.path
        name = "file://\(root)"
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw SourceError(.missing, url: path, "there is no such folder")
        }
    }

    /// A part of the files below a prefix; see ``Source``.
    public func page(of prefix: String, isDeep: Bool, after next: String?) throws(SourceError) -> SourcePage {
        var walk = FolderWalk(next, from: prefix)
        guard let folder = walk.pop() else { return SourcePage() }
        let begin = prefix.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        var page = SourcePage()
        var folders: [String] = []
        for name in try names(folder) {
            let path = folder + name
            // A prefix may end within a name.
            guard next != nil || name.hasPrefix(begin) else { continue }
            guard let file = file(path) else {
                if isFolder(path) { folders.append(path + "/") }
                continue
            }
            page.files.append(file)
        }
        if isDeep { page.next = try walk.pushing(folders, of: name) } else { page.folders = folders }
        return page
    }

    /// What is said of one file; see ``Source``.
    public func facts(of path: String) throws(SourceError) -> SourceFile {
        guard !path.utf8.contains(0), let file = file(path) else {
            throw SourceError(.missing, url: "\(root)/\(path)", "there is no such file")
        }
        return file
    }

    /// The bytes of a file, or of a range of it; see ``Source``.
    public func read(_ path: String, _ range: Range<Int>?, limit: Int) throws(SourceError) -> [UInt8] {
        let full = "\(root)/\(path)"
        let facts = try facts(of: path)
        let whole = 0..<(facts.size ?? 0)
        let wanted = (range ?? whole).clamped(to: whole)
        guard wanted.count <= limit else {
            throw SourceError(.tooLarge, url: full, "\(wanted.count) bytes are more than \(limit)")
        }
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: full))
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(wanted.lowerBound))
            var bytes: [UInt8] = []
            while bytes.count < wanted.count, let part = try handle.read(upToCount: wanted.count - bytes.count),
                !part.isEmpty
            { bytes += part }
            return bytes
        } catch {
            throw SourceError(.forbidden, url: full, "cannot be read: \((error as NSError).localizedDescription)")
        }
    }

    private func names(_ folder: String) throws(SourceError) -> [String] {
        let path = "\(root)/\(folder)"
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch {
            throw SourceError(.forbidden, url: path, "cannot be listed: \((error as NSError).localizedDescription)")
        }
    }

    private func isFolder(_ path: String) -> Bool {
        let type = try? FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")[.type]
        return type as? FileAttributeType == .typeDirectory
    }

    private func file(_ path: String) -> SourceFile? {
        var status = stat()
        guard stat("\(root)/\(path)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        #if canImport(Darwin)
            let modified = status.st_mtimespec
        #else
            let modified = status.st_mtim
        #endif
        let (seconds, nanoseconds) = (Int(modified.tv_sec), Int(modified.tv_nsec))
        return SourceFile(
            source: name, path: path, size: Int(status.st_size),
            etag:
                "\(String(seconds, radix: 16))-\(String(nanoseconds, radix: 16))-\(String(status.st_size, radix: 16))",
            lastModified: Date(timeIntervalSince1970: Double(seconds) + Double(nanoseconds) / 1e9))
    }
}

/// The folders that a walk has still to look at, as a list's next part remembers them.
struct FolderWalk {
    /// The last one is the next.
    private var waiting: [String]
    private static let most = 100_000

    /// - Parameters:
    ///   - token: what ``pushing(_:)`` gave.
    ///   - prefix: where a walk begins that has no token: in the prefix's last whole folder.
    init(_ token: String?, from prefix: String) {
        let start = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
        waiting = token?.split(separator: "\0", omittingEmptySubsequences: false).map(String.init) ?? [start]
    }

    mutating func pop() -> String? { waiting.popLast() }

    /// The token with more folders, the first of which is the next; nil where none is left.
    ///
    /// - Throws: ``SourceError`` where there are too many to remember.
    func pushing(_ folders: [String], of source: String) throws(SourceError) -> String? {
        let all = waiting + folders.reversed()
        guard all.count <= Self.most else {
            throw SourceError(.tooLarge, url: source, "has more than \(Self.most) folders; name a part of them")
        }
        // A zero stands in no path.
        return all.isEmpty ? nil : all.joined(separator: "\0")
    }
}
