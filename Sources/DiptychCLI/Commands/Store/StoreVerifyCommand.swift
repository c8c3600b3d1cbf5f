import Diptych
import ArgumentParser
import DiptychSearch

struct StoreVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a store's database and every embedding.",
        discussion: """
            Exit status 1, and the problems, where something is wrong. --repair mends what can be made again from the rest and lists \
            what cannot.

            Example: diptych store verify --store images.store
            """)

    @OptionGroup var arguments: StoreArguments
    @OptionGroup var formatting: FormatArguments

    @Flag(help: "Mend what can be made again from the rest; the next `index` embeds what was dropped.")
    var repair = false

    func run() async throws {
        var mended: [String]?
        if repair {
            let result = try await arguments.store.location().repair()
            for line in result.mended { Console.say(line) }
            mended = result.mended
        }
        let store = try await arguments.open()
        let problems = try await store.verify()
        let info = try await store.info()
        if formatting.chosen == .text {
            for problem in problems { try StandardOutput.line(problem) }
            if problems.isEmpty {
                let spaces = info.spaces.map { "\($0.embeddings) embeddings in the space '\($0.name)'" }
                let embeddings = spaces.isEmpty ? "\(info.vectors) embeddings" : spaces.joined(separator: ", ")
                try StandardOutput.line("ok: \(info.count) items, \(embeddings)")
            }
        } else {
            var members: [(String, JSON)] = [
                ("ok", .bool(problems.isEmpty)), ("count", .int(info.count)),
                (
                    "spaces",
                    .array(
                        info.spaces.map { ["name": .string($0.name), "embeddings": .int($0.embeddings)] as JSON })
                ),
                ("problems", .array(problems.map(JSON.string))),
            ]
            if let mended { members.append(("mended", .array(mended.map(JSON.string)))) }
            try StandardOutput.line(JSON.object(members).text)
        }
        guard problems.isEmpty else {
            let advice =
                repair
                ? "run `diptych index` on its folders again, and where that does not help, index into a new store"
                : "`--repair` mends what can be made again"
            throw Failure("\(store.name): is damaged: \(problems[0]); \(advice)")
        }
    }
}
