import Diptych
import ArgumentParser
import DiptychHub
import Foundation
import Synchronization

struct ModelsVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read downloaded models again and compare them with what was published.",
        discussion: """
            Example: diptych models verify all
            """)

    @Argument(help: "The name of a model, or `all`.")
    var name: String

    @Flag(help: "No progress on standard error.")
    var quiet = false

    @OptionGroup var formatting: FormatArguments

    func run() async throws {
        let cache = HubSettings.cache
        var bad: (name: ModelName, file: FileCheck)?
        var list = ResultList(formatting.chosen)
        do {
            let names = name == "all" ? cache.models().map(\.name) : [try ModelName(name)]
            for name in names {
                let progress = Progress(
                    "verifying \(name)",
                    total: cache.model(name)?.manifest.files.reduce(0) { $0 + $1.size }, isQuiet: quiet, unit: .bytes)
                defer { progress.end() }
                let done = Mutex(0)
                let checks = try await cache.verify(name) { count in
                    progress.update(
                        done.withLock {
                            $0 += count
                            return $0
                        })
                }
                progress.end()
                for check in checks {
                    if check.state != .intact { bad = bad ?? (name, check) }
                    try list.add(
                        [
                            "model": .string(name.description), "file": .string(check.file),
                            "bytes": .int(check.size), "state": .string(check.state.rawValue),
                        ], text: "\(Columns.left(check.state.rawValue, 10)) \(name)  \(check.file)")
                }
            }
        } catch let error as HubError where error.kind == .notPulled {
            throw Failure("\(error); `diptych models pull \(name)` downloads it")
        } catch let error as HubError {
            throw Failure(error)
        }
        try list.end()
        if let (name, file) = bad {
            throw Failure(
                "\(name): \(file.file) is damaged (\(file.state.rawValue)); run `diptych models pull --force \(name)`")
        }
    }
}
