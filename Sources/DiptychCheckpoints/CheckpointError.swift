/// What is wrong with a checkpoint, where, and what to do about it, in one line.
public struct CheckpointError: Error, Equatable, CustomStringConvertible {
    /// The kind of failure; more kinds may be added.
    public struct Kind: RawRepresentable, Sendable, Hashable {
        /// The stable name of the kind.
        public let rawValue: String
        /// Makes a kind from its stable name.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// The file is missing or cannot be read.
        public static let unreadable = Kind(rawValue: "unreadable")
        /// The file's bytes break the rules of its format.
        public static let malformed = Kind(rawValue: "malformed")
        /// The file is of a format, or uses a part of one, that is not read.
        public static let unsupported = Kind(rawValue: "unsupported")
        /// The file asks for something to be run that no weights need. Nothing was run.
        public static let unsafe = Kind(rawValue: "unsafe")
        /// A tensor that the model needs is not there.
        public static let missing = Kind(rawValue: "missing")
        /// The file holds tensors that the model does not use.
        public static let unused = Kind(rawValue: "unused")
        /// A tensor has another shape or element type than the model needs.
        public static let mismatch = Kind(rawValue: "mismatch")
    }

    /// The kind of failure.
    public let kind: Kind
    /// The file or directory concerned.
    public let path: String
    /// What was found, what was expected, and what to do.
    public let reason: String

    /// Describes a failure of the checkpoint at `path`.
    public init(_ kind: Kind, path: String, _ reason: String) {
        self.kind = kind
        self.path = path
        self.reason = reason
    }

    /// The path and the reason, in one line.
    public var description: String { "\(path): \(reason)" }

    /// A name out of a file between quotes, fit for one line: cut when long, without control characters.
    package static func quoted(_ name: String) -> String {
        let scalars = name.unicodeScalars.prefix(120).map { scalar -> Character in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: "?"
            default: Character(scalar)
            }
        }
        return "'\(String(scalars))\(name.unicodeScalars.count > 120 ? "…" : "")'"
    }
}
