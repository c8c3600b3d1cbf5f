/// What a complete model in the cache consists of: the file `manifest.json` in its directory.
public struct ModelManifest: Sendable, Hashable, Codable {
    /// A file of the model.
    public struct File: Sendable, Hashable, Codable {
        /// Its name in the directory.
        public let name: String
        /// Its size in bytes.
        public let size: Int
        /// The SHA-256 of its bytes, in hexadecimal.
        public let sha256: String
        /// Where it came from.
        public let url: String
    }

    /// The version of this format.
    public let format: Int
    /// The model's name.
    public let model: String
    /// The revision that was asked for, where the model comes from a repository.
    public let revision: String?
    /// The commit that it stood for.
    public let commit: String?
    /// The files.
    public let files: [File]

    static let fileName = "manifest.json"
    /// The files that a download which has not ended will have.
    static let planName = "manifest.json.partial"
    /// The manifest of an older commit, whose files are being replaced.
    static let formerName = "manifest.json.former"
    static let currentFormat = 1
    /// More than any honest manifest has.
    static let largest = 1 << 22

    /// Whether it says nothing that could lead out of the directory.
    var isSane: Bool {
        format == Self.currentFormat && files.allSatisfy { FileNames.isPlain($0.name) && $0.size >= 0 }
    }
}

/// Which names files in a model's directory may have.
enum FileNames {
    /// One component, visible, of a sensible length, without separators and control characters.
    static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 200 && !name.hasPrefix(".") && !name.hasPrefix("-")
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
    }
}
