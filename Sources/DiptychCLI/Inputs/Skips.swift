import Diptych
import DiptychDatasets

/// The inputs of a run that could not be used: each is reported at once, and they decide how the run ends.
struct Skips {
    private(set) var count = 0

    /// Says that `name` is left out, and why.
    mutating func add(_ name: String, _ error: any Error) {
        guard let error = error as? ImageError else { return add(name, reason: Failure.describe(error)) }
        let hint = error.kind == .forbiddenAddress ? " (--allow-private-urls)" : ""
        add(error.source, reason: error.reason + hint)
    }

    /// Says which row of a dataset is left out, and why.
    mutating func add(_ error: DatasetError) {
        add(error.path, reason: error.place.isEmpty ? error.reason : "\(error.place): \(error.reason)")
    }

    /// Says that `name` is left out, and why.
    mutating func add(_ name: String, reason: String) {
        count += 1
        Console.say("skipped \(name): \(reason)")
    }

    /// Ends a run that got through: with status 3 where anything was left out.
    ///
    /// - Parameter consequence: what that means for the result.
    func end(of total: Int, consequence: String = "") throws {
        guard count > 0 else { return }
        Console.say("\(count) of \(total) inputs skipped\(consequence)")
        throw ExitStatus.skippedInputs
    }
}

/// Texts that commands take.
enum TextArgument {
    /// The reason why `text` cannot be embedded, if there is one.
    static func problem(_ text: String, option: String) -> String? {
        text.allSatisfy(\.isWhitespace) ? "\(option): empty text; give at least one word." : nil
    }
}
