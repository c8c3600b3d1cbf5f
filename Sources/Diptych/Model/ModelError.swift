/// Why a model cannot be loaded or used, with what to do, in one line.
public struct ModelError: Error, Equatable, CustomStringConvertible {
    /// What was wrong, where, and what to do.
    public let description: String

    /// Describes a failure.
    public init(_ description: String) { self.description = description }
}
