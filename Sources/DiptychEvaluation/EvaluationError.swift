/// Why something cannot be measured, in one line.
public struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong and what to do.
    public let description: String

    /// Describes a failure.
    public init(_ description: String) { self.description = description }
}
