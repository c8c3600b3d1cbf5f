/// A pattern of names that a walk through folders leaves out, as in a `.gitignore` file: `*` and `?` stand for characters within a
/// name, `**` for any folders, `[abc]` for one of several characters. A pattern without a slash is compared with each name, one with
/// a slash with the path from the root on; a slash at the end means folders only, `!` before it takes back what earlier patterns
/// left out.
public struct FolderPattern: Sendable, Equatable, CustomStringConvertible {
    /// The pattern as it was given.
    public let description: String
    private let parts: [[UInt8]]
    private let isAnchored: Bool
    private let onlyFolders: Bool
    private let ignoresCase: Bool
    /// Whether it takes back what others leave out.
    let isNegated: Bool

    /// The longest pattern, in bytes.
    public static let byteLimit = 4096

    /// Reads a pattern; nil where it is empty or too long.
    public init?(_ text: String) { self.init(text, ignoresCase: false) }

    init?(_ text: String, ignoresCase: Bool) {
        description = text
        self.ignoresCase = ignoresCase
        isNegated = text.hasPrefix("!")
        var pattern = isNegated ? Substring(text.dropFirst()) : Substring(text)
        onlyFolders = pattern.hasSuffix("/")
        while pattern.hasSuffix("/") { pattern.removeLast() }
        isAnchored = pattern.contains("/")
        parts = pattern.split(separator: "/").map { part in ignoresCase ? Self.lower(part.utf8) : Array(part.utf8) }
        guard !parts.isEmpty, text.utf8.count <= Self.byteLimit, !text.utf8.contains(0) else { return nil }
    }

    /// Whether it means a file or folder.
    ///
    /// - Parameter path: The path from the root on, such as `2024/a.jpg`.
    func matches(_ path: String, isFolder: Bool) -> Bool {
        guard isFolder || !onlyFolders else { return false }
        let names = path.utf8.split(separator: UInt8(ascii: "/")).map { ignoresCase ? Self.lower($0) : Array($0) }
        guard isAnchored else { return names.last.map { Self.matches(parts[0], $0) } ?? false }
        // For each number of names, whether the parts so far may stand for the first that many.
        var reached = [true] + [Bool](repeating: false, count: names.count)
        for part in parts {
            var next = [Bool](repeating: false, count: names.count + 1)
            if part == Array("**".utf8) {
                var isOpen = false
                for count in 0...names.count {
                    isOpen = isOpen || reached[count]
                    next[count] = isOpen
                }
            } else {
                for count in 0..<names.count where reached[count] && Self.matches(part, names[count]) {
                    next[count + 1] = true
                }
            }
            reached = next
        }
        return reached[names.count]
    }

    private static func lower(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Compares one name, going back to the last `*` where it must: at most the product of both lengths in steps.
    private static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var (at, read) = (0, 0)
        var star: (at: Int, read: Int)?
        while read < name.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, read)
                at += 1
            } else if at < pattern.count, let length = one(pattern, at, name[read]) {
                at += length
                // A question mark stands for a whole character, of several bytes.
                read += pattern[at - length] == UInt8(ascii: "?") ? width(name, read) : 1
            } else if let last = star {
                star = (last.at, last.read + 1)
                (at, read) = (last.at + 1, last.read + 1)
            } else {
                return false
            }
        }
        while at < pattern.count, pattern[at] == UInt8(ascii: "*") { at += 1 }
        return at == pattern.count
    }

    private static func width(_ name: [UInt8], _ at: Int) -> Int {
        var end = at + 1
        while end < name.count, name[end] & 0xC0 == 0x80 { end += 1 }
        return end - at
    }

    /// The length of the piece at `at` of a pattern where it stands for `byte`; nil where it does not.
    private static func one(_ pattern: [UInt8], _ at: Int, _ byte: UInt8) -> Int? {
        switch pattern[at] {
        case UInt8(ascii: "?"): return 1
        case UInt8(ascii: "\\"): return at + 1 < pattern.count && pattern[at + 1] == byte ? 2 : nil
        case UInt8(ascii: "["):
            guard let end = pattern[(at + 1)...].dropFirst().firstIndex(of: UInt8(ascii: "]")) else {
                return pattern[at] == byte ? 1 : nil
            }
            var set = pattern[(at + 1)..<end]
            let isInverted = set.first == UInt8(ascii: "!") || set.first == UInt8(ascii: "^")
            if isInverted { set.removeFirst() }
            var (holds, index) = (false, set.startIndex)
            while index < set.endIndex {
                if index + 2 < set.endIndex, set[index + 1] == UInt8(ascii: "-") {
                    holds = holds || (set[index] <= byte && byte <= set[index + 2])
                    index += 3
                } else {
                    holds = holds || set[index] == byte
                    index += 1
                }
            }
            return holds != isInverted ? end - at + 1 : nil
        default: return pattern[at] == byte ? 1 : nil
        }
    }
}
