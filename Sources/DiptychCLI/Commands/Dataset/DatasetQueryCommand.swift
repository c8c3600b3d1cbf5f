import ArgumentParser
import DiptychCatalog
import DiptychDatasets

struct DatasetQueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask the catalog by SQL.",
        discussion: """
            Datasets are tables by their names, older versions as in pairs@1; nothing is changed. Lists are JSON: scores ->> 0. \
            Functions beside SQLite's: name, stem, extension and folder of a path, hash of a value, similarity of two vectors.

            Example: diptych dataset query "SELECT count(*) AS count FROM pairs"
            """)

    @Argument(help: ArgumentHelp("One statement: SELECT, WITH or VALUES.", valueName: "sql"))
    var sql: String

    @Option(
        help: ArgumentHelp("Save the result as the next version of a dataset (default: print it).", valueName: "name"))
    var save: String?

    @OptionGroup var rows: RowArguments
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var quieting: QuietArguments

    func validate() throws {
        try SavedName.validate(save, rows)
    }

    func run() throws {
        let catalog = try save == nil ? catalog.existing() ?? Catalog.temporary() : catalog.open()
        // Nothing is computed that is not shown.
        let table = try catalog.query(sql, limit: save == nil ? rows.limit : nil)
        var skips = Skips()
        guard let save else { return try rows.print(table, title: "the result", &skips) }
        try TableArguments.report(try table.save(as: save, command: CatalogArguments.command), rows.format)
    }
}
