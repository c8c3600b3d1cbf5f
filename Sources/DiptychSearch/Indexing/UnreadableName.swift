internal import Foundation

/// A path that a walk came across and that no file can be read from, with the reason.
struct UnreadableName: Error, CustomStringConvertible {
    let description: String

    /// Refuses folders that could not be listed, and names that are not text, which `String` cannot hold.
    static func check(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT, path.unicodeScalars.contains("\u{FFFD}") else { return }
            throw UnreadableName(description: "its name, or a folder's above it, is not valid UTF-8; rename it")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return }
        guard let folder = opendir(path) else {
            throw UnreadableName(description: "the folder cannot be listed: \(String(cString: strerror(errno)))")
        }
        closedir(folder)
        throw UnreadableName(description: "the folder could not be listed to its end; run again")
    }
}
