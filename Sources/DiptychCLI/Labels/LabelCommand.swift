public import ArgumentParser
import Diptych
import DiptychDatasets
public import DiptychLabels
import DiptychSearch
import DiptychServer
import Foundation

struct LabelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label",
        abstract: "Label images on a page, with a model that learns meanwhile; write labels out, and read them in.",
        discussion: """
            `diptych label SOURCE` opens the page at http://127.0.0.1:9502/label. A folder named export, import or report is \
            written ./export. Documentation/labels.md says more.

            Example: diptych label images --labels labels.txt --task single
            """,
        subcommands: [
            LabelPageCommand.self, LabelExportCommand.self, LabelImportCommand.self, LabelReportCommand.self,
        ], defaultSubcommand: LabelPageCommand.self)
}

extension LabelTask.Kind: ExpressibleByArgument {}

struct LabelPageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "page",
        abstract: "Open the page that labels the images of a folder, a store or a dataset.",
        discussion: """
            A folder or a dataset is indexed first, into --store, else into a store beside it (SOURCE.store); a store is used as \
            it is. Labels are annotations of the store.

            Example: diptych label images --labels labels.txt --task single
            """)

    @Argument(help: ArgumentHelp("A folder, a dataset, or a store.", valueName: "source"))
    var source: String

    @Option(help: ArgumentHelp("A file with one label a line.", valueName: "file"))
    var labels: String?

    @Option(name: .customLong("task"), help: "One label an image, several, or a text of your own.")
    var kind = LabelTask.Kind.multiple

    @Option(help: "Who labels, where nobody needs a key (default: the user's name).")
    var annotator: String?

    @Option(help: ArgumentHelp("How many people label each image.", valueName: "number"))
    var share = 1

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var settings: ServeSettings

    func validate() throws {
        if source.isEmpty { throw ValidationError("the source is empty.") }
        guard (1...100).contains(share) else { throw ValidationError("--share must be 1 to 100, not \(share).") }
        if let annotator, annotator.allSatisfy(\.isWhitespace) || annotator.utf8.count > Annotation.nameLimit {
            throw ValidationError("--annotator must be 1 to \(Annotation.nameLimit) bytes.")
        }
    }

    func run() async throws {
        let task = try LabelTask(kind, labels: labels.map(Self.list) ?? [])
        let place = LabelPlace(source: source, store: settings.store)
        try await place.index(model: model, fetching: fetching)
        // What keeps it from being written is said at once, not on the page.
        let store = try await place.location.open()
        var kept = try await LabelTask.read(kind, from: store) ?? LabelTask(kind)
        for label in task.labels { try kept.add(label) }
        try await kept.save(in: store)
        var command = ServeCommand()
        (command.model, command.fetching, command.settings) = (model, fetching, settings)
        command.settings.store = "\(place.location)"
        let user = ProcessInfo.processInfo.environment["USER"].flatMap { $0.isEmpty ? nil : $0 }
        let annotator = self.annotator ?? user ?? "me", share = share
        try await command.serve(page: "/label") { options in
            options.labelling = kept
            (options.annotator, options.annotatorsPerImage) = (annotator, share)
        }
    }

    /// The labels of a file.
    static func list(_ path: String) throws -> [String] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure("\(path): cannot be read; --labels names a file with one label a line")
        }
        guard data.count <= 64 << 20, let text = String(validating: data, as: UTF8.self) else {
            throw Failure("\(path): is not a list of labels in UTF-8")
        }
        return try LabelTask.list(text, path: path)
    }
}

/// The store whose images are labelled: one that is named, or one beside what it is made of.
struct LabelPlace {
    let source: String
    let location: StoreLocation
    /// Whether the source is the store itself.
    let isStore: Bool

    init(source: String, store: String?) {
        self.source = source
        let path =
            source.hasPrefix(DatasetSources.storePrefix)
            ? String(source.dropFirst(DatasetSources.storePrefix.count)) : source
        isStore =
            source != path || path.hasPrefix("milvus://") || path.hasPrefix("milvuss://")
            || FileManager.default.fileExists(atPath: path + "/store.sqlite")
        if isStore {
            location = StoreLocation(path)
        } else {
            let plain = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
            location = StoreLocation(store ?? plain + ".store")
        }
    }

    /// Brings the store up to date with its source.
    func index(model: ModelArguments, fetching: FetchArguments) async throws {
        guard !isStore else { return }
        guard FileManager.default.fileExists(atPath: source) || source.contains("://") || !source.contains("/") else {
            throw Failure("\(source): does not exist; give a folder, a dataset or a store")
        }
        var arguments = try await sources()
        arguments += ["--store", "\(location)", "--summary-aside"]
        if let name = model.model { arguments += ["--model", name] }
        if model.quiet { arguments.append("--quiet") }
        if !model.quiet { Console.say("the images and their labels are kept in \(location)") }
        do { try await IndexCommand.parse(arguments).run() } catch let status as ExitStatus
            where status == .skippedInputs
        {}
    }

    /// What `index` is to read: files where they lie, else copies of the images of an archive or a table.
    private func sources() async throws -> [String] {
        if source.contains("://") { return [source] }
        var isFolder: ObjCBool = false
        let isPath = FileManager.default.fileExists(atPath: source, isDirectory: &isFolder)
        var options = DatasetOptions()
        options.columns = ColumnNames()
        let catalog = try CatalogArguments.parse([])
        let parts = try DatasetSources([source], options, catalog).splits()
        guard let first = parts.first, let rows = try? first.rows() else { return [source] }
        if case .image(.file)? = rows.count > 0 ? try? rows.row(at: 0)["image"] : nil, isPath {
            return isFolder.boolValue ? [source] : ["--from", source]
        }
        if rows.count == 0, isFolder.boolValue { return [source] }
        let folder = "\(location)-images"
        var conversion = DatasetConversion(to: .jsonl, output: folder)
        conversion.copiesImages = true
        var arguments: [String] = []
        for part in parts {
            let split = part.split ?? "train"
            _ = try conversion.write(part, as: split, skip: { error in Console.say("skipped \(error)") })
            arguments += ["--from", "\(folder)/\(split).jsonl"]
        }
        return arguments
    }
}
