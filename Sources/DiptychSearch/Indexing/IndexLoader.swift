internal import Diptych
internal import DiptychMedia
internal import Foundation

/// What loading one image found out.
enum IndexFinding: Sendable {
    /// How an item differs from what the store has.
    enum Change: Sendable {
        /// The store does not have it, or has it as vanished.
        case added
        /// Its content or what is said about it is another.
        case updated
        /// Its file was found under another path.
        case moved
        /// Only its file's time is another.
        case touched
    }

    case unchanged
    /// The store has an embedding of the content.
    case stored(ItemRecord, Change)
    case embed(ItemRecord, Change)
}

/// Looks at images, and reads, hashes and decodes them where that is needed.
struct IndexLoader: Sendable {
    let store: any VectorStore
    let preprocessing: Preprocessing
    private let options: ImageOptions
    private let sidecars = Sidecars()

    init(store: any VectorStore, preprocessing: Preprocessing, options: ImageOptions) {
        self.store = store
        self.preprocessing = preprocessing
        self.options = options
    }

    /// Looks at one image. Blocks.
    func load(_ input: IndexInput, known: KnownItem?, refreshes: Bool) throws -> LoadedInput<IndexFinding> {
        try UnreadableName.check(input.path)
        // The state from before reading: a file that changes meanwhile is read again next time. If there is none,
        // reading says why.
        let state = input.file.map { FileState(path: $0) ?? FileState() }
        // What a list or table says replaces what files say.
        let sidecar = input.attributes == nil ? input.file.flatMap(sidecars.find) : nil
        let isSidecarKnown =
            input.attributes != nil || known?.attributes[WrittenAttributes.sidecar] == sidecar?.attribute
        var caption = input.caption ?? known?.caption
        var attributes = input.attributes?.mapValues(\.canonical) ?? known?.attributes ?? [:]
        var isSaidAlready: Bool { known.map { $0.caption == caption && $0.attributes == attributes } ?? false }
        if let known, !known.isMissing, isSidecarKnown, isUnchanged(known, state, refreshes: refreshes) {
            guard !isSaidAlready else { return LoadedInput(facts: .unchanged, pixels: nil) }
            let record = ItemRecord(
                path: input.path, bytes: known.bytes, modified: known.modified, isSettled: known.isSettled,
                content: known.content, embedding: nil, caption: caption, attributes: attributes)
            return LoadedInput(facts: .stored(record, .updated), pixels: nil)
        }
        let bytes: [UInt8]
        switch input.source {
        case .file(let path): bytes = try ImageSource.file(path).bytes(maximumBytes: options.maximumBytes)
        case .bytes(let read): bytes = try read(options.maximumBytes)
        }
        let content = ContentHash(of: bytes)
        let isStored = try store.hasEmbedding(of: content)
        var moved: [(path: String, known: KnownItem)] = []
        if isStored, known == nil, input.file != nil {
            moved = try gone(content, nowAt: input.path)
            caption = caption ?? moved.first?.known.caption
            if input.attributes == nil { attributes = moved.first?.known.attributes ?? [:] }
        }
        var metadata = ImageMetadata()
        if input.attributes == nil {
            metadata = ImageMetadata(of: bytes, with: sidecar?.description)
            caption = input.caption ?? metadata.description.caption ?? caption
            attributes = WrittenAttributes.merged(metadata.description, sidecar, over: attributes)
        }
        var record = ItemRecord(
            path: input.path, bytes: state?.size ?? bytes.count, modified: state?.modified ?? 0,
            isSettled: state?.isSettled ?? true, content: content, embedding: nil, caption: caption,
            attributes: attributes)
        var change = moved.isEmpty ? IndexFinding.Change.added : .moved
        record.movedFrom = moved.map(\.path)
        if let known, !known.isMissing {
            change = known.content == content && isSaidAlready && known.isEmbedded ? .touched : .updated
        }
        if isStored {
            record.metadata = input.attributes == nil ? metadata : nil
            return LoadedInput(facts: .stored(record, change), pixels: nil)
        }
        let image = try preprocessing.preprocessed(bytes, label: input.path, options: options)
        record.image = ImageFacts(
            width: image.fullSize.width, height: image.fullSize.height,
            metadata: input.attributes == nil ? metadata : ImageMetadata(of: bytes))
        return LoadedInput(facts: .embed(record, change), pixels: image.pixels)
    }

    /// The items of this content whose files are gone, those of the same name first.
    func gone(_ content: ContentHash, nowAt path: String) throws -> [(path: String, known: KnownItem)] {
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? []
        let gone = try store.items(of: content).filter { item in
            item.path.utf8.first == UInt8(ascii: "/") && !item.path.utf8.elementsEqual(path.utf8)
                && Vanished.hasVanished(item.path)
        }
        func isSame(_ item: (path: String, known: KnownItem)) -> Bool {
            item.path.utf8.split(separator: UInt8(ascii: "/")).last?.elementsEqual(name) ?? false
        }
        return gone.filter(isSame) + gone.filter { !isSame($0) }
    }

    func isUnchanged(_ known: KnownItem, _ state: FileState?, refreshes: Bool) -> Bool {
        guard let state else { return !refreshes && known.isEmbedded }
        return !refreshes && known.isEmbedded && known.isSettled && known.bytes == state.size
            && known.modified == state.modified
    }
}

extension IndexSummary {
    /// Counts a stored item, and tells of it.
    mutating func count(_ change: IndexFinding.Change, of path: String, isReused: Bool) -> IndexEvent {
        if isReused, change != .touched, change != .moved { reused += 1 }
        switch change {
        case .moved: moved += 1
        case .added: added += 1
        case .updated: updated += 1
        case .touched: unchanged += 1
        }
        let kind: IndexEvent.Kind =
            switch change {
            case .added: .added
            case .updated: .updated
            case .moved: .moved
            case .touched: .unchanged
            }
        return IndexEvent(kind: kind, path: path, reason: nil)
    }

    /// Counts an input that could not be used, and tells of it.
    public mutating func skip(_ path: String, reason: String) -> IndexEvent {
        skip(path, IndexInputError(path: path, reason: reason))
    }

    /// Counts an item that could not be read, and tells of it.
    mutating func skip(_ path: String, _ error: any Error) -> IndexEvent {
        skippedCount += 1
        let reason = (error as? ImageError)?.reason ?? (error as? IndexInputError)?.reason ?? "\(error)"
        if skipped.count < Self.listedLimit { skipped.append(.init(path: path, reason: reason)) }
        return IndexEvent(kind: .skipped, path: path, reason: reason)
    }
}
