import ArgumentParser
import DiptychCatalog
import DiptychDatasets
import Foundation

/// Writes versions, a line or a JSON object each.
private func list(_ versions: [CatalogVersion], in catalog: Catalog, _ format: ResultFormat) throws {
    switch format {
    case .json:
        try StandardOutput.line(JSONValue.array(versions.map { $0.json(in: catalog) }).text)
    case .jsonl:
        for version in versions { try StandardOutput.line(version.json(in: catalog).text) }
    case .text:
        for version in versions {
            let facts = [
                "\(version.name)", Columns.counted(version.count, "row"), version.created.formatted(.iso8601),
                version.summary,
            ]
            try StandardOutput.line((facts + (version.isRemoved ? ["(removed)"] : [])).joined(separator: "  ").shown)
        }
    }
}

/// The options of commands that look at versions.
struct ListingArguments: ParsableArguments {
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var formatting: FormatArguments
    @OptionGroup var quieting: QuietArguments

    /// How results are written.
    var format: ResultFormat { formatting.chosen }

    /// Opens the catalog to read it.
    func open() throws -> Catalog { try catalog.openToRead() }
}

/// The argument and options of commands that look at one version.
struct VersionArgument: ParsableArguments {
    @Argument(help: "The dataset, or a version as in pairs@1.") var name: String
    @OptionGroup var listing: ListingArguments
}

struct DatasetListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the datasets of the catalog with their newest versions.",
        discussion: "Example: diptych dataset list")

    @OptionGroup var listing: ListingArguments

    func run() throws {
        let catalog = try listing.open()
        try list(try catalog.datasets(), in: catalog, listing.format)
    }
}

struct DatasetVersionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "List the versions of a dataset.",
        discussion: "Example: diptych dataset versions pairs")

    @Argument(help: "The dataset.") var name: String
    @OptionGroup var listing: ListingArguments

    func run() throws {
        let catalog = try listing.open()
        try list(try catalog.versions(of: name), in: catalog, listing.format)
    }
}

struct DatasetDescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Describe a version: rows, columns, where it comes from, its files.",
        discussion: "Example: diptych dataset describe pairs@1")

    @OptionGroup var wanted: VersionArgument

    func run() throws {
        let catalog = try wanted.listing.open()
        let version = try catalog.version(DatasetName(wanted.name))
        guard wanted.listing.format == .text else { return try StandardOutput.line(version.json(in: catalog).text) }
        for (name, value) in version.lines(in: catalog) {
            try StandardOutput.line("\(Columns.left(name, 8)) \(value.shown)")
        }
    }
}

struct DatasetLineageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage",
        abstract: "Show what a version was made of, back to the sources.",
        discussion: "Example: diptych dataset lineage pairs")

    @OptionGroup var wanted: VersionArgument

    func run() throws {
        let catalog = try wanted.listing.open()
        let lineage = try catalog.lineage(of: wanted.name)
        guard wanted.listing.format == .text, let first = lineage.first else {
            return try list(lineage, in: catalog, wanted.listing.format)
        }
        try write(first, among: lineage, depth: 0)
    }

    /// A tree; what a version was made of stands below it.
    private func write(_ version: CatalogVersion, among all: [CatalogVersion], depth: Int) throws {
        let space = String(repeating: "  ", count: depth)
        let removed = version.isRemoved ? "  (removed)" : ""
        let facts = ["\(version.name)", Columns.counted(version.count, "row"), version.summary]
        try StandardOutput.line((space + facts.joined(separator: "  ") + removed).shown)
        for model in version.models { try StandardOutput.line("\(space)  model \(model.shown)") }
        for input in version.inputs { try StandardOutput.line("\(space)  source \(input.path.shown)") }
        guard depth < 100 else { return try StandardOutput.line("\(space)  …") }
        for parent in version.parents {
            if let parent = all.first(where: { $0.name == parent }) { try write(parent, among: all, depth: depth + 1) }
        }
    }
}

struct DatasetDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two versions or datasets, row by row.",
        discussion: """
            Rows are the same one by file.path, image_id, id or key, whichever both have and tells all rows apart, else as a \
            whole.

            Example: diptych dataset diff pairs@1 pairs@1
            """)

    @Argument(help: "The first dataset, or a version of it.") var first: String
    @Argument(help: "The second.") var second: String

    @Option(help: "The columns that say which rows are the same one, with commas between them.")
    var key: String?

    @Option(help: "The most examples.") var limit = 10
    @OptionGroup var listing: ListingArguments

    func validate() throws {
        if limit < 0 { throw ValidationError("--limit must be 0 or more, not \(limit).") }
    }

    func run() throws {
        let catalog = try listing.open()
        let (a, b) = (try catalog.table(first), try catalog.table(second))
        let keys = key?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? []
        let difference = try a.difference(from: b, by: keys, limit: limit)
        if listing.format == .text { try text(difference, a, b) } else { try json(difference, a, b) }
    }

    private func row(_ example: (kind: String, row: Int), _ a: CatalogTable, _ b: CatalogTable) throws -> JSONValue {
        let record = try (example.kind == "removed" ? a : b).row(at: example.row)
        let cells = RowCells(isBase64: false)
        return .object(zip(record.columns, record.values).map { .init($0.name, cells.json($1)) })
    }

    private func json(_ difference: TableDifference, _ a: CatalogTable, _ b: CatalogTable) throws {
        func texts(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
        try StandardOutput.line(
            JSONValue.object([
                .init("from", .string(a.title)), .init("to", .string(b.title)), .init("key", texts(difference.keys)),
                .init("added_columns", texts(difference.addedColumns)),
                .init("removed_columns", texts(difference.removedColumns)),
                .init("added", .int(Int64(difference.added))), .init("removed", .int(Int64(difference.removed))),
                .init("changed", .int(Int64(difference.changed))), .init("equal", .int(Int64(difference.equal))),
                .init(
                    "examples",
                    .array(
                        try difference.examples.map { example in
                            .object([.init("change", .string(example.kind)), .init("row", try row(example, a, b))])
                        })),
            ]).text)
    }

    private func text(_ difference: TableDifference, _ a: CatalogTable, _ b: CatalogTable) throws {
        for name in difference.addedColumns { try StandardOutput.line("added column \(name.shown)") }
        for name in difference.removedColumns { try StandardOutput.line("removed column \(name.shown)") }
        let keys = difference.keys.isEmpty ? "" : ", by \(difference.keys.joined(separator: ", "))"
        try StandardOutput.line(
            "\(Columns.counted(difference.added, "row")) added, \(difference.removed) removed, \(difference.changed) changed, "
                + "\(difference.equal) equal\(keys)")
        for example in difference.examples {
            try StandardOutput.line("\(example.kind)  \(try row(example, a, b).text.shown)")
        }
    }
}

struct DatasetRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a version, or all versions of a dataset, from the catalog.",
        discussion: """
            Its rows go with `dataset gc`; images and sources stay. Its line in the lineage of others stays too, and its \
            number is not given again.

            Example: diptych dataset remove pairs@1
            """)

    @Argument(help: "The dataset, or a version as in pairs@1.") var name: String
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var quieting: QuietArguments

    func run() throws {
        for name in try catalog.openToRead().remove(name) { try StandardOutput.line("removed \(name)") }
    }
}

struct DatasetGarbageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove the files of removed versions and of runs that did not end.",
        discussion: "Example: diptych dataset gc")

    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var quieting: QuietArguments

    func run() throws {
        let garbage = try catalog.openToRead().collectGarbage()
        let bytes = Columns.bytes(Int(clamping: garbage.bytes))
        try StandardOutput.line("removed \(Columns.counted(garbage.files, "file")), \(bytes)")
    }
}

struct DatasetRootsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roots",
        abstract: "List the folders that files of the catalog lie below, or say that one lies elsewhere now.",
        discussion: """
            A catalog that is moved together with its images finds them by itself.

            Example: diptych dataset roots
            """)

    @Argument(help: "A root and its folder now: NAME FOLDER.") var move: [String] = []
    @OptionGroup var listing: ListingArguments

    func validate() throws {
        if move.count != 0, move.count != 2 {
            throw ValidationError("give the root's name and its folder: NAME FOLDER.")
        }
    }

    func run() throws {
        let catalog = try listing.open()
        if move.count == 2 { try catalog.moveRoot(move[0], to: move[1]) }
        for (name, path) in catalog.rootPlaces {
            let isThere = FileManager.default.fileExists(atPath: path)
            if listing.format == .text {
                try StandardOutput.line("\(name.shown)  \(path.shown)\(isThere ? "" : "  (not there)")")
            } else {
                try StandardOutput.line(
                    JSONValue.object([
                        .init("name", .string(name)), .init("path", .string(path)), .init("available", .bool(isThere)),
                    ]).text)
            }
        }
    }
}

struct DatasetVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare the rows of versions with the hash that they were saved with.",
        discussion: """
            Ends with status 3 where a version is damaged or its file is missing.

            Example: diptych dataset verify
            """)

    @Argument(help: "Datasets or versions of them (default: all).") var names: [String] = []
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var quieting: QuietArguments

    func run() throws {
        let catalog = try catalog.openToRead()
        var skips = Skips()
        var count = 0
        let wanted = try names.isEmpty ? catalog.datasets().map(\.name.name) : names
        for name in wanted {
            let name = try DatasetName(name)
            let versions = try name.version == nil ? catalog.versions(of: name.name) : [catalog.version(name)]
            for version in versions where !version.isRemoved {
                count += 1
                do {
                    guard try catalog.table("\(version.name)").isWhole() else {
                        skips.add("\(version.name)", reason: "its rows are not those that were saved")
                        continue
                    }
                    if !quieting.quiet { try StandardOutput.line("\(version.name): whole") }
                } catch let error as CatalogError { skips.add("\(version.name)", reason: error.description) }
            }
        }
        try skips.end(of: count)
    }
}
