/// Why an engine could not prepare or run a model.
public struct EngineError: Error, Equatable, CustomStringConvertible {
    /// What failed and what to do, in one line.
    public let description: String

    /// Describes a failure.
    public init(_ description: String) { self.description = description }
}
