internal import Diptych
internal import DiptychMedia
internal import Foundation

/// What loading one picture found out.
enum IndexFinding: Sendable {
    /// How an item differs from what the store has.
    enum Change: Sendable {
        /// The store does not have it, or has it as vanished.
        case added
        /// Its content or what is said about it is another.
        case updated
        /// Only its file's time is another.
        case touched
    }

    case unchanged
    /// The store has an embedding of the content.
    case stored(ItemRecord, Change)
    case embed(ItemRecord, Change)
}

/// Looks at pictures, and reads, hashes and decodes them where that is needed.
struct IndexLoader: Sendable {
    private let store: any VectorStore
    private let preprocessing: Preprocessing
    private let options: PictureOptions

    init(store: any VectorStore, preprocessing: Preprocessing, options: PictureOptions) {
        self.store = store
        self.preprocessing = preprocessing
        self.options = options
    }

    /// Looks at one picture. Blocks.
    func load(_ input: IndexInput, known: KnownItem?, refreshes: Bool) throws -> LoadedInput<IndexFinding> {
        try UnreadableName.check(input.path)
        // The state from before reading: a file that changes meanwhile is read again next time. If there is none,
        // reading says why.
        let state = input.file.map { FileState(path: $0) ?? FileState() }
        let caption = input.caption ?? known?.caption
        let attributes = input.attributes?.mapValues(\.canonical) ?? known?.attributes ?? [:]
        let isSaidAlready = known.map { $0.caption == caption && $0.attributes == attributes } ?? false
        if let known, !known.isMissing, isUnchanged(known, state, refreshes: refreshes) {
            guard !isSaidAlready else { return LoadedInput(facts: .unchanged, pixels: nil) }
            let record = ItemRecord(
                path: input.path, bytes: known.bytes, modified: known.modified, isSettled: known.isSettled,
                content: known.content, embedding: nil, caption: caption, attributes: attributes)
            return LoadedInput(facts: .stored(record, .updated), pixels: nil)
        }
        let bytes: [UInt8]
        switch input.source {
        case .file(let path): bytes = try PictureSource.file(path).bytes(maximumBytes: options.maximumBytes)
        case .bytes(let read): bytes = try read(options.maximumBytes)
        }
        let content = ContentHash(of: bytes)
        var record = ItemRecord(
            path: input.path, bytes: state?.size ?? bytes.count, modified: state?.modified ?? 0,
            isSettled: state?.isSettled ?? true, content: content, embedding: nil, caption: caption,
            attributes: attributes)
        var change = IndexFinding.Change.added
        if let known, !known.isMissing {
            change = known.content == content && isSaidAlready ? .touched : .updated
        }
        if try store.hasEmbedding(of: content) { return LoadedInput(facts: .stored(record, change), pixels: nil) }
        let picture = try preprocessing.preprocessed(bytes, label: input.path, options: options)
        record.picture = PictureFacts(
            width: picture.fullSize.width, height: picture.fullSize.height, metadata: PictureMetadata(of: bytes))
        return LoadedInput(facts: .embed(record, change), pixels: picture.pixels)
    }

    private func isUnchanged(_ known: KnownItem, _ state: FileState?, refreshes: Bool) -> Bool {
        guard let state else { return !refreshes }
        return known.isSettled && known.bytes == state.size && known.modified == state.modified
    }
}

extension IndexSummary {
    /// Counts a stored item, and tells of it.
    mutating func count(_ change: IndexFinding.Change, of path: String, isReused: Bool) -> IndexEvent {
        if isReused, change != .touched { reused += 1 }
        switch change {
        case .added: added += 1
        case .updated: updated += 1
        case .touched: unchanged += 1
        }
        let kind: IndexEvent.Kind = change == .added ? .added : change == .updated ? .updated : .unchanged
        return IndexEvent(kind: kind, path: path, reason: nil)
    }

    /// Counts an item that could not be read, and tells of it.
    mutating func skip(_ path: String, _ error: any Error) -> IndexEvent {
        skippedCount += 1
        let reason = (error as? PictureError)?.reason ?? (error as? IndexInputError)?.reason ?? "\(error)"
        if skipped.count < Self.listedLimit { skipped.append(.init(path: path, reason: reason)) }
        return IndexEvent(kind: .skipped, path: path, reason: reason)
    }
}
