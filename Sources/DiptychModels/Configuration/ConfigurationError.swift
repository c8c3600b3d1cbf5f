/// A model configuration that cannot be used, with the file, the key and what is supported.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// The configuration file or the model directory.
    public let path: String
    /// The key concerned, what it holds and what was expected.
    public let reason: String

    /// Describes what is wrong with the configuration at `path`.
    public init(path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }

    /// The path and the reason, in one line.
    public var description: String { "\(path): \(reason)" }
}
