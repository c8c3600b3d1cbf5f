internal import Synchronization

/// What a walk through folders passed over, and where it came across other file systems.
public final class FolderCounts: Sendable {
    struct Counts: Sendable {
        var otherKinds: [String: Int] = [:]
        var excludedFiles = 0
        var excludedFolders = 0
        var linkedFolders = 0
        var mounts: Set<String> = []
        var found: [String: Int] = [:]
    }

    private let counts = Mutex(Counts())

    /// Nothing counted yet.
    public init() {}

    /// The most kinds that are told apart; the rest counts as `other`.
    static let kindLimit = 1000
    /// The most mounted folders that are remembered.
    static let mountLimit = 1000

    func update(_ change: (inout Counts) -> Void) { counts.withLock { change(&$0) } }

    var now: Counts { counts.withLock { $0 } }

    /// Counts a file whose name is not an image's.
    func passedOver(_ name: String) {
        let kind = ImageFiles.kind(of: name)
        // What is said about images is no file of another kind.
        guard kind != "xmp" else { return }
        counts.withLock { counts in
            let isKnown = counts.otherKinds[kind] != nil || counts.otherKinds.count < Self.kindLimit
            counts.otherKinds[isKnown ? kind : "other", default: 0] += 1
        }
    }
}
