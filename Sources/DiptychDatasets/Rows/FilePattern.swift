internal import Foundation

/// File names with braces and wildcards: `shards-{00000..00099}.tar`, `data/*/train-*.parquet`.
public enum FilePattern {
    /// The names that `pattern` stands for: those of its braces in their order, as in ``BracePattern``, and for each with `*`
    /// (any characters) or `?` (one character) in it the files and folders that are there, in the order of their bytes. Wildcards
    /// do not cross folders, and do not stand for a dot at the beginning. A name that exists as it stands is taken as it stands.
    ///
    /// - Throws: ``DatasetError`` where nothing matches, or there are more than ``BracePattern/limit``.
    public static func expand(_ pattern: String) throws(DatasetError) -> [String] {
        var names: [String] = []
        for name in try BracePattern.expand(pattern) { names += try matches(name) }
        return names
    }

    private static func isWild(_ text: some StringProtocol) -> Bool { text.contains { $0 == "*" || $0 == "?" } }

    private static func matches(_ name: String) throws(DatasetError) -> [String] {
        // A question mark begins a URL's query.
        let scheme = RowBuilder.scheme(name)
        guard scheme == nil, isWild(name), !LocalFile.exists(name) else { return [name] }
        var root = name.hasPrefix("/") ? "/" : ""
        var rest = name[...]
        if let end = name.range(of: "://")?.upperBound {
            root = String(name[..<end])
            rest = name[end...]
        }
        var found = [root]
        let parts = rest.split(separator: "/")
        for (index, part) in parts.enumerated() {
            guard isWild(part) else {
                found = found.map { joined($0, String(part)) }
                continue
            }
            var next: [String] = []
            for path in found {
                let folder = try Folder(path.isEmpty ? "." : path)
                let isLast = index == parts.count - 1
                next += folder.names.filter { isMatch($0, part) && (isLast || folder.hasFolder($0)) }
                    .map { joined(path, $0) }
                guard next.count <= BracePattern.limit else {
                    throw DatasetError(.tooLarge, path: name, "stands for more than \(BracePattern.limit) files")
                }
            }
            found = next
        }
        // Names behind the last wildcard may not be there in each folder.
        if parts.last.map(isWild) == false {
            var there: [String] = []
            for path in found where try exists(path) { there.append(path) }
            found = there
        }
        guard !found.isEmpty else { throw DatasetError(.unreadable, path: name, "no file matches this pattern") }
        return found
    }

    private static func joined(_ folder: String, _ name: String) -> String {
        folder.isEmpty || folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    private static func exists(_ path: String) throws(DatasetError) -> Bool {
        guard let files = RemotePaths.files(for: path) else { return LocalFile.exists(path) }
        do throws(DatasetError) {
            _ = try files.isFolder(path)
            return true
        } catch {
            guard error.kind == .unreadable else { throw error }
            return false
        }
    }

    /// Whether `name` is one that `pattern` stands for. Its time is bounded by the product of both lengths.
    static func isMatch(_ name: String, _ pattern: Substring) -> Bool {
        let (name, pattern) = (Array(name), Array(pattern))
        guard name.first != "." || pattern.first == "." else { return false }
        var (place, at, star, mark) = (0, 0, -1, 0)
        while place < name.count {
            if at < pattern.count, pattern[at] != "*", pattern[at] == "?" || pattern[at] == name[place] {
                (place, at) = (place + 1, at + 1)
            } else if at < pattern.count, pattern[at] == "*" {
                (star, mark) = (at, place)
                at += 1
            } else if star >= 0 {
                // The last star takes one more.
                mark += 1
                (place, at) = (mark, star + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == "*" }
    }
}
