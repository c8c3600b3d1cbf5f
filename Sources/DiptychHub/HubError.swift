/// Why a model could not be found, downloaded or checked.
public struct HubError: Error, Equatable, CustomStringConvertible {
    /// What went wrong, for programs.
    public enum Kind: Sendable, Equatable {
        /// The name is no model's.
        case unknownModel
        /// The model is known, but nothing of it, or not all, is in the cache.
        case notPulled
        /// The network is needed, but must not be used.
        case offline
        /// A setting makes no sense.
        case badSetting
        /// The repository, the revision or the file does not exist.
        case notFound
        /// An access token is needed, or the one given is not accepted.
        case unauthorized
        /// The server cannot be reached, or stopped half-way, after all attempts.
        case network
        /// The server answered with an error, after all attempts.
        case server
        /// What the server says or sends breaks the rules, and must not be used.
        case untrusted
        /// The bytes are not those that were announced.
        case mismatch
        /// There is not enough room on the disk.
        case noSpace
        /// The cache cannot be read or written.
        case cache
        /// It was interrupted.
        case cancelled
    }

    /// What went wrong, for programs.
    public let kind: Kind
    /// The model, the file or the setting in question.
    public let subject: String
    /// What was wrong and what to do.
    public let reason: String

    init(_ kind: Kind, _ subject: String, _ reason: String) {
        self.kind = kind
        self.subject = subject
        self.reason = reason
    }

    /// Everything in one line.
    public var description: String { "\(subject): \(reason)" }
}
