public import ArgumentParser
public import DiptychCatalog
import DiptychDatasets
import Foundation

/// What a command's source may be.
private let sourceHelp = ArgumentHelp("A dataset of the catalog, or a file or folder.", valueName: "source")

struct DatasetJoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Put the rows of two datasets beside each other.",
        discussion: """
            Example: diptych dataset join images labels --on "name(file.path) = filename" --save joined
            """)

    @Argument(help: sourceHelp) var left: String
    @Argument(help: sourceHelp) var right: String

    @Option(
        help: ArgumentHelp(
            "EXPRESSION = EXPRESSION, of the first and the second dataset; several with AND.", valueName: "condition"))
    var on: String

    @Option(help: "inner: rows that have a partner; left: all rows of the first dataset.")
    var kind = JoinKind.inner

    @OptionGroup var table: TableArguments

    func run() async throws {
        try await table.run(left, and: [right]) { left, catalog, options, skips in
            let right = try DatasetSources([right], options, table.catalog).table(in: catalog, &skips)
            return try left.join(right, on: on, kind: kind) { summary in
                guard !table.quiet else { return }
                Console.say(
                    "\(Columns.counted(summary.count, "row")); without a partner: \(summary.unmatchedLeft) of \(left.count) on the left, "
                        + "\(summary.unmatchedRight) of \(right.count) on the right")
                for (from, to) in summary.renamed { Console.say("note: \(from) of \(right.title) is called \(to)") }
                if let hint = summary.hint { Console.say("note: \(hint)") }
            }
        }
    }
}

extension JoinKind: ExpressibleByArgument {}

struct DatasetFilterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filter",
        abstract: "Keep the rows for which a condition of SQL is true.",
        discussion: """
            Example: diptych dataset filter pairs --where "extension(file.path) = 'jpg'" --save photographs
            """)

    @Argument(help: sourceHelp) var source: String
    @Option(name: .customLong("where"), help: ArgumentHelp("The condition.", valueName: "sql")) var condition: String
    @OptionGroup var table: TableArguments

    func run() async throws { try await table.run(source) { rows, _, _, _ in try rows.filter(condition) } }
}

struct DatasetSampleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Keep some rows, the same ones for one seed.",
        discussion: "Example: diptych dataset sample pairs --count 10 --seed 7 --save few")

    @Argument(help: sourceHelp) var source: String
    @Option(help: "The number of rows.") var count: Int
    @Option(help: "What the choice follows from.") var seed: UInt64 = 0
    @OptionGroup var table: TableArguments

    func validate() throws {
        if count < 0 { throw ValidationError("--count must be 0 or more, not \(count).") }
    }

    func run() async throws {
        try await table.run(source) { rows, _, _, _ in
            if count > rows.count, !table.quiet {
                Console.say("note: of \(Columns.counted(rows.count, "row")), all are taken")
            }
            return try rows.sample(count, seed: seed)
        }
    }
}

struct DatasetShuffleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shuffle",
        abstract: "Put rows in a random order, the same one for one seed.",
        discussion: "Example: diptych dataset shuffle pairs --seed 7 --save shuffled")

    @Argument(help: sourceHelp) var source: String
    @Option(help: "What the order follows from.") var seed: UInt64 = 0
    @OptionGroup var table: TableArguments

    func run() async throws { try await table.run(source) { rows, _, _, _ in try rows.shuffled(seed: seed) } }
}

struct DatasetDistinctCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distinct",
        abstract: "Keep the first row of each value.",
        discussion: "Example: diptych dataset distinct pairs --on label --save labels")

    @Argument(help: sourceHelp) var source: String
    @Option(help: "The columns that are compared, with commas between them (default: all).") var on: String?
    @OptionGroup var table: TableArguments

    func run() async throws { try await table.run(source) { rows, _, _, _ in try rows.distinct(on: names(on)) } }
}

struct DatasetGroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group",
        abstract: "Make one row of all rows of one value.",
        discussion: """
            Example: diptych dataset group pairs --by label --compute "count(*) AS count"
            """)

    @Argument(help: sourceHelp) var source: String
    @Option(help: "The columns, with commas between them.") var by: String

    @Option(help: ArgumentHelp("An expression of SQL with AS NAME; may be given several times.", valueName: "sql"))
    var compute: [String] = ["count(*) AS count"]

    @OptionGroup var table: TableArguments

    func validate() throws { if names(by).isEmpty { throw ValidationError("--by names no column.") } }

    func run() async throws {
        try await table.run(source) { rows, _, _, _ in try rows.group(by: names(by), computing: compute) }
    }
}

/// The names of a list with commas.
private func names(_ list: String?) -> [String] {
    (list ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
}
