internal import Synchronization

/// What was left out or changed while rows were read, without the loss of a row: columns that are not read, numbers that
/// JSON does not have. Equal ones of many files are one note that counts them.
public final class DatasetNotes: Sendable {
    /// One kind of thing that was left out or changed.
    public struct Note: Sendable, Equatable {
        /// The file in which it was seen first.
        public let path: String
        /// The first place in it, such as `column embedding` or `line 3`.
        public let place: String
        /// What was left out or changed, and why.
        public let reason: String
        /// How often: values, entries, or files for a column.
        public internal(set) var count: Int

        /// Path, place, reason and count in one line.
        public var text: String { "\(path): \(place): \(reason)" + (count > 1 ? " (\(count) times)" : "") }
    }

    /// The most kinds that are kept.
    public static let limit = 1000

    private struct State {
        var notes: [Note] = []
        var places: [String: Int] = [:]
        var further = 0
    }

    private let state = Mutex(State())

    /// Nothing was noted yet.
    public init() {}

    /// The notes, in the order in which they came.
    public var all: [Note] { state.withLock { $0.notes } }

    /// The number of notes beyond ``limit``, which are not kept.
    public var furtherCount: Int { state.withLock { $0.further } }

    /// - Parameter subject: what the note is about besides its reason; those of equal subjects and reasons are one.
    package func add(_ reason: String, about subject: String = "", path: String, place: String, count: Int = 1) {
        guard count > 0 else { return }
        state.withLock { state in
            let key = subject + "\0" + reason
            if let index = state.places[key] {
                let (sum, overflow) = state.notes[index].count.addingReportingOverflow(count)
                state.notes[index].count = overflow ? .max : sum
            } else if state.notes.count < Self.limit {
                state.places[key] = state.notes.count
                state.notes.append(Note(path: path, place: place, reason: reason, count: count))
            } else {
                state.further += 1
            }
        }
    }

    /// The same of what is counted anew each time a file is opened: the last count holds.
    func set(_ reason: String, about subject: String, path: String, place: String, count: Int) {
        guard count > 0 else { return }
        let key = subject + "\0" + reason
        let isKnown = state.withLock { state in
            guard let index = state.places[key] else { return false }
            state.notes[index].count = count
            return true
        }
        if !isKnown { add(reason, about: subject, path: path, place: place, count: count) }
    }

    /// Counts numbers that JSON does not have.
    func add(notFinite count: Int, path: String, place: String) {
        add("NaN and infinite numbers are taken as null", path: path, place: place, count: count)
    }
}
