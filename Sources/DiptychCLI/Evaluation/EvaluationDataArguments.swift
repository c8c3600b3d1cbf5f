import ArgumentParser
import DiptychDatasets
import Foundation

/// The options of measurements that name a dataset.
struct EvaluationDataArguments: ParsableArguments {
    // The second is Chinese-CLIP's.
    @Option(
        name: [.customLong("data"), .customLong("datapath")], parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The dataset: a file, a folder, a pattern or a name of the catalog; may be given several times.",
            valueName: "source"))
    var sources: [String] = []

    @Option(help: "The split that is measured (default: test, else valid, else the only one).")
    var split: String?

    @Option(help: "The column with paths or bytes of images (default: the usual names).")
    var imageColumn: String?

    @Option(help: "The column with a text, or a list of them (default: the usual names).")
    var textColumn: String?

    @OptionGroup var source: SourceOptions
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var remote: RemoteArguments

    func validate() throws {
        try SourceOptions.validate(sources)
        if split?.isEmpty == true { throw ValidationError("--split is empty.") }
    }

    /// What messages call the dataset.
    var title: String { sources.joined(separator: " ") }

    /// How the sources are read.
    func options(_ notes: DatasetNotes) -> DatasetOptions {
        source.options(columns: ColumnNames(image: imageColumn, caption: textColumn), notes: notes)
    }

    /// The split to measure, with the name that files of it begin with.
    ///
    /// - Parameter usual: the split that is measured where none is named and there is this one.
    /// - Throws: ``Failure`` where there is none, or none of this name.
    func chosen(_ notes: DatasetNotes, usual: String? = nil) async throws -> (part: DatasetPart, name: String) {
        remote.install()
        let parts = try await DatasetSources(sources, options(notes), catalog).readingStores().splits()
        let usual = usual.flatMap { name in parts.contains { $0.split == name } ? name : nil }
        return try Self.chosen(parts, split ?? usual, title: title)
    }

    /// The split to measure among all, with the name that files of it begin with.
    static func chosen(
        _ parts: [DatasetPart], _ split: String?, title: String
    ) throws -> (part: DatasetPart, name: String) {
        let known = parts.compactMap(\.split).joined(separator: ", ")
        if let split {
            let name = DatasetFiles.splitName(split)
            if let part = parts.first(where: { $0.split == name }) { return (part, name) }
            guard parts.count == 1, parts[0].split == nil else {
                throw Failure("\(title): has no split '\(split)'" + (known.isEmpty ? "" : "; it has \(known)"))
            }
            return (parts[0], name)
        }
        guard let first = parts.first else { throw Failure("\(title): holds no dataset") }
        let part =
            parts.count == 1
            ? first : ["test", "valid"].lazy.compactMap { name in parts.first { $0.split == name } }.first
        guard let part else { throw Failure("\(title): has the splits \(known); choose one with --split") }
        return (part, part.split ?? "test")
    }
}
