/// Why a model could not be exported, in one line.
public struct ONNXError: Error, Equatable, CustomStringConvertible {
    /// What was wrong and what to do.
    public let description: String

    /// Describes a failure.
    public init(_ description: String) { self.description = description }
}
