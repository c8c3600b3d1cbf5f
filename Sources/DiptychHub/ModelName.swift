/// What a user calls a model, understood: a registered name, or a repository of the hub with or without a revision.
public struct ModelName: Sendable, Hashable, CustomStringConvertible {
    /// The registered model, where it is one.
    public let registered: PublicModel?
    /// The repository of the hub, `owner/name`, unless the model is registered with files of its own.
    public let repository: String?
    /// The branch, tag or commit that was asked for; nil for the default, `main`.
    public let revision: String?

    /// Understands `ViT-B/32`, `owner/name` or `owner/name@revision`.
    ///
    /// - Parameter revision: the revision, if it is not part of the text.
    /// - Throws: ``HubError`` of kind `unknownModel` when the text is neither a registered name nor a repository's, and
    ///   `badSetting` when the revision is malformed or the model has none.
    public init(_ text: String, revision: String? = nil) throws(HubError) {
        var (name, revision) = (text, revision)
        // Some registered names have an @ themselves.
        if ModelRegistry.model(named: text) == nil, let at = text.lastIndex(of: "@") {
            guard revision == nil else {
                throw HubError(.badSetting, text, "has a revision already; give only one")
            }
            name = String(text[..<at])
            revision = String(text[text.index(after: at)...])
        }
        registered = ModelRegistry.model(named: name)
        guard registered != nil || Self.isRepository(name) else {
            throw HubError(
                .unknownModel, text.isEmpty ? "(empty name)" : text,
                "is neither a registered model nor a repository of the form owner/name")
        }
        switch registered?.source {
        case .files: repository = nil
        case .repository(let hub): repository = hub
        case nil: repository = name
        }
        if let revision {
            guard repository != nil else {
                throw HubError(.badSetting, text, "consists of fixed files and has no revisions")
            }
            guard Self.isRevision(revision) else {
                throw HubError(.badSetting, text, "'\(revision)' is not the name of a branch, a tag or a commit")
            }
        }
        self.revision = revision == "main" ? nil : revision
    }

    /// The name of a model that need not be in the registry.
    package init(_ model: PublicModel) {
        registered = model
        repository = if case .repository(let hub) = model.source { hub } else { nil }
        revision = nil
    }

    /// The name in its usual form.
    public var description: String {
        (registered?.name ?? repository ?? "") + (revision.map { "@\($0)" } ?? "")
    }

    /// The name of its directory in a cache. Repositories have no `--` in their names, so no two models share one.
    public var directoryName: String {
        let name = registered?.directoryName ?? (repository ?? "").replacing("/", with: "--")
        return name + (revision.map { "@" + $0.replacing("/", with: "--") } ?? "")
    }

    static func isRepository(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { isPlain($0) && $0.utf8.count <= 96 }
    }

    static func isRevision(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= 128 && parts.allSatisfy { isPlain($0) }
    }

    /// Letters, digits and `._-`, starting with a letter or a digit, as the hub has it; nothing that could climb out of a
    /// directory or hide in it.
    private static func isPlain(_ part: Substring) -> Bool {
        guard let first = part.utf8.first, isAlphanumeric(first) else { return false }
        return part.utf8.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) } && !part.contains("--")
            && !part.contains("..")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
