/// Why a data set's file, or one entry of it, could not be read: which file, where in it, and what to do, in one line.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of trouble it is.
    public enum Kind: Sendable, Equatable {
        /// The file is missing, not permitted, or the system could not read it.
        case unreadable
        /// The content breaks its format's rules, or ends too early.
        case malformed
        /// The content is right, and uses a part of its format that is not read.
        case unsupported
        /// Something is longer than is read, which protects the memory.
        case tooLarge
        /// A row has no image, or an entry belongs to nothing.
        case incomplete
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// The file.
    public let path: String
    /// Where in the file, such as `line 3` or `column url`; empty for the whole of it.
    public let place: String
    /// What was wrong and what to do.
    public let reason: String

    /// Describes a failure.
    public init(_ kind: Kind, path: String, place: String = "", _ reason: String) {
        self.kind = kind
        self.path = path
        self.place = place
        self.reason = reason
    }

    /// Path, place and reason in one line.
    public var description: String { place.isEmpty ? "\(path): \(reason)" : "\(path): \(place): \(reason)" }

    /// The same failure at a place, where it has none.
    func at(_ place: String) -> DatasetError {
        self.place.isEmpty ? DatasetError(kind, path: path, place: place, reason) : self
    }

    /// Does something for a row of `path`: what fails belongs to that row, whatever other file it is about.
    static func inRow<T>(
        _ place: String, of path: String, _ body: () throws(DatasetError) -> T
    ) throws(DatasetError) -> T {
        do throws(DatasetError) { return try body() } catch { throw error.inRow(place, of: path) }
    }

    /// The same failure as one of a row, unless it names its place already, such as a row of one of several files.
    func inRow(_ place: String, of file: String) -> DatasetError {
        guard path != file, self.place.isEmpty else { return at(place) }
        return DatasetError(kind, path: file, place: place, "\(path): \(reason)")
    }
}
