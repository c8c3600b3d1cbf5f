import Diptych
import ArgumentParser
import DiptychSearch

struct StoreDuplicatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "duplicates",
        abstract: "List groups of images that show nearly the same.",
        discussion: """
            Images belong together when a chain of cosines of at least --threshold links them. Nothing is removed.

            Example: diptych store duplicates --store images.store --threshold 0.97
            """)

    @OptionGroup var arguments: StoreArguments
    @OptionGroup var formatting: FormatArguments

    @Option(parsing: .unconditional, help: "The cosine from which on two images count as nearly the same.")
    var threshold: Float = 0.97

    @Option(parsing: .unconditional, help: "Look only at what this accepts.")
    var filter: String?

    @Flag(help: "Say nothing but results and errors.")
    var quiet = false

    func validate() throws {
        guard (0...1).contains(threshold) else {
            throw ValidationError("--threshold must be 0 to 1, not \(threshold).")
        }
        try FilterArgument.validate(filter)
    }

    func run() async throws {
        let store = try await arguments.open()
        let filter = try await FilterArgument.read(filter, for: store)
        let progress = Progress("comparing", total: quiet ? nil : try await store.info().count, isQuiet: quiet)
        defer { progress.end() }
        let groups = try await NearDuplicates(in: store, threshold: threshold, filter: filter)
            .groups { progress.update($0) }
        progress.end()
        var list = ResultList(formatting.chosen, name: "groups")
        for group in groups {
            let items: [JSON] = group.items.map { ["id": .string($0.id), "path": .string($0.path)] }
            let lines = group.items.map { "  \($0.path.shown)" }.joined(separator: "\n")
            try list.add(
                ["similarity": .float(group.similarity), "items": .array(items)],
                text: "\(group.items.count) images, \(Columns.score(group.similarity))\n\(lines)")
        }
        try list.end()
    }
}
