import Diptych
import ArgumentParser
import DiptychSearch

struct StoreVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a store's database and every embedding.",
        discussion: """
            Exit status 1, and the problems, where something is wrong.

            Example: diptych store verify --store images.store
            """)

    @OptionGroup var arguments: StoreArguments
    @OptionGroup var formatting: FormatArguments

    func run() async throws {
        let store = try await arguments.open()
        let problems = try await store.verify()
        let info = try await store.info()
        if formatting.chosen == .text {
            for problem in problems { try StandardOutput.line(problem) }
            if problems.isEmpty { try StandardOutput.line("ok: \(info.count) images, \(info.vectors) embeddings") }
        } else {
            let json: JSON = [
                "ok": .bool(problems.isEmpty), "count": .int(info.count),
                "problems": .array(problems.map(JSON.string)),
            ]
            try StandardOutput.line(json.text)
        }
        guard problems.isEmpty else {
            throw Failure("\(store.name): is damaged: \(problems[0]); index into a new store")
        }
    }
}
