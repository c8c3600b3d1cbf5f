import ArgumentParser
import DiptychDatasets
import DiptychTraining

/// What a model is trained on.
struct TrainingDataArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Pairs of images and texts: a split's folder of Chinese-CLIP's LMDB, its text files, WebDataset, CSV, Parquet, a \
            folder, or a name of the catalog. Of a dataset with splits, train.
            """, valueName: "source"))
    var trainData: String

    @Option(help: ArgumentHelp("The same to validate on. Of a dataset with splits, valid.", valueName: "source"))
    var valData: String?

    @Option(help: "The column with paths, URLs or bytes of images (default: the usual names).")
    var imageColumn: String?

    @Option(help: "The column with a text, or a list of them (default: the usual names).")
    var captionColumn: String?

    @Option(parsing: .unconditional, help: "Threads that load images.")
    var numWorkers = 4

    @Option(parsing: .unconditional, help: .hidden)
    var validNumWorkers = 1

    @Flag(help: "Crop, flip and change images at random.")
    var useAugment = false

    @OptionGroup var source: SourceOptions
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var remote: RemoteArguments

    func validate() throws {
        if trainData.isEmpty || valData?.isEmpty == true {
            throw ValidationError("a source is empty; give a file or a folder.")
        }
    }

    func apply(to options: inout TrainingOptions) {
        (options.workers, options.augments) = (max(1, numWorkers), useAugment)
    }

    /// The pairs to train on.
    func training(_ notes: DatasetNotes) async throws -> any ImageTextPairs {
        try await pairs(trainData, split: "train", notes)
    }

    /// The pairs to validate on, if any.
    func validation(_ notes: DatasetNotes) async throws -> (any ImageTextPairs)? {
        if let valData { try await pairs(valData, split: "valid", notes) } else { nil }
    }

    private func pairs(_ path: String, split: String, _ notes: DatasetNotes) async throws -> any ImageTextPairs {
        remote.install()
        let options = source.options(columns: ColumnNames(image: imageColumn, caption: captionColumn), notes: notes)
        let parts = try await DatasetSources([path], options, catalog).readingStores().splits()
        guard parts.count > 1 else {
            guard let part = parts.first else { throw Failure("\(path): holds no pairs of images and texts") }
            return try checked(part.imageTextPairs(), path)
        }
        guard let part = parts.first(where: { $0.split == split }) else {
            let names = parts.map { $0.split ?? "(no name)" }.joined(separator: ", ")
            throw Failure("\(path): has the splits \(names) and no \(split); name the one that is meant")
        }
        return try checked(part.imageTextPairs(), path)
    }

    private func checked(_ pairs: any ImageTextPairs, _ path: String) throws -> any ImageTextPairs {
        guard pairs.count > 0 else { throw Failure("\(path): holds no pairs of images and texts") }
        return pairs
    }
}
