/// A dataset of a catalog, or one of its versions: `cartoons`, `cartoons@3`.
public struct DatasetName: Sendable, Hashable, CustomStringConvertible {
    /// The dataset.
    public let name: String
    /// The version; nil for the newest.
    public let version: Int?

    /// The longest name, in bytes.
    static let longest = 100

    /// Reads `NAME` or `NAME@VERSION`. A name begins with a letter and has letters, digits, `_`, `-` and `.` after it.
    ///
    /// - Throws: ``CatalogError`` for a text that names no dataset.
    public init(_ text: String) throws(CatalogError) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard Self.isName(name) else {
            throw CatalogError(
                .invalid,
                "'\(text)' cannot be the name of a dataset: a letter first, then letters, digits, '_', '-' and '.', "
                    + "\(Self.longest) bytes at most")
        }
        var version: Int?
        if parts.count == 2 {
            let digits = parts[1].hasPrefix("v") ? parts[1].dropFirst() : parts[1]
            guard let number = Int(digits), number > 0 else {
                throw CatalogError(.invalid, "'\(text)': a version is a number from 1, as in \(name)@3")
            }
            version = number
        }
        (self.name, self.version) = (name, version)
    }

    /// Checks the name of a dataset that may be new.
    ///
    /// - Throws: ``CatalogError`` for a text that names none, one with a version, and a name that SQLite keeps for itself.
    public static func check(new text: String) throws {
        let name = try DatasetName(text)
        guard name.version == nil else {
            throw CatalogError(.invalid, "'\(text)': name the dataset alone; the version's number follows")
        }
        guard !name.name.lowercased().hasPrefix("sqlite_") else {
            throw CatalogError(
                .invalid, "'\(text)': SQLite keeps names that begin with sqlite_ for itself; choose another")
        }
    }

    /// Joins a name that is one and a version.
    init(checked name: String, version: Int?) { (self.name, self.version) = (name, version) }

    /// Whether a text can be the name of a dataset.
    static func isName(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, text.utf8.count <= longest else { return false }
        return first.properties.isAlphabetic
            && text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_" || $0 == "-" || $0 == "."
            }
    }

    /// As people write it.
    public var description: String { version.map { "\(name)@\($0)" } ?? name }
}
