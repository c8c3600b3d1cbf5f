/// Why something of a catalog could not be done: what was wrong, where, and what to do, in one line.
public struct CatalogError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of trouble it is.
    public enum Kind: Sendable, Equatable {
        /// There is no dataset, version or column of that name.
        case unknown
        /// A name, a number or an option that cannot be.
        case invalid
        /// SQL that is not read.
        case query
        /// A file of the catalog is missing, damaged, or of a newer program.
        case damaged
        /// The system could not read or write.
        case unavailable
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// What was wrong and what to do.
    public let description: String

    /// Describes a failure.
    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
