/// Why labels cannot be given, read or written, in one line that says what to do.
public struct LabelError: Error, Equatable, CustomStringConvertible {
    /// What was wrong.
    public let description: String

    /// Describes a failure.
    public init(_ description: String) { self.description = description }
}
