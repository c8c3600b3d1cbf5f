/// Why sample images or a contact sheet could not be made.
public enum SamplesError: Error, Equatable, CustomStringConvertible {
    /// The renderer failed.
    case rendering(reason: String)
    /// A file or directory cannot be written.
    case unwritable(path: String, reason: String)
    /// What was drawn earlier cannot be read.
    case unreadable(path: String, reason: String)
    /// A number is outside what can be drawn.
    case outOfRange(what: String, value: Int, allowed: ClosedRange<Int>)

    /// One line: what was wrong, where, and what to do.
    public var description: String {
        switch self {
        case .rendering(let reason): "The picture could not be rendered: \(reason)."
        case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)."
        case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)."
        case .outOfRange(let what, let value, let allowed):
            "The \(what) is \(value); it must be \(allowed.lowerBound) to \(allowed.upperBound)."
        }
    }
}
