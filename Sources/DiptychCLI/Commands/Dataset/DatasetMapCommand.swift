public import ArgumentParser
import Diptych
public import DiptychCatalog
import DiptychDatasets
import DiptychMedia

extension ModelColumn.Value: ExpressibleByArgument {}

struct DatasetMapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map",
        abstract: "Add a column that a model computes.",
        discussion: """
            similarity: the cosine of image and text. probability: of each text of a list. embedding: of an image, or of a text. \
            label: the most probable text of a list. Embeddings stay in the catalog: nothing is computed twice, and a run that \
            was cut off goes on where it was.

            Example: diptych dataset map pairs --image image --text label --compute similarity --as score --save scored
            """)

    @Argument(help: ArgumentHelp("A dataset of the catalog, or a file or folder.", valueName: "source"))
    var input: String

    @Option(help: "The column of images.") var image: String?
    @Option(help: "The column with a text.") var text: String?
    @Option(help: "The column with a list of texts.") var texts: String?

    @Option(help: "Texts that are the same for each row, with commas between them, instead of --texts.")
    var labels: String?

    @Option(help: "What is computed.") var compute: ModelColumn.Value
    @Option(name: .customLong("as"), help: "The name of the new column.") var column: String
    @Option(
        help: ArgumentHelp("Save the result as the next version of a dataset (default: print it).", valueName: "name"))
    var save: String?

    @OptionGroup var rows: RowArguments
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var source: SourceOptions
    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var remote: RemoteArguments

    func validate() throws {
        try SavedName.validate(save, rows)
    }

    func run() async throws {
        remote.install(redirectsAnywhere: fetching.allowsPrivateURLs)
        let notes = DatasetNotes()
        var skips = Skips()
        let catalog = try save == nil ? catalog.existing() ?? Catalog.temporary() : catalog.open()
        let table = try await DatasetSources([input], source.options(notes: notes), self.catalog).readingStores()
            .table(in: catalog, &skips)
        let labels = (labels ?? "").split(separator: ",").map { String($0.drop { $0 == " " }) }
        let wanted = ModelColumn(compute, image: image, text: text, texts: texts, labels: labels, as: column)
        if !model.quiet, table.columns.contains(where: { $0.name.lowercased() == column.lowercased() }) {
            Console.say("note: the column \(column) that \(table.title) has is replaced")
        }
        let progress = Progress("images", total: table.count, isQuiet: model.quiet)
        var failures: [DatasetError] = []
        let result = try await table.map(
            wanted, by: model.load(), images: model.images, fetch: fetching.options, notes: notes,
            progress: progress.update,
            skip: { failures.append($0) })
        progress.end()
        for failure in failures { skips.add(failure) }
        if let save {
            try TableArguments.report(try result.save(as: save, command: CatalogArguments.command), rows.format)
        } else {
            try rows.print(result, title: "the result", &skips)
        }
        notes.report(isQuiet: model.quiet)
        try skips.end(of: result.count, consequence: "; \(column) is null there")
    }
}
