/// Why a tokeniser could not be made from its files.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of thing was wrong.
    public enum Kind: Sendable, Equatable {
        /// The file is missing or cannot be read.
        case unreadable
        /// The file is not what its format says.
        case malformed
        /// The file is well formed, and asks for something this tokeniser does not do.
        case unsupported
    }

    /// What kind of thing was wrong.
    public let kind: Kind
    /// The file, as it was named by the caller.
    public let file: String
    /// Where in the file: a line, a byte or a key; empty where the whole file is meant.
    public let place: String
    /// What was wrong and, where it is not obvious, what to do.
    public let reason: String

    init(_ kind: Kind, file: String, place: String = "", reason: String) {
        self.kind = kind
        self.file = file
        self.place = place
        self.reason = reason
    }

    /// One line: file, place, reason.
    public var description: String {
        place.isEmpty ? "\(file): \(reason)" : "\(file): \(place): \(reason)"
    }
}
