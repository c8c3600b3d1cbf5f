/// Why a text cannot be read as a filter: where, and what was expected.
public struct FilterError: Error, Equatable, CustomStringConvertible {
    /// The place in the text, in characters from 1 on.
    public let column: Int
    /// What is wrong there.
    public let reason: String

    /// Describes what is wrong at a place.
    public init(column: Int, _ reason: String) {
        self.column = column
        self.reason = reason
    }

    /// The place and the reason in one line.
    public var description: String { "the filter, at character \(column): \(reason)" }
}
