internal import Crypto
public import Diptych
internal import DiptychMedia
internal import Foundation

/// What indexing did.
public struct IndexSummary: Sendable, Codable, Equatable {
    /// New files.
    public var added = 0
    /// Files whose content had changed.
    public var updated = 0
    /// Files that were stored already.
    public var unchanged = 0
    /// Files that have vanished and are no longer found.
    public var removed = 0
    /// Among the added and updated: files whose content was known, under this or another name.
    public var reused = 0
    /// Files that could not be read.
    public var skipped: [Skipped] = []
    /// The number of files that could not be read, also beyond those listed.
    public var skippedCount = 0

    /// A file that could not be read.
    public struct Skipped: Sendable, Codable, Equatable {
        /// The file.
        public let path: String
        /// Why.
        public let reason: String
    }

    /// The most skipped files that are listed, so that memory stays constant.
    public static let listedLimit = 10_000

    enum CodingKeys: String, CodingKey {
        case added, updated, unchanged, removed, reused, skipped
        case skippedCount = "skipped_count"
    }
}

/// What happened to one file.
public struct IndexEvent: Sendable {
    /// The kinds of things that happen.
    public enum Kind: String, Sendable { case added, updated, unchanged, skipped }
    /// What happened; when it is `added` or `updated`, it is on disk already.
    public let kind: Kind
    /// The file.
    public let path: String
    /// Why it was skipped.
    public let reason: String?
}

/// Brings a store up to date with files and folders.
public struct Indexer: Sendable {
    private let store: EmbeddedStore
    private let model: CLIPModel

    /// Indexes into `store` with `model`, which must be the store's.
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
        let roots = try roots.map(PictureFiles.resolve)
        let lock = try StoreLock(store.directory)
        defer { _ = lock }
        var summary = IndexSummary()
        var options = PictureOptions()
        options.appliesOrientation = store.appliesOrientation
        let (store, preprocessing, pictureOptions) = (store, model.preprocessing, options)

        try await model.embedBatches(
            PictureFiles(roots: roots), readingFrom: { $0 },
            load: { path -> LoadedInput<Finding> in
                try Self.load(path, store: store, preprocessing: preprocessing, options: pictureOptions)
            },
            { items in
                var records: [FileRecord] = []
                var events: [IndexEvent] = []
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
                        case .embed(let record, let isNew):
                            records.append(record.with(embedding: embedding?.values))
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

    private static func load(
        _ path: String, store: EmbeddedStore, preprocessing: Preprocessing, options: PictureOptions
    ) throws -> LoadedInput<Finding> {
        var status = stat()
        let (size, modified): (Int, Int64)
        // The size and time from before reading: a file that changes meanwhile is read again next time.
        if stat(path, &status) == 0 {
            size = Int(status.st_size)
            modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        } else {
            (size, modified) = (0, 0)  // reading says why
        }
        let known = try store.known(path)
        if let known, known.size == size, known.modified == modified, !known.isMissing {
            return LoadedInput(facts: .unchanged, pixels: nil)
        }
        let bytes = try PictureSource.file(path).bytes(maximumBytes: options.maximumBytes)
        let content = Data(SHA256.hash(data: bytes))
        func record(width: Int = 0, height: Int = 0) -> FileRecord {
            FileRecord(
                path: path, size: size, modified: modified, content: content, embedding: nil, width: width,
                height: height)
        }
        let isNew = known.map(\.isMissing) ?? true
        if try store.hasEmbedding(of: content) {
            let touchedOnly = known.map { !$0.isMissing && $0.content == content } ?? false
            return LoadedInput(facts: .stored(record(), isNew: isNew, touchedOnly: touchedOnly), pixels: nil)
        }
        let picture = try PictureDecoder(options: options).decode(bytes, label: path)
        return LoadedInput(
            facts: .embed(record(width: picture.width, height: picture.height), isNew: isNew),
            pixels: try preprocessing.pixels(of: picture))
    }
}

extension FileRecord {
    /// The same record with its embedding.
    func with(embedding: [Float]?) -> FileRecord {
        FileRecord(
            path: path, size: size, modified: modified, content: content, embedding: embedding, width: width,
            height: height)
    }
}
