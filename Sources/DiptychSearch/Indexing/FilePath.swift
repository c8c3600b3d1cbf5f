internal import Foundation

/// Paths, compared byte by byte: to `String`, names that differ in how they compose their accents are equal.
enum FilePath {
    /// Whether `path` is `folder` or below it; both are absolute and without a slash at the end.
    static func path(_ path: String, isAtOrBelow folder: String) -> Bool {
        guard folder != "/" else { return true }
        guard path.utf8.starts(with: folder.utf8) else { return false }
        let rest = path.utf8.dropFirst(folder.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }

    /// The path without symbolic links, as the system resolves it; nil, with `errno`, when there is no such file.
    static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
