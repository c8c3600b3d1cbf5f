internal import Crypto
internal import DiptychVideo
internal import Foundation

/// Which files are videos.
enum VideoFiles {
    /// The file name endings that count as videos inside a folder. `.ts` is left out: most of such files are programs.
    static let extensions: Set<String> = [
        "mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "mts", "m2ts", "flv", "wmv", "ogv", "3gp", "mxf",
    ]

    /// Whether an input is a video file.
    static func isVideo(_ input: Result<IndexInput, IndexInputError>) -> Bool {
        guard let path = try? input.get().file else { return false }
        return extensions.contains(ImageFiles.kind(of: Filter.name(of: path)))
    }

    /// What filters call the kind of a file: by what it holds, and its name where formats share that.
    static func type(_ facts: VideoFacts, path: String) -> String {
        let names = facts.format.split(separator: ",").map(String.init)
        let ending = ImageFiles.kind(of: Filter.name(of: path))
        return names.contains(ending) || names.count > 1 && extensions.contains(ending) ? ending : names.first ?? ending
    }

    /// The hash of a file's bytes, of which a small part is in memory at a time. Blocks.
    static func content(of path: String) throws -> ContentHash {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw IndexInputError(path: path, reason: "cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { try? file.close() }
        var hash = SHA256()
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
        return ContentHash(bytes: Data(hash.finalize())) ?? ContentHash(of: Data())
    }
}
