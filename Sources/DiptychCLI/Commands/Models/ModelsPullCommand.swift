import Diptych
import ArgumentParser
import DiptychHub
import Foundation
import Synchronization

struct ModelsPullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Download models, so that --model finds them by name.",
        discussion: """
            A name is one of `diptych models list`, or any owner/name of the hub. An interrupted download continues where \
            it ended; every byte is verified. Models go to $DIPTYCH_CACHE, else to diptych/models in $XDG_CACHE_HOME or \
            ~/.cache. Proxies are taken from http_proxy, https_proxy and no_proxy.

            Example: diptych models pull openai/clip-vit-base-patch32
            """)

    @Argument(help: "The models.")
    var names: [String]

    @Option(help: ArgumentHelp("A branch, tag or commit of the repository (default: main).", valueName: "revision"))
    var revision: String?

    @Flag(help: "Ask the hub again for models that are there, and replace files that differ.")
    var force = false

    @Flag(help: "No progress on standard error.")
    var quiet = false

    @OptionGroup var hub: HubArguments
    @OptionGroup var formatting: FormatArguments

    func validate() throws {
        guard !names.isEmpty else { throw ValidationError("Give the name of at least one model.") }
    }

    func run() async throws {
        let service = ModelHub(cache: HubSettings.cache, options: try hub.options())
        var list = ResultList(formatting.chosen, name: "models")
        do {
            for name in try names.map({ try ModelName($0, revision: revision) }) {
                let report = PullReport(name, isQuiet: quiet)
                defer { report.end() }
                let model = try await service.pull(name, isForced: force) { report.note($0) }
                report.end()
                let bytes = model.manifest.files.reduce(0) { $0 + $1.size }
                try list.add(
                    [
                        "name": .string(name.description), "path": .string(model.directory.path), "bytes": .int(bytes),
                        "commit": model.manifest.commit.map(JSON.string) ?? .null,
                        "files": .array(model.manifest.files.map { .string($0.name) }),
                    ], text: "\(name)  \(model.directory.path)  \(Columns.bytes(bytes))")
            }
        } catch let error as HubError {
            throw Failure(error)
        }
        try list.end()
    }
}

/// Tells on standard error how a download goes.
private final class PullReport: Sendable {
    private let name: ModelName
    private let isQuiet: Bool
    private let progress = Mutex<Progress?>(nil)

    init(_ name: ModelName, isQuiet: Bool) {
        self.name = name
        self.isQuiet = isQuiet
    }

    func note(_ event: PullEvent) {
        switch event {
        case .waiting: say("\(name) is being downloaded by another process; waiting for it")
        case .started(let files, let bytes, let present):
            let size = bytes.map { ", \(Columns.bytes($0))" } ?? ""
            let rest = present > 0 ? ", of which \(Columns.bytes(present)) are there" : ""
            say("\(name): \(files) files\(size)\(rest)")
            let bar = Progress(
                "downloading \(name)", total: bytes, isQuiet: isQuiet, unit: .bytes, alreadyDone: present)
            progress.withLock { $0 = bar }
        case .progress(let bytes): progress.withLock { $0 }?.update(bytes)
        case .retrying(let reason, let delay):
            say("\(reason); trying again in \(Progress.rounded(delay / .seconds(1))) s")
        }
    }

    func end() { progress.withLock { $0 }?.end() }

    private func say(_ text: String) {
        if !isQuiet { Console.say(text) }
    }
}
