public import ArgumentParser
public import DiptychDatasets

struct DatasetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset",
        abstract:
            "Show and check datasets of images and texts, keep versions of them, and write them in other formats.",
        discussion: """
            Example: diptych dataset show images --limit 3
            """,
        subcommands: [
            DatasetShowCommand.self, DatasetConvertCommand.self, DatasetCheckCommand.self,
            DatasetStatisticsCommand.self, DatasetDownloadCommand.self, DatasetCreateCommand.self,
            DatasetListCommand.self,
            DatasetVersionsCommand.self, DatasetDescribeCommand.self, DatasetLineageCommand.self,
            DatasetDiffCommand.self,
            DatasetQueryCommand.self, DatasetJoinCommand.self, DatasetFilterCommand.self, DatasetSampleCommand.self,
            DatasetMapCommand.self, DatasetShuffleCommand.self, DatasetDistinctCommand.self, DatasetGroupCommand.self,
            DatasetSplitCommand.self, DatasetVerifyCommand.self, DatasetRemoveCommand.self, DatasetGarbageCommand.self,
            DatasetRootsCommand.self,
        ])
}

extension DatasetFormat: ExpressibleByArgument {}

extension TextFileEncoding: ExpressibleByArgument {
    /// Reads a name in any usual spelling.
    public init?(argument: String) { self.init(name: argument) }
}

/// The options that say how a dataset is read.
struct SourceOptions: ParsableArguments {
    /// The kind of file or folder that a source is.
    enum Format: ExpressibleByArgument {
        case file(DatasetKind)
        case folder(FolderKind)

        init?(argument: String) {
            if let kind = FolderKind(rawValue: argument) {
                self = .folder(kind)
            } else if let kind = DatasetKind(rawValue: ["webdataset": "tar", "json": "jsonl"][argument] ?? argument) {
                self = .file(kind)
            } else {
                return nil
            }
        }

        static let names =
            FolderKind.allCases.map(\.rawValue).joined(separator: ", ") + ", webdataset, " + DatasetKind.names
    }

    @Option(name: [.customLong("from-format")], help: "What the source is, whatever it looks like: \(Format.names).")
    var format: Format?

    @Option(help: "The encoding of texts, such as gb18030 (default: utf-8, or utf-16 with a byte order mark).")
    var encoding: TextFileEncoding?

    /// The options as the library takes them.
    func options(columns: ColumnNames = ColumnNames(), notes: DatasetNotes) -> DatasetOptions {
        var options = DatasetOptions()
        (options.encoding, options.columns, options.notes) = (encoding, columns, notes)
        switch format {
        case .file(let kind)?: options.kind = kind
        case .folder(let kind)?: options.folderKind = kind
        case nil: break
        }
        return options
    }

    /// Refuses sources that are not read.
    static func validate(_ sources: [String]) throws {
        if sources.contains("") { throw ValidationError("a source is empty; give a file or a folder.") }
        if sources.contains(DatasetSources.storePrefix) {
            throw ValidationError("store: names no store; write store:DIRECTORY.")
        }
    }
}

/// The options of commands that read images and texts of a dataset, from wherever it lies.
struct PairReadingArguments: ParsableArguments {
    @OptionGroup var source: SourceOptions
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var remote: RemoteArguments

    @Option(help: "The column with paths, URLs or bytes of images (default: the usual names).")
    var imageColumn: String?

    @Option(help: "The column with a text, or a list of them (default: the usual names).")
    var textColumn: String?

    /// The sources with these options; those elsewhere can be read from now on.
    func sources(_ sources: [String], notes: DatasetNotes) -> DatasetSources {
        remote.install()
        let columns = ColumnNames(image: imageColumn, caption: textColumn)
        return DatasetSources(sources, source.options(columns: columns, notes: notes), catalog)
    }
}

extension DatasetNotes {
    /// Says what was left out, changed, or found to be wrong.
    func report(isQuiet: Bool) {
        guard !isQuiet else { return }
        for note in all { Console.say("note: \(note.text)") }
        if furtherCount > 0 { Console.say("note: \(furtherCount) further notes") }
    }
}
