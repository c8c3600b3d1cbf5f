import ArgumentParser
import Diptych
import DiptychCatalog
import DiptychCuration
import DiptychDatasets

struct DatasetSplitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Divide rows into parts such as train, valid and test, in a column split.",
        discussion: """
            The same seed and the same rows give the same split, whatever their order. Rows of one image, copies of a file \
            and rows of one group stay together, and with --near-duplicates what a model takes for almost the same image.

            Example: diptych dataset split pairs --parts train:0.8,valid:0.1,test:0.1 --seed 7 --save divided
            """)

    @Argument(help: ArgumentHelp("A dataset of the catalog, or a file or folder.", valueName: "source"))
    var input: String

    @Option(help: "NAME:SIZE with commas: a share such as 0.8, a number of rows, or rest.") var parts: String
    @Option(help: "What the split follows from.") var seed: UInt64 = 0
    @Option(help: "Rows of one value of this column stay together.") var group: String?
    @Option(help: "Each part has about the same share of each value of this column.") var stratify: String?

    @Option(help: ArgumentHelp("Images of at least this cosine stay together, by the model.", valueName: "cosine"))
    var nearDuplicates: Float?

    @Option(help: "The column of images, for --near-duplicates.") var image = "image"
    @Option(
        help: ArgumentHelp("Save the result as the next version of a dataset (default: print it).", valueName: "name"))
    var save: String?

    @OptionGroup var rows: RowArguments
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var source: SourceOptions
    @OptionGroup var remote: RemoteArguments
    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments

    func validate() throws {
        do { _ = try SplitParts(parts) } catch { throw ValidationError("\(error)") }
        try SavedName.validate(save, rows)
        if let nearDuplicates, !(nearDuplicates > 0 && nearDuplicates <= 1) {
            throw ValidationError("--near-duplicates must be above 0 and at most 1, not \(nearDuplicates).")
        }
    }

    func run() async throws {
        remote.install(redirectsAnywhere: fetching.allowsPrivateURLs)
        let parts = try SplitParts(self.parts)
        if let note = parts.note { Console.say("note: \(note)") }
        let notes = DatasetNotes()
        var skips = Skips()
        let catalog = try save == nil ? catalog.existing() ?? Catalog.temporary() : catalog.open()
        let table = try await DatasetSources([input], source.options(notes: notes), self.catalog).readingStores()
            .table(in: catalog, &skips)
        var options = SplitOptions()
        (options.seed, options.group, options.stratify) = (seed, group, stratify)
        if let nearDuplicates { options.together = try await together(table, nearDuplicates, notes, &skips) }
        if !model.quiet, table.columns.contains(where: { $0.name.lowercased() == "split" }) {
            Console.say("note: the column split that \(table.title) has is replaced")
        }
        let result = try table.split(parts, options: options) { summary in
            guard !model.quiet else { return }
            Console.say(
                summary.counts.map { "\($0.name): \(Columns.counted($0.count, "row"))" }.joined(separator: ", ")
                    + (summary.left > 0 ? "; in no part: \(Columns.counted(summary.left, "row"))" : "")
                    + (summary.groups > 0
                        ? "; \(Columns.counted(summary.groups, "group of rows stays", "groups of rows stay")) together"
                        : ""))
        }
        if let save {
            try TableArguments.report(try result.save(as: save, command: CatalogArguments.command), rows.format)
        } else {
            try rows.print(result, title: "the result", &skips)
        }
        notes.report(isQuiet: model.quiet)
        try skips.end(of: result.count)
    }

    /// A number for each row, the same for those whose images are almost the same.
    private func together(
        _ table: CatalogTable, _ threshold: Float, _ notes: DatasetNotes, _ skips: inout Skips
    ) async throws -> [Int] {
        let progress = Progress("images", total: table.count, isQuiet: model.quiet)
        var failures: [DatasetError] = []
        let embedded = try await table.map(
            ModelColumn(.embedding, image: image, as: "embedding"), by: model.load(), images: model.images,
            fetch: fetching.options, notes: notes, progress: progress.update, skip: { failures.append($0) })
        progress.end()
        for failure in failures { skips.add(failure) }
        var (values, places): ([Float], [Int]) = ([], [])
        for index in 0..<embedded.count {
            guard let vector = try embedded.row(at: index)["embedding"]?.readFloats() else { continue }
            values += vector
            places.append(index)
        }
        // An image that cannot be read is like none.
        var together = Array(0..<table.count)
        guard let first = places.first else { return together }
        let dimension = try embedded.row(at: first)["embedding"]?.readFloats()?.count ?? 1
        let groups = try await DiptychCuration.NearDuplicates.groups(
            Embeddings(values: values, dimension: dimension), threshold: threshold, threads: model.threads)
        for (row, group) in zip(places, groups) { together[row] = places[group] }
        return together
    }
}
