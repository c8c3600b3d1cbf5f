internal import Crypto
public import Diptych
internal import DiptychMedia
internal import Foundation

/// Brings a store up to date with files and folders.
public struct Indexer: Sendable {
    private let store: EmbeddedStore
    private let model: CLIPModel

    /// Indexes into `store` with `model`; a store of another model is refused.
    public init(store: EmbeddedStore, model: CLIPModel) {
        self.store = store
        self.model = model
    }

    /// What loading one file found out.
    private enum Finding: Sendable {
        case unchanged
        /// The content is as it was, only the file's time is not; or the content is known.
        case stored(FileRecord, isNew: Bool, touchedOnly: Bool)
        case embed(FileRecord, isNew: Bool)
    }

    /// Adds and updates the pictures under `roots`, then marks those that have vanished.
    ///
    /// Safe to repeat and to interrupt at any moment: each batch is one transaction, and what is stored already costs a
    /// look at its size and time. A file whose time changed is hashed, and embedded only if its content is new to the
    /// store.
    ///
    /// - Parameters:
    ///   - roots: files and folders.
    ///   - body: told of each file once its outcome is on disk; an error that it throws ends the run.
    /// - Throws: ``StoreError``, ``ModelError``, `CancellationError` or what `body` throws; what was stored before stays.
    public func index(
        _ roots: [String], onEach body: (IndexEvent) throws -> Void = { _ in }
    ) async throws -> IndexSummary {
        let roots = PictureFiles.withoutOverlaps(try roots.map(PictureFiles.resolve))
        try await store.require(model)
        let lock = try StoreLock(store.directory)
        defer { _ = lock }
        var summary = IndexSummary()
        var options = PictureOptions()
        options.appliesOrientation = store.appliesOrientation
        options.decode = store.decode
        let (store, preprocessing) = (store, model.preprocessing)
        let pictureOptions = preprocessing.readingOptions(options)

        try await model.embedBatches(
            PictureFiles(roots: roots), readingFrom: { $0 },
            load: { path -> LoadedInput<Finding> in
                try Self.load(path, store: store, preprocessing: preprocessing, options: pictureOptions)
            },
            { items in
                var records: [FileRecord] = []
                var events: [IndexEvent] = []
                var embedded: Set<Data> = []
                for item in items {
                    switch item.result {
                    case .failure(let error):
                        // A failing database is no reason to skip a picture: it ends the run.
                        if error is StoreError { throw error }
                        summary.skippedCount += 1
                        let reason = (error as? PictureError)?.reason ?? "\(error)"
                        if summary.skipped.count < IndexSummary.listedLimit {
                            summary.skipped.append(.init(path: item.input, reason: reason))
                        }
                        events.append(IndexEvent(kind: .skipped, path: item.input, reason: reason))
                    case .success((let finding, let embedding)):
                        switch finding {
                        case .unchanged:
                            summary.unchanged += 1
                            events.append(IndexEvent(kind: .unchanged, path: item.input, reason: nil))
                        case .stored(let record, let isNew, let touchedOnly):
                            records.append(record)
                            if touchedOnly {
                                summary.unchanged += 1
                            } else {
                                summary.reused += 1
                                if isNew { summary.added += 1 } else { summary.updated += 1 }
                            }
                            let kind: IndexEvent.Kind = touchedOnly ? .unchanged : isNew ? .added : .updated
                            events.append(IndexEvent(kind: kind, path: item.input, reason: nil))
                        case .embed(var record, let isNew):
                            // Of files with the same content in one batch, the first one's embedding counts.
                            if embedded.insert(record.content).inserted {
                                record.embedding = embedding?.values
                            } else {
                                summary.reused += 1
                            }
                            records.append(record)
                            if isNew { summary.added += 1 } else { summary.updated += 1 }
                            events.append(IndexEvent(kind: isNew ? .added : .updated, path: item.input, reason: nil))
                        }
                    }
                }
                // In a task of its own, which the cancellation of this one does not reach: a batch that is already
                // encoded is also stored.
                let encoded = records
                try await Task { try await store.store(encoded) }.value
                try events.forEach(body)
            })
        summary.removed = try await store.markVanished(under: roots)
        return summary
    }

    /// Looks at one file, and reads, hashes and decodes it where that is needed.
    private static func load(
        _ path: String, store: EmbeddedStore, preprocessing: Preprocessing, options: PictureOptions
    ) throws -> LoadedInput<Finding> {
        try UnreadableName.check(path)
        // The state from before reading: a file that changes meanwhile is read again next time. If there is none,
        // reading says why.
        let state = FileState(path: path) ?? FileState()
        let known = try store.known(path)
        if let known, known.isSettled, !known.isMissing, known.size == state.size, known.modified == state.modified {
            return LoadedInput(facts: .unchanged, pixels: nil)
        }
        let bytes = try PictureSource.file(path).bytes(maximumBytes: options.maximumBytes)
        let content = Data(SHA256.hash(data: bytes))
        func record(width: Int = 0, height: Int = 0) -> FileRecord {
            FileRecord(path: path, state: state, content: content, embedding: nil, width: width, height: height)
        }
        let isNew = known.map(\.isMissing) ?? true
        if try store.hasEmbedding(of: content) {
            let touchedOnly = known.map { !$0.isMissing && $0.content == content } ?? false
            return LoadedInput(facts: .stored(record(), isNew: isNew, touchedOnly: touchedOnly), pixels: nil)
        }
        let picture = try PictureDecoder(options: options).decode(bytes, label: path)
        return LoadedInput(
            facts: .embed(record(width: picture.fullSize.width, height: picture.fullSize.height), isNew: isNew),
            pixels: try preprocessing.pixels(of: picture))
    }
}
