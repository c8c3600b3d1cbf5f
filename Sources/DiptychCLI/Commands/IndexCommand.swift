import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychSearch
import Foundation

struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Bring a store up to date with files, folders, lists, manifests and archives of images, and videos.",
        discussion: """
            Embeds what is new or changed, marks what has vanished, and leaves the rest alone. Safe to repeat, to interrupt \
            and to resume: what was stored stays. A store belongs to the model that made it.

            --from takes lists of paths or URLs (.txt), JSON (.jsonl, or an array of objects), tables with a header line \
            (.csv, .tsv), Parquet tables, WebDataset shards (.tar) and Chinese-CLIP's images (…_imgs.tsv), also compressed \
            (.gz, .zst), with captions and any other columns as attributes, and patterns of them: \
            'shards-{00000..00099}.tar'. What is left out of them is counted and named. What comes from a URL or an archive \
            is not read again once it is stored.

            Captions, keywords, ratings and places come from the images' XMP, IPTC and EXIF data and from XMP files beside \
            them (a.jpg.xmp, a.xmp). A file that was moved or renamed keeps its item. A folder that held images and is \
            empty or missing is taken for a drive that is not there, and refused.

            Videos are cut into moments, which `diptych search` finds beside images: a store's directory takes them, a Milvus \
            server does not. An interrupted video goes on where it was (Documentation/video.md).

            --shard 0/4 takes a quarter of everything, the same one each time: run 0/4 to 3/4 anywhere, each into a store \
            of its own, then join them with `diptych store merge`.

            Example: diptych index images --store images.store
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var store: StoreOption
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var datasets: DatasetArguments
    @OptionGroup var remote: RemoteArguments
    @OptionGroup var folders: FolderArguments
    @OptionGroup var parts: PartArguments
    @OptionGroup var videos: VideoIndexArguments

    @Argument(help: "Files, and folders with everything below them, here or at s3://, gs:// and http(s)://.")
    var paths: [String] = []

    @OptionGroup var vanishing: VanishingArguments
    @OptionGroup var listing: IndexListArguments

    func validate() throws {
        if paths.contains("") { throw ValidationError("a path is empty.") }
        if paths.isEmpty, datasets.isEmpty, parts.texts.isEmpty, parts.regions.isEmpty {
            throw ValidationError(
                "there is nothing to index: give files or folders, --from, --from-clip-retrieval, --regions or --texts."
            )
        }
        if parts.tiles != nil, paths.allSatisfy({ $0.contains("://") }) {
            throw ValidationError("--tiles needs files or folders.")
        }
    }

    func run() async throws {
        remote.install(redirectsAnywhere: fetching.allowsPrivateURLs)
        let roots = try roots()
        let notes = DatasetNotes()
        let inputs = try datasets.inputs(paths.filter(RemotePaths.holds), fetch: fetching.options, notes: notes)
        let folder = try datasets.clipRetrieval.map { path throws in try ClipRetrievalFolder(path) }
        let location = try self.store.location(isMaking: true)
        let model = try await StoreModel.load(forIndexingInto: location, self.model)
        let store = try await location.open(
            for: model, appliesOrientation: self.model.ignoresOrientation ? false : nil, decode: self.model.decode)
        if let folder, folder.dimension != model.dimension {
            throw Failure(
                "\(datasets.clipRetrieval ?? ""): its embeddings have \(folder.dimension) numbers, and those of "
                    + "'\(model.name)' \(model.dimension); give the model that made them with --model")
        }
        let total = try self.model.quiet || inputs != nil || folder != nil ? nil : count(roots, store)
        let progress = Progress("indexing", total: total, isQuiet: self.model.quiet)
        defer {
            progress.end()
            say(notes)
        }

        var (done, stored) = (0, 0)
        var summary = IndexSummary()
        do {
            func note(_ event: IndexEvent) throws {
                done += 1
                if event.kind != .unchanged, event.kind != .skipped { stored += 1 }
                try say(event)
                progress.update(done)
            }
            let indexer = indexer(store, model)
            if !localPaths.isEmpty { summary += try await indexer.index(localPaths, onEach: note) }
            if let inputs { summary += try await indexer.index(inputs: inputs, onEach: note) }
            if let folder {
                let embeddings = ClipRetrievalInputs(folder, shard: datasets.shard, notes: notes)
                summary += try await indexer.index(embeddings: embeddings, onEach: note)
            }
            for file in parts.texts {
                let (texts, path) = try parts.texts(of: file)
                summary += try await indexer.index(texts: texts, of: path, onEach: note)
            }
            var additions = PartAdditions(store, notes: notes)
            try await additions.index(regions: parts.regions, with: indexer, &summary, note)
            if let tiles = parts.tiles { try await additions.add(tiles, under: roots) }
            // A cancelled task ends its lists early, which must not pass for their end.
            try Task.checkCancellation()
            if vanishing.prune { _ = try await store.prune() }
        } catch let error as CancellationError {
            Console.say("stopped after \(done) files, \(stored) of them newly stored; run again to go on")
            throw error
        } catch let error as VanishedImages {
            throw Failure("\(error). \(Self.advice(error))")
        }
        progress.end()
        let rate = Double(done) / max(progress.seconds, 1e-3)
        // Parts are a part of what the index is built of.
        let filled = try await fill(store, model)
        try report(summary, notes, try await built(store, isChanged: stored > 0), rate: rate)
        try filled.get()
        if summary.skippedCount > 0 { throw ExitStatus.skippedInputs }
    }

    /// The files and folders on this machine.
    private var localPaths: [String] { paths.filter { !RemotePaths.holds($0) } }

    /// The same without symbolic links.
    private func roots() throws -> [String] {
        try localPaths.filter { path throws in
            do { return try !ImageFiles.resolve(path).isEmpty } catch let error as StoreError
                where error.kind == .missing
            {
                guard !vanishing.rootIsEmpty else { return false }
                throw Failure("\(error); nothing was removed. If its images are gone for good, give --root-is-empty")
            }
        }.map(ImageFiles.resolve)
    }

    private func indexer(_ store: any VectorStore, _ model: any Embedder) -> Indexer {
        var indexer = Indexer(store: store, model: model)
        indexer.refreshes = datasets.refresh
        indexer.shard = datasets.shard
        indexer.reading = self.model.images
        indexer.rules = folders.rules
        indexer.videos = videos.indexing
        indexer.acceptsEmptyRoots = vanishing.rootIsEmpty
        indexer.acceptsVanished = vanishing.acceptsVanished
        indexer.dropsVanished = vanishing.prune
        return indexer
    }

    private static func advice(_ error: VanishedImages) -> String {
        let option =
            switch error.kind {
            case .isEmpty, .notMounted: "--root-is-empty"
            case .mostly: "--accept-vanished"
            }
        return "Mount its drive and run again; if the images are gone for good, give \(option)"
    }

    private func count(_ roots: [String], _ store: any VectorStore) throws -> Int {
        var total = 0
        var rules = folders.rules
        rules.takesVideos = store.takesVideos
        for (seen, path) in ImageFiles(roots: roots, rules: rules).enumerated() {
            if datasets.shard?.holds(path) ?? true { total += 1 }
            if seen % 1024 == 0 { try Task.checkCancellation() }
        }
        return total
    }

    /// Says what became of a file.
    private func say(_ event: IndexEvent) throws {
        guard event.kind != .skipped else {
            return Console.say("skipped \(event.path): \(event.reason ?? "unreadable")")
        }
        if let remark = event.remark { Console.say("\(event.path): not all of it can be read: \(remark)") }
        guard listing.list else { return }
        let line: JSON = ["path": .string(event.path), "status": .string(event.kind.rawValue)]
        try StandardOutput.line(line.text)
        try StandardOutput.flush()
    }

    /// Names what was left out or changed without the loss of a picture.
    private func say(_ notes: DatasetNotes) {
        for note in notes.all { Console.say("note: \(note.text)") }
        if notes.furtherCount > 0 { Console.say("note: and \(notes.furtherCount) more of other kinds") }
    }

    /// Embeds boxes and texts that were added.
    ///
    /// - Returns: that something was skipped, for when all else is done.
    private func fill(_ store: any VectorStore, _ model: any Embedder) async throws -> Result<Void, ExitStatus> {
        guard !parts.isEmpty else { return .success(()) }
        do {
            try await StoreEmbedCommand.fill(
                store, model, reading: self.model.images, fetch: fetching.options, isQuiet: self.model.quiet, nil)
        } catch let error as ExitStatus { return .failure(error) }
        return .success(())
    }

    /// How far the index is that finds what was stored. A server builds it after the fact.
    private func built(_ store: any VectorStore, isChanged: Bool) async throws -> IndexProgress {
        if isChanged { try await store.buildIndex() }
        let built = try await IndexBuilding.watch(store, isQuiet: model.quiet)
        if built.kind != "codes", !model.quiet { Console.say("index \(built.text)") }
        return built
    }

    private func report(
        _ summary: IndexSummary, _ notes: DatasetNotes, _ built: IndexProgress, rate: Double
    ) throws {
        let line: String
        switch listing.format {
        case .text:
            line =
                "added \(summary.added), updated \(summary.updated), unchanged \(summary.unchanged), "
                + (summary.moved > 0 ? "moved \(summary.moved), " : "")
                + "removed \(summary.removed), reused \(summary.reused), skipped \(summary.skippedCount) "
                + (notes.all.isEmpty ? "" : "with \(notes.all.count) notes ")
                + (["(\(Progress.rounded(rate)) files/s)"] + summary.notices).joined(separator: "; ")
        case .json, .jsonl:
            let skipped = summary.skipped.map { ["path": .string($0.path), "reason": .string($0.reason)] as JSON }
            line =
                JSON.object([
                    ("added", .int(summary.added)), ("updated", .int(summary.updated)),
                    ("moved", .int(summary.moved)), ("unchanged", .int(summary.unchanged)),
                    ("removed", .int(summary.removed)),
                    ("reused", .int(summary.reused)),
                    (
                        "other_kinds",
                        .object(summary.otherKinds.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })
                    ), ("excluded_files", .int(summary.excludedFiles)),
                    ("excluded_folders", .int(summary.excludedFolders)),
                    ("linked_folders", .int(summary.linkedFolders)), ("skipped_count", .int(summary.skippedCount)),
                    ("skipped", .array(skipped)), ("notes", .array(notes.all.map(\.json))),
                    ("index", built.json),
                ]).text
        }
        if listing.list || listing.isSummaryAside {
            Console.say(line)
        } else {
            try StandardOutput.line(line)
        }
    }
}

extension DatasetNotes.Note {
    fileprivate var json: JSON {
        ["path": .string(path), "place": .string(place), "reason": .string(reason), "count": .int(count)]
    }
}

/// Options for items whose files have vanished.
struct VanishingArguments: ParsableArguments {
    @Flag(help: "Drop the images that have vanished, instead of keeping them marked.")
    var prune = false

    @Flag(
        name: .customLong("root-is-empty"),
        help: "A folder that held images may be empty or missing: they are gone for good, and its drive is there.")
    var rootIsEmpty = false

    @Flag(
        name: .customLong("accept-vanished"),
        help: "With --prune, more than half of a folder's images may have vanished.")
    var acceptsVanished = false
}

/// Options for the output of indexing.
struct IndexListArguments: ParsableArguments {
    @Flag(help: "Print a JSON line for each stored file once it is safe on disk; the summary goes to standard error.")
    var list = false

    @Option(help: "The format of the summary.")
    var format = ResultFormat.text

    // For commands that index first and have results of another kind.
    @Flag(name: .customLong("summary-aside"), help: .hidden)
    var isSummaryAside = false
}
