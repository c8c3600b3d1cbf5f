internal import DiptychBasics

/// What a repaired copy has less than its source, or otherwise.
public struct RepairSummary: Sendable, Equatable {
    /// Images of the copy.
    public internal(set) var images = 0
    /// Texts of the copy.
    public internal(set) var texts = 0
    /// Images and texts that were left out.
    public internal(set) var leftOut = 0
    /// Images and texts that were changed.
    public internal(set) var changed = 0
    /// What was written.
    public internal(set) var files: [String] = []
}

/// Writes `changes.jsonl`: an object for each thing that was left out or changed.
final class ChangeLog {
    enum Action: String {
        case leftOut = "left_out"
        case changed
        /// It became an earlier one.
        case merged
    }

    private let file: AtomicFile
    private(set) var leftOut = 0
    private(set) var changed = 0

    init(path: String) throws(FileWriteError) { file = try AtomicFile(path: path) }

    func add(
        _ action: Action, _ kind: FindingKind, _ place: String, what: String, _ more: [JSONValue.Member] = []
    ) throws(FileWriteError) {
        if action == .changed { changed += 1 } else { leftOut += 1 }
        let members: [JSONValue.Member] = [
            .init("action", .string(action.rawValue)), .init("what", .string(what)), .init("place", .string(place)),
            .init("reason", .string(kind.rawValue)),
        ]
        try file.write((JSONValue.object(members + more).text + "\n").utf8)
    }

    func finish() throws(FileWriteError) -> String {
        try file.commit()
        return file.path
    }
}
