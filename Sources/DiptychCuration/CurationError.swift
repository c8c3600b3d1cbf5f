/// Why a dataset could not be checked, repaired or described, in one line.
public struct CurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong and what to do.
    public let description: String

    init(_ description: String) { self.description = description }
}
