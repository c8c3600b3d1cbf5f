import ArgumentParser
import Diptych
import DiptychCatalog
import DiptychDatasets
import Foundation

struct DatasetShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the rows of a dataset.",
        discussion: """
            The format is found by looking: folders of images, Chinese-CLIP's files and LMDB, WebDataset shards, CSV, TSV, \
            JSON, Parquet, clip-retrieval's folders, here or at s3://, gs:// and http(s)://; a name such as cartoons or cartoons@3 is \
            a dataset of the catalog, store:DIRECTORY the items of a store. Images are shown by their path, or by format and size.

            Example: diptych dataset show images --limit 3
            """)

    @Argument(
        help: ArgumentHelp(
            "A file, a folder, a URL, store:DIRECTORY, or a pattern such as shards-{000..009}.tar.", valueName: "source"
        ))
    var sources: [String]

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Only the rows for which a condition of SQL is true.", valueName: "sql"))
    var condition: String?

    @OptionGroup var rows: RowArguments
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var source: SourceOptions
    @OptionGroup var remote: RemoteArguments

    @Flag(help: "Leave out notes on standard error.")
    var quiet = false

    func validate() throws {
        try SourceOptions.validate(sources)
    }

    func run() async throws {
        let notes = DatasetNotes()
        remote.install()
        let title = sources.joined(separator: " ")
        var skips = Skips()
        // Embeddings of a store are large, and shown where they are asked for.
        let wantsEmbeddings = rows.columns?.contains("embedding") == true || condition?.contains("embedding") == true
        var dataset = try await DatasetSources(sources, source.options(notes: notes), catalog)
            .readingStores(hasEmbeddings: wantsEmbeddings, limit: condition == nil ? rows.limit : nil).open()
        if let condition {
            let table = try dataset as? CatalogTable ?? Catalog.temporary().table(of: dataset) { skips.add($0) }
            dataset = try table.filter(condition)
        }
        try rows.print(dataset, title: title, &skips)
        if dataset.count == 0, condition == nil { Console.say("note: \(title): no rows and no images were found") }
        notes.report(isQuiet: quiet)
        try skips.end(of: dataset.count)
    }
}
