public import Diptych
internal import DiptychMedia
internal import Foundation

/// Brings a store up to date with files, folders and other sources of images.
public struct Indexer: Sendable {
    let store: any VectorStore
    let model: any Embedder
    /// Whether images are read again although the store knows them and they look unchanged.
    public var refreshes = false
    /// The part of files and folders to index; nil for all of them.
    public var shard: Shard?
    /// How images are read; orientation and decoding are the store's.
    public var reading = ImageOptions()
    /// What is looked at in folders.
    public var rules = FolderRules()
    /// Whether roots that held images may be empty or missing: otherwise they are taken for drives that are not there.
    public var acceptsEmptyRoots = false
    /// Whether most of a root's images may have vanished at once.
    public var acceptsVanished = false
    /// Whether the caller drops what has vanished afterwards, so that more is asked before.
    public var dropsVanished = false

    /// How videos are taken apart.
    public var videos = VideoIndexing()

    /// An input, or why it is none, with what the store knows about it.
    private typealias KnownInput = (input: Result<IndexInput, IndexInputError>, known: KnownItem?)

    /// How many inputs the store is asked about at once.
    static let step = 512

    /// Indexes into `store` with `model`; a store of another model is refused.
    public init(store: any VectorStore, model: any Embedder) {
        self.store = store
        self.model = model
    }

    /// Adds and updates the images under `roots`, then marks those that have vanished.
    ///
    /// Safe to repeat and to interrupt at any moment: each batch is one transaction, and what is stored already costs a
    /// look at its size and time. A file whose time changed is hashed, and embedded only if its content is new to the
    /// store.
    ///
    /// - Parameters:
    ///   - roots: files and folders.
    ///   - body: told of each file once its outcome is on disk; an error that it throws ends the run.
    /// - Throws: ``StoreError``, ``ModelError``, ``VanishedImages``, `CancellationError` or what `body` throws; what was stored
    ///   before stays.
    public func index(
        _ roots: [String], onEach body: (IndexEvent) throws -> Void = { _ in }
    ) async throws -> IndexSummary {
        let roots = ImageFiles.withoutOverlaps(try roots.map(resolve))
        try await store.require(model)
        let lock = try store.lockForIndexing()
        defer { withExtendedLifetime(lock) {} }
        var summary = IndexSummary()
        let (shard, counts) = (shard, FolderCounts())
        var rules = rules
        rules.takesVideos = store.takesVideos
        var check = try await RootGuard(store, roots: roots, rules: rules)
        if !acceptsEmptyRoots { try await check.checkEmptyRoots() }
        for root in roots { try await store.addRoot(root) }
        let there = roots.filter { !acceptsEmptyRoots || FilePath.real($0) != nil }
        let files = ImageFiles(roots: there, rules: rules, counts: counts).lazy.filter { shard?.holds($0) ?? true }
        try await add(files.map { .success(.file($0)) }, to: &summary, onEach: body)
        if !acceptsEmptyRoots, !acceptsVanished { try await check.checkMajorities(dropsVanished: dropsVanished) }
        summary.removed = try await Vanished.mark(in: store, under: roots, rules: rules)
        try await check.record(counts)
        summary.count(counts.now)
        try await store.refreshBackground(with: model)
        return summary
    }

    /// Adds and updates images from anywhere; none is marked as vanished.
    ///
    /// Safe to repeat and to interrupt like ``index(_:onEach:)``. An image that comes from no file and whose path the store
    /// knows is not asked for again, unless ``refreshes`` is set; what is said about it is brought up to date.
    ///
    /// - Parameters:
    ///   - inputs: the images; a failure is reported as skipped.
    ///   - body: told of each image once its outcome is stored; an error that it throws ends the run.
    /// - Throws: like ``index(_:onEach:)``.
    public func index(
        inputs: some Sequence<Result<IndexInput, IndexInputError>>, onEach body: (IndexEvent) throws -> Void = { _ in }
    ) async throws -> IndexSummary {
        try await store.require(model)
        let lock = try store.lockForIndexing()
        defer { withExtendedLifetime(lock) {} }
        var summary = IndexSummary()
        try await add(inputs, to: &summary, onEach: body)
        try await store.refreshBackground(with: model)
        return summary
    }

    /// The path without symbolic links. A root that is missing is what it was called, if it may be missing, or if the store has
    /// pictures of it, of which ``RootGuard`` then tells.
    private func resolve(_ root: String) throws -> String {
        do { return try ImageFiles.resolve(root) } catch let error as StoreError where error.kind == .missing {
            guard acceptsEmptyRoots, !root.isEmpty else { throw error }
            return URL(fileURLWithPath: root).standardizedFileURL.path
        }
    }

    private func add(
        _ inputs: some Sequence<Result<IndexInput, IndexInputError>>, to summary: inout IndexSummary,
        onEach body: (IndexEvent) throws -> Void
    ) async throws {
        var options = reading
        options.appliesOrientation = store.appliesOrientation
        options.decode = store.decode
        let loader = IndexLoader(store: store, preprocessing: model.preprocessing, options: options)
        var iterator = inputs.makeIterator()
        while true {
            var inputs: [Result<IndexInput, IndexInputError>] = []
            while inputs.count < Self.step, let input = iterator.next() { inputs.append(input) }
            guard !inputs.isEmpty else { return }
            // A failed input has no item: the empty path is none's.
            let known = try await store.known(inputs.map { (try? $0.get().path) ?? "" })
            let asked: [KnownInput] = zip(inputs, known).map { (input: $0, known: $1) }
            let refreshes = refreshes
            let takesVideos = store.takesVideos
            let step = asked.filter { !takesVideos || !VideoFiles.isVideo($0.input) }
            let videos = takesVideos ? asked.filter { VideoFiles.isVideo($0.input) } : []
            for case (.success(let input), let known) in step where refreshes || known?.isMissing ?? true {
                input.prepare?()
            }
            var embedded: Set<ContentHash> = []
            try await model.embedBatches(
                step, readingFrom: { try? $0.input.get().file },
                load: { try loader.load($0.input.get(), known: $0.known, refreshes: refreshes) },
                { items in try await take(over: items, &embedded, summary: &summary, body) })
            for case (.success(let input), let known) in videos {
                try Task.checkCancellation()
                try await add(video: input, known: known, loader, &summary, body)
            }
        }
    }

    /// Stores a batch, and tells of its items.
    ///
    /// - Parameter embedded: The contents of this step that have been embedded: a batch is loaded before the last one is
    ///   stored, so that the store cannot know them yet.
    private func take(
        over items: [BulkItem<KnownInput, IndexFinding>], _ embedded: inout Set<ContentHash>,
        summary: inout IndexSummary, _ body: (IndexEvent) throws -> Void
    ) async throws {
        var records: [ItemRecord] = []
        var events: [IndexEvent] = []
        for item in items {
            let path: String
            switch item.input.input {
            case .success(let input): path = input.path
            case .failure(let error): path = error.path
            }
            switch item.result {
            case .failure(let error):
                // A failing database is no reason to skip an image: it ends the run.
                if error is StoreError { throw error }
                events.append(summary.skip(path, error))
            case .success((.unchanged, _)):
                summary.unchanged += 1
                events.append(IndexEvent(kind: .unchanged, path: path, reason: nil))
            case .success((.stored(let record, let change), _)):
                records.append(record)
                events.append(summary.count(change, of: path, isReused: true))
            case .success((.embed(var record, let change), let embedding)):
                // Of images with the same content, the first one's embedding counts.
                let isFirst = embedded.insert(record.content).inserted
                if isFirst { record.embedding = embedding }
                records.append(record)
                events.append(summary.count(change, of: path, isReused: !isFirst))
            }
        }
        // In a task of its own, which the cancellation of this one does not reach: a batch that is already encoded is
        // also stored.
        let (store, encoded) = (store, records)
        try await Task { try await store.put(encoded) }.value
        try events.forEach(body)
    }
}

/// Why an input that was to be indexed is none: a line of a list that makes no sense, an entry of an archive that is damaged.
public struct IndexInputError: Error, Equatable, CustomStringConvertible {
    /// Where: the path, or the list and its line.
    public let path: String
    /// What is wrong.
    public let reason: String

    /// Describes what is wrong.
    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    /// The place and the reason in one line.
    public var description: String { "\(path): \(reason)" }
}
