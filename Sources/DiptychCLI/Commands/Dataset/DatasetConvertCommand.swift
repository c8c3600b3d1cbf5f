import ArgumentParser
import DiptychDatasets
import Foundation

struct DatasetConvertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a dataset in another format.",
        discussion: """
            Image files go over byte by byte. chinese-clip: train_imgs.tsv and train_texts.jsonl. lmdb: lmdb/train/imgs and \
            lmdb/train/pairs, and train_texts.jsonl. webdataset: train-000000.tar and so on. csv and tsv: filepath and title, a \
            row a pair. jsonl, parquet: train.jsonl, train.parquet. folder: train/LABEL/. With --data-dir and --to lmdb: as \
            Chinese-CLIP's build_lmdb_dataset.py.

            Example: diptych dataset convert images --to chinese-clip --output dataset
            """)

    @Argument(
        help: ArgumentHelp(
            "A file, a folder, a URL, store:DIRECTORY, or a pattern such as shards-{000..009}.tar.", valueName: "source"
        ))
    var sources: [String] = []

    @Option(name: .customLong("to"), help: "The format to write.")
    var format: DatasetFormat

    @Option(name: .shortAndLong, help: "The folder to write to; made where it is missing.")
    var output: String?

    @Option(
        help: "The splits to write, with commas between them (default: all). One name for a dataset without splits.")
    var splits: String?

    @Option(
        name: [.customLong("data-dir"), .customLong("data_dir")],
        help: "The folder of {split}_imgs.tsv and {split}_texts.jsonl, instead of a source; with --to lmdb.")
    var dataFolder: String?

    @Option(
        name: [.customLong("lmdb-dir"), .customLong("lmdb_dir")],
        help: "The folder of the LMDB (default: lmdb in the output, or in --data-dir).")
    var lmdbFolder: String?

    // A flag of scripts around Chinese-CLIP's; ids are written by their types anyway.
    @Flag(name: [.customLong("with-type"), .customLong("with_type")], help: .hidden)
    var withType = false

    @OptionGroup var reading: PairReadingArguments

    @Option(
        parsing: .unconditional, help: "What ids of images follow from besides their bytes, where the dataset has none."
    )
    var seed: UInt32 = 0

    @Option(parsing: .unconditional, help: "The most samples of a shard.")
    var shardCount = 10_000

    @Option(parsing: .unconditional, help: "The most bytes of a shard.")
    var shardBytes = 1 << 30

    @Flag(name: .customLong("copy"), help: "Copy image files beside a table that would name them where they are.")
    var copies = false

    @Flag(help: "Absolute paths in tables, for programs that run elsewhere.")
    var absolutePaths = false

    @Flag(help: "Say nothing but errors.")
    var quiet = false

    func validate() throws {
        try SourceOptions.validate(sources)
        if let dataFolder {
            guard sources.isEmpty, output == nil, format == .lmdb else {
                throw ValidationError("--data-dir goes with --to lmdb and --splits, without a source and --output.")
            }
            guard !dataFolder.isEmpty, splits != nil else {
                throw ValidationError("--data-dir wants --splits, such as train,valid,test.")
            }
        } else {
            guard !sources.isEmpty else { throw ValidationError("give a source, or --data-dir.") }
            guard let output, !output.isEmpty else { throw ValidationError("--output names the folder to write to.") }
        }
        if lmdbFolder != nil, format != .lmdb { throw ValidationError("--lmdb-dir goes with --to lmdb.") }
        guard shardCount > 0, shardBytes > 0 else {
            throw ValidationError("shards hold one sample and one byte at least.")
        }
        if let splits, names(splits).isEmpty { throw ValidationError("--splits names no split.") }
    }

    private func names(_ list: String) -> [String] {
        var names: [String] = []
        for part in list.split(separator: ",") {
            let name = part.trimmingCharacters(in: .whitespaces)
            if !name.isEmpty, !names.contains(name) { names.append(name) }
        }
        return names
    }

    func run() async throws {
        let notes = DatasetNotes()
        let sources = reading.sources(self.sources, notes: notes)
        var conversion = DatasetConversion(to: format, output: output ?? dataFolder ?? "")
        conversion.seed = seed
        (conversion.samplesPerShard, conversion.bytesPerShard) = (shardCount, shardBytes)
        (conversion.copiesImages, conversion.hasAbsolutePaths) = (copies, absolutePaths)
        (conversion.lmdbFolder, conversion.isInPlace) = (lmdbFolder, dataFolder != nil)
        conversion.notes = notes
        var skips = Skips()
        var total = 0
        for (split, part) in try await chosen(sources) {
            let progress = Progress(split, total: nil, isQuiet: quiet)
            let summary = try conversion.write(
                part, as: split, progress: progress.update,
                skip: { error in skips.add(error) })
            progress.end()
            total += summary.rows + summary.skipped
            report(summary, progress.seconds)
        }
        if total == 0, !quiet {
            Console.say("note: there are no rows and no images in \(self.sources.joined(separator: " "))")
        }
        notes.report(isQuiet: quiet)
        try skips.end(of: total, consequence: "; the others are written")
    }

    private func report(_ summary: DatasetConversion.Summary, _ seconds: Double) {
        if summary.orphans > 0, !quiet {
            Console.say(
                "note: \(summary.split): pairs that name images which are not there: \(summary.orphans); Chinese-CLIP's training stops at those"
            )
        }
        if summary.strays > 0 {
            Console.say(
                "note: \(summary.files.joined(separator: ", ")): files in it that are not of this run and count as rows too: "
                    + "\(summary.strays); write to a new folder, or remove them")
        }
        guard !quiet else { return }
        let rate = Progress.rounded(Double(summary.images) / max(seconds, 0.001))
        let files =
            summary.files.count > 3
            ? "\(summary.files.count) files in \(output ?? "")" : summary.files.joined(separator: ", ")
        guard summary.images > 0 || summary.rows == 0 || ![.csv, .tsv, .jsonl, .parquet].contains(format) else {
            return Console.say("\(summary.split): \(Columns.counted(summary.rows, "row")) in \(files)")
        }
        Console.say(
            "\(summary.split): \(Columns.counted(summary.images, "image")), \(Columns.counted(summary.texts, "text")), "
                + "\(Columns.counted(summary.pairs, "pair")) in \(files) (\(rate) images/s)"
        )
    }

    /// The splits to write, with the parts that they come from.
    private func chosen(_ reading: DatasetSources) async throws -> [(String, DatasetPart)] {
        if let dataFolder {
            return try names(splits ?? "").map { split in
                (split, try DatasetFiles.chineseClip(split: split, in: dataFolder, options: reading.options))
            }
        }
        let parts = try await reading.readingStores(hasEmbeddings: format == .clipRetrieval).splits()
        guard let splits else { return parts.map { ($0.split ?? "train", $0) } }
        let wanted = names(splits)
        if parts.count == 1,
            parts[0].split == nil || wanted.count == 1 && parts[0].split != DatasetFiles.splitName(wanted[0])
        {
            guard wanted.count == 1 else {
                throw Failure(
                    "\(sources.joined(separator: " ")): has no splits; name the one that it is, such as --splits train")
            }
            if parts[0].split == nil { return [(wanted[0], parts[0])] }
        }
        return try wanted.map { name in
            guard let part = parts.first(where: { $0.split == DatasetFiles.splitName(name) }) else {
                let known = parts.compactMap(\.split).joined(separator: ", ")
                throw Failure("\(sources.joined(separator: " ")): has no split '\(name)'; it has \(known)")
            }
            return (DatasetFiles.splitName(name), part)
        }
    }
}
