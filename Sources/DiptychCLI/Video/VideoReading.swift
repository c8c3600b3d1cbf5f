import ArgumentParser
import Diptych
import DiptychBasics
import DiptychVideo
import Foundation

/// The options of commands that read videos.
struct VideoArguments: ParsableArguments {
    @OptionGroup var fetching: FetchArguments

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The longest time for a video, in seconds (default: a day).", valueName: "seconds"))
    var timeLimit: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The threads that decode (default: one a processor).", valueName: "count"))
    var decodeThreads: Int?

    func validate() throws {
        if let timeLimit, !(timeLimit > 0 && timeLimit <= 1e9) {
            throw ValidationError("--time-limit must be more than 0, not \(timeLimit).")
        }
        if let decodeThreads, !(1...64).contains(decodeThreads) {
            throw ValidationError("--decode-threads must be 1 to 64, not \(decodeThreads).")
        }
    }

    var options: VideoOptions {
        var options = VideoOptions()
        options.fetch = fetching.options
        options.threads = decodeThreads ?? min(16, ProcessInfo.processInfo.activeProcessorCount)
        if let timeLimit {
            options.timeLimit = .seconds(timeLimit)
            options.frameTimeLimit = min(options.frameTimeLimit, options.timeLimit)
        }
        return options
    }
}

/// A video on the command line.
struct VideoInput: Sendable {
    /// What results and messages call it: the path or URL as given, or `-`.
    let name: String

    /// Refuses what cannot mean anything, before any work is done.
    static func validate(_ names: [String]) throws {
        if names.contains("") { throw ValidationError("a video's path is empty.") }
        if names.count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input (-) can be read only once.") }
    }

    /// Opens it and hands it to `body`, on a thread for work that blocks.
    func read<Result: Sendable>(
        _ options: VideoOptions, _ body: @escaping @Sendable (VideoFile) throws -> Result
    ) async throws -> Result {
        let source: VideoSource =
            name == "-"
            ? .data(try StandardInput.bytes(limit: Self.mostOfStandardInput), label: "standard input")
            : VideoSource(name)
        return try await WorkerThreads.shared.value { try body(VideoFile(source, options: options)) }
    }

    private static let mostOfStandardInput = 1 << 31
}
