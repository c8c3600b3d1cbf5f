import ArgumentParser
import DiptychCatalog
import DiptychDatasets
import DiptychSearch
import Foundation

/// The option that names the catalog.
struct CatalogArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The directory of datasets by name (default: $DIPTYCH_CATALOG, else a folder of the user's data).",
            valueName: "directory"))
    var catalog: String?

    func validate() throws {
        if catalog?.isEmpty == true { throw ValidationError("--catalog is empty.") }
    }

    /// Where the catalog is.
    var directory: URL {
        func filled(_ name: String) -> String? {
            ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        if let path = catalog ?? filled("DIPTYCH_CATALOG") { return URL(fileURLWithPath: path, isDirectory: true) }
        return UserFolders.data.appendingPathComponent("catalog", isDirectory: true)
    }

    /// Opens the catalog, and makes it where there is none.
    func open() throws -> Catalog { try Catalog.open(at: directory) }

    /// Opens the catalog to read it.
    ///
    /// - Throws: `CatalogError` where there is none.
    func openToRead() throws -> Catalog { try Catalog.open(at: directory, mayCreate: false) }

    /// The catalog, where there is one.
    ///
    /// - Throws: `CatalogError` where there is one that cannot be read.
    func existing() throws -> Catalog? {
        guard FileManager.default.fileExists(atPath: directory.appendingPathComponent("catalog.sqlite").path) else {
            return nil
        }
        return try openToRead()
    }

    /// What was typed, as a shell takes it.
    static var command: String {
        (["diptych"] + CommandLine.arguments.dropFirst()).map { word in
            let isPlain =
                !word.isEmpty
                && word.unicodeScalars.allSatisfy {
                    $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_./:@,=+".unicodeScalars.contains($0)
                }
            return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
        }.joined(separator: " ")
    }
}

/// Datasets that commands are given: files, folders, names of the catalog, and stores.
struct DatasetSources {
    let sources: [String]
    private(set) var options: DatasetOptions
    let arguments: CatalogArguments

    init(_ sources: [String], _ options: DatasetOptions, _ arguments: CatalogArguments) {
        (self.sources, self.options, self.arguments) = (sources, options, arguments)
    }

    /// What stands before a store's directory or address.
    static let storePrefix = "store:"

    /// The same with the items of stores among the sources, as they are now.
    ///
    /// - Parameters:
    ///   - hasEmbeddings: whether they have a column `embedding`.
    ///   - hasTexts: whether texts that were indexed as such are rows.
    ///   - limit: the most rows that are wanted of each.
    func readingStores(
        hasEmbeddings: Bool = false, hasTexts: Bool = true, limit: Int? = nil
    ) async throws -> DatasetSources {
        var loaded = self
        for source in sources where source.hasPrefix(Self.storePrefix) && loaded.options.named[source] == nil {
            let store = try await StoreLocation(String(source.dropFirst(Self.storePrefix.count))).open()
            loaded.options.named[source] = try await StoreDataset.read(
                store, as: source, hasEmbeddings: hasEmbeddings, hasTexts: hasTexts, limit: limit,
                notes: options.notes)
        }
        return loaded
    }

    /// The sources that a version was made of.
    func reading(_ version: CatalogVersion?) -> DatasetSources {
        DatasetSources(version?.inputs.map(\.path) ?? [], options, arguments)
    }

    /// The catalog's table, where there is one source and it is a name in the catalog: `NAME` or `NAME@VERSION`. What is typed
    /// with a slash is a path.
    func table() throws -> CatalogTable? {
        guard sources.count == 1, let source = sources.first, !source.contains("/"),
            let name = try? DatasetName(source)
        else { return nil }
        let isPath = FileManager.default.fileExists(atPath: source)
        guard let catalog = try arguments.existing() else {
            guard !isPath, name.version != nil else { return nil }
            return try arguments.openToRead().table(source)
        }
        guard catalog.has(source) else {
            guard !isPath, name.version != nil || !source.contains(".") else { return nil }
            // Neither a file nor a name: say both.
            do { return try catalog.table(source) } catch let error as CatalogError {
                throw Failure("\(source): is not a file here, and in the catalog \(error.description)")
            }
        }
        let table = try catalog.table(source)
        // No surprise where it was made of just that.
        if isPath, !catalog.isMade(table.version, of: source) {
            Console.say("note: \(source) is read from the catalog; write ./\(source) for the file or folder")
        }
        return table
    }

    /// The options with which the sources are read, where one is a name in the catalog too.
    func named() throws -> DatasetOptions {
        var options = options
        for source in sources {
            let one = DatasetSources([source], self.options, arguments)
            if let table = try one.table() { options.named[source] = table }
        }
        return options
    }

    /// The rows.
    func open() throws -> any Dataset { try table() ?? DatasetFiles.open(sources, options: named()) }

    /// The rows by their splits.
    func splits() throws -> [DatasetPart] {
        try DatasetFiles.splits(sources, options: named())
    }

    /// The rows as a table of a catalog: a source that has no name there is read into one that is not saved.
    func table(in catalog: Catalog, _ skips: inout Skips) throws -> CatalogTable {
        if let table = try table() { return table }
        var failures: [DatasetError] = []
        let table = try catalog.read(sources, options: options) { failures.append($0) }
        for error in failures { skips.add(error) }
        return table
    }
}

/// The options of commands that make a table of others: it is saved, or its rows are printed.
struct TableArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp("Save the result as the next version of a dataset (default: print it).", valueName: "name"))
    var save: String?

    @OptionGroup var rows: RowArguments
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var source: SourceOptions
    @OptionGroup var remote: RemoteArguments

    @Flag(help: "Leave out notes on standard error.")
    var quiet = false

    func validate() throws { try SavedName.validate(save, rows) }

    /// Makes a table of a source, and saves or prints it.
    ///
    /// - Parameter others: further sources that `body` reads, with the options that it is given.
    func run(
        _ source: String, and others: [String] = [],
        _ body: (CatalogTable, Catalog, DatasetOptions, inout Skips) throws -> CatalogTable
    ) async throws {
        remote.install()
        let notes = DatasetNotes()
        var skips = Skips()
        let options = try await DatasetSources([source] + others, self.source.options(notes: notes), self.catalog)
            .readingStores(hasEmbeddings: true).options
        let catalog = try self.opened()
        let sources = DatasetSources([source], options, self.catalog)
        let table = try sources.table(in: catalog, &skips)
        let result = try body(table, catalog, options, &skips)
        try finish(result, &skips)
        notes.report(isQuiet: quiet)
        try skips.end(of: result.count + skips.count)
    }

    /// The catalog, or one that is not kept where there is none and nothing is to be saved.
    func opened() throws -> Catalog { try save == nil ? catalog.existing() ?? Catalog.temporary() : catalog.open() }

    /// Saves a table, or prints its rows.
    func finish(_ table: CatalogTable, _ skips: inout Skips) throws {
        guard let save else { return try rows.print(table, title: "the result", &skips) }
        try Self.report(try table.save(as: save, command: CatalogArguments.command), rows.format)
    }

    /// Says what was saved.
    static func report(_ table: CatalogTable, _ format: RowArguments.Format) throws {
        guard let version = table.version else { return }
        switch format {
        case .text, .csv:
            try StandardOutput.line(
                "\(version.name): \(Columns.counted(version.count, "row")), \(Columns.counted(version.columns.count, "column"))"
            )
        case .json, .jsonl: try StandardOutput.line(version.json(in: table.catalog).text)
        }
    }
}

/// The name after --save.
enum SavedName {
    /// Refuses what is none, and options of printing beside it.
    static func validate(_ save: String?, _ rows: RowArguments) throws {
        guard let save else { return }
        do {
            try DatasetName.check(new: save)
        } catch let error as CatalogError { throw ValidationError("\(error)") }
        if rows.limit != nil || rows.columns != nil {
            throw ValidationError(
                "--limit and --columns are of what is printed; with --save, say it in the query or filter.")
        }
    }
}

/// The option of commands that have nothing else to say less of.
struct QuietArguments: ParsableArguments {
    @Flag(help: "Say nothing but results and errors.") var quiet = false
}
