import ArgumentParser
import DiptychONNXRuntime
import DiptychServer
import Foundation

/// The root of the command line: every capability is one subcommand, in a file of its own.
struct DiptychCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diptych",
        abstract: "Image-text intelligence: embed, search, compare and label images with CLIP-family models.",
        discussion: """
            Results go to standard output, everything else to standard error. Exit status: 0 done; 1 failed; 2 bad usage; \
            3 finished, but some inputs were skipped; 130 interrupted by Ctrl-C. `--` ends the options.

            Example: diptych embed --text "a cat"
            """,
        version: "diptych \(DiptychServer.version)",
        subcommands: [
            IndexCommand.self, SearchCommand.self, ClassifyCommand.self, SimilarityCommand.self, EmbedCommand.self,
            StoreCommand.self, DatasetCommand.self, ModelsCommand.self, TokenizeCommand.self, PreprocessCommand.self,
            ContactSheetCommand.self, TrainCommand.self, TilesCommand.self, ReadCommand.self, VideoCommand.self,
            EvaluateCommand.self, PicturesCommand.self, ProfileCommand.self,
            LabelCommand.self,
            ExportCommand.self, EngineCommand.self, ServeCommand.self, KeysCommand.self,
        ])
}

@main
struct Program {
    static func main() async {
        Allocator.prepare()
        Signals.prepare()
        ONNXRuntime.look(in: { .usual })
        let task = Task { await run() }
        let signals = Signals.cancelOnInterrupt(task)
        let status = await task.value
        signals.forEach { $0.cancel() }
        exit(status.rawValue)
    }

    /// Parses the arguments, runs the command and explains what went wrong in one line.
    private static func run() async -> ExitStatus {
        var status = ExitStatus.done
        do {
            var command = try DiptychCommand.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                // It cannot be cancelled, as it never waits.
                Signals.endAtOnce()
                try command.run()
            }
        } catch let stated as ExitStatus {
            status = stated
        } catch {
            status = explain(error)
        }
        do { try StandardOutput.flush() } catch { status = explain(error) }
        return status
    }

    /// The reason, with what to do about a text that looks like options: "-red" is read as -r, -e and -d.
    private static func explained(_ reason: String) -> String {
        let options = CommandLine.arguments.dropFirst().prefix { $0 != "--" }
        let looksLikeOne = options.contains { text in
            text.hasPrefix("-") && !text.hasPrefix("--")
                && (text.contains { $0.isWhitespace } || text.dropFirst().count { $0.isLetter } > 1)
        }
        guard looksLikeOne || reason.hasPrefix("Unknown option") else { return reason }
        let lines = reason.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        let hint = "\(lines[0]) (A text that begins with a dash stands behind two: diptych search -- \"-red\")"
        return ([hint] + lines.dropFirst().map(String.init)).joined(separator: "\n")
    }

    private static func explain(_ error: any Error) -> ExitStatus {
        Console.clear()
        if error is StandardOutput.ReaderGone {
            // Whoever read our output wanted no more: end as any other tool in a pipe does.
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
            return .failed
        }
        if error is CancellationError {
            Console.say("diptych: interrupted")
            return Signals.status
        }
        let code = DiptychCommand.exitCode(for: error)
        let message = DiptychCommand.fullMessage(for: error)
        if code == .success {  // help and completion scripts
            try? StandardOutput.write(message + "\n")
            return .done
        }
        if code == .validationFailure {
            let reason = message.hasPrefix("Error: ") ? String(message.dropFirst("Error: ".count)) : message
            Console.say("diptych: " + explained(reason), keepsLines: true)
            return .badUsage
        }
        // The parser's own wording adds nothing to an error that describes itself.
        Console.say("diptych: \(Failure.describe(error))")
        return .failed
    }
}
