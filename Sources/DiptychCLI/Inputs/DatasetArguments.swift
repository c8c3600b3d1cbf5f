public import ArgumentParser
public import DiptychDatasets
import DiptychMedia
public import DiptychSearch

extension DatasetKind: ExpressibleByArgument {}

extension Shard: ExpressibleByArgument {
    /// Reads `index/count`.
    public init?(argument: String) { self.init(argument) }
}

/// The options of indexing that name images otherwise than by files and folders, or only a part of them.
struct DatasetArguments: ParsableArguments {
    @Option(
        name: .customLong("from"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A list, manifest, table or archive of images, or a pattern of them; - for a list on standard input.",
            valueName: "file"))
    var sources: [String] = []

    @Option(name: .customLong("from-kind"), help: "What --from is, whatever its name.")
    var kind: DatasetKind?

    @OptionGroup var listing: ListArguments

    @Option(name: .customLong("image-column"), help: "The column with paths, URLs or bytes (default: the usual names).")
    var imageColumn: String?

    @Option(name: .customLong("caption-column"), help: "The column with captions (default: caption or text).")
    var captionColumn: String?

    @Option(
        name: .customLong("from-clip-retrieval"),
        help: ArgumentHelp(
            """
            A folder with img_emb and metadata, as clip-retrieval writes it: embeddings are taken as they are, on your word \
            that --model made them.
            """,
            valueName: "directory"))
    var clipRetrieval: String?

    @Option(help: ArgumentHelp("Only the part i of n, from 0/n to (n-1)/n, by a hash of paths.", valueName: "i/n"))
    var shard: Shard?

    @Flag(help: "Read everything again although the store has it: what is said about images, URLs, archives.")
    var refresh = false

    func validate() throws {
        if sources.contains("") { throw ValidationError("--from is empty.") }
        if sources.filter({ $0 == "-" }).count > 1 {
            throw ValidationError("standard input (-) can be read only once.")
        }
        if clipRetrieval == "" { throw ValidationError("--from-clip-retrieval is empty.") }
    }

    /// Whether nothing is named.
    var isEmpty: Bool { sources.isEmpty && clipRetrieval == nil }

    /// The images that --from names, if there are any.
    ///
    /// - Parameters:
    ///   - elsewhere: further files and folders at URLs of sources.
    ///   - notes: takes what is left out or changed without the loss of a picture.
    func inputs(_ elsewhere: [String], fetch: FetchOptions, notes: DatasetNotes) throws -> DatasetInputs? {
        guard !sources.isEmpty || !elsewhere.isEmpty else { return nil }
        return try DatasetInputs(
            sources + elsewhere, kind: kind, columns: ColumnNames(image: imageColumn, caption: captionColumn),
            shard: shard,
            separator: listing.separator, fetch: fetch, notes: notes)
    }
}

extension DatasetKind {
    /// For messages.
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension IndexSummary {
    /// Adds what another run did.
    static func += (summary: inout IndexSummary, other: IndexSummary) {
        summary.added += other.added
        summary.updated += other.updated
        summary.moved += other.moved
        summary.unchanged += other.unchanged
        summary.removed += other.removed
        summary.reused += other.reused
        summary.skippedCount += other.skippedCount
        summary.otherKinds.merge(other.otherKinds, uniquingKeysWith: +)
        summary.excludedFiles += other.excludedFiles
        summary.excludedFolders += other.excludedFolders
        summary.linkedFolders += other.linkedFolders
        summary.skipped += other.skipped.prefix(max(0, IndexSummary.listedLimit - summary.skipped.count))
    }
}
