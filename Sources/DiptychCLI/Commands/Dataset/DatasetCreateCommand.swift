import ArgumentParser
import DiptychCatalog
import DiptychDatasets
import Foundation

struct DatasetCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Read sources into a new version of a dataset of the catalog.",
        discussion: """
            A version never changes. Image files stay where they are; rows refer to them by a named root and the path in it \
            (file.source, file.path). With --update, only what is new, changed or failed is read, and a version is made where \
            rows differ.

            Example: diptych dataset create pairs images
            """)

    @Argument(help: ArgumentHelp("The dataset.", valueName: "name"))
    var name: String

    @Argument(
        help: ArgumentHelp(
            "Files, folders, store:DIRECTORY, or patterns such as shards-{000..009}.tar.", valueName: "source"))
    var sources: [String] = []

    @Flag(help: "Read only what is new, changed or failed since the newest version.")
    var update = false

    @Option(help: "The column with paths, URLs or bytes of images (default: the usual names).")
    var imageColumn: String?

    @Option(help: "The form of what is said of the version.")
    var format = RowArguments.Format.text

    @OptionGroup var source: SourceOptions
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var remote: RemoteArguments

    @Flag(help: "Leave out notes on standard error.")
    var quiet = false

    func validate() throws {
        try SourceOptions.validate(sources)
        if sources.isEmpty, !update { throw ValidationError("give a source: a file, a folder or a pattern.") }
        do {
            try DatasetName.check(new: name)
        } catch let error as CatalogError { throw ValidationError("\(error)") }
    }

    func run() async throws {
        remote.install()
        let notes = DatasetNotes()
        let catalog = try self.catalog.open()
        var reading = DatasetSources(
            sources.map(Self.absolute),
            source.options(columns: ColumnNames(image: imageColumn, caption: nil), notes: notes),
            self.catalog)
        if sources.isEmpty, catalog.has(name) { reading = reading.reading(try catalog.table(name).version) }
        let options = try await reading.readingStores(hasEmbeddings: true).options
        let sources = self.sources.isEmpty ? [] : reading.sources
        var skips = Skips()
        let command = CatalogArguments.command
        let table: CatalogTable
        if update {
            let result = try catalog.update(name, from: sources, options: options, command: command) { skips.add($0) }
            table = result.table
            report(result.summary, table)
        } else {
            table = try catalog.create(name, from: sources, options: options, command: command) { skips.add($0) }
        }
        if table.count == 0 {
            Console.say("note: \(sources.joined(separator: " ")): no rows and no images were found")
        }
        try TableArguments.report(table, format)
        notes.report(isQuiet: quiet)
        try skips.end(of: table.count + skips.count, consequence: "; --update reads them again")
    }

    /// A store's directory is found again from any folder.
    private static func absolute(_ source: String) -> String {
        guard source.hasPrefix(DatasetSources.storePrefix), !source.contains("://") else { return source }
        let path = URL(fileURLWithPath: String(source.dropFirst(DatasetSources.storePrefix.count))).standardizedFileURL
            .path
        return DatasetSources.storePrefix + path
    }

    private func report(_ summary: ImportSummary, _ table: CatalogTable) {
        guard !quiet, let changes = summary.changes else { return }
        let unread = summary.unread > 0 ? "; sources that are as they were, and were not read: \(summary.unread)" : ""
        if changes.added + changes.changed + changes.removed == 0 {
            Console.say("nothing is new: \(table.title) stays the newest version\(unread)")
        } else {
            Console.say(
                "\(Columns.counted(changes.added, "row")) new, \(changes.changed) changed, \(changes.removed) removed\(unread)"
            )
        }
    }
}
