import Foundation

/// How a run ended, as the shell sees it.
enum ExitStatus: Int32, Error {
    /// Everything was done.
    case done = 0
    /// It failed; standard error says why.
    case failed = 1
    /// The arguments make no sense.
    case badUsage = 2
    /// It was done, but for inputs that standard error lists.
    case skippedInputs = 3
    /// Ctrl-C ended it: 128 and the signal's number, as shells have it.
    case interrupted = 130
    /// SIGTERM ended it.
    case terminated = 143
}

/// A reason to stop that no library error covers, in one line.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }

    /// The words for any error: its own where it has some, the system's otherwise.
    static func describe(_ error: any Error) -> String {
        // Errors of Foundation and of C functions come as codes; their localised text is the readable one.
        if type(of: error) is NSError.Type || error is CocoaError || error is POSIXError {
            return error.localizedDescription
        }
        return "\(error)"
    }
}
