internal import HTTPTypes
internal import Diptych
internal import DiptychMedia
internal import DiptychSearch
internal import Foundation

/// A store as clients see it: they look at items, add some, and remove some, which can be undone for a while.
final class ServedStore: Sendable {
    let store: any VectorStore
    /// Where the images that clients bring are kept, and thumbnails; nil where nothing can be kept.
    let folder: URL?
    private let undoTime: Duration
    let removals: Removals
    private let thumbnails: Thumbnails
    /// One edit after the other.
    let turns = Turns()

    /// - Parameters:
    ///   - folder: a directory of the server's own; it is made when something is kept.
    ///   - undoTime: how long removed items can be brought back.
    init(_ store: any VectorStore, folder: URL?, undoTime: Duration, thumbnails: Thumbnails) {
        self.store = store
        self.folder = folder
        self.undoTime = undoTime
        self.thumbnails = thumbnails
        removals = Removals(store)
    }

    /// The item with this id, which must not be removed.
    ///
    /// - Throws: ``Problem``, 404.
    func item(_ id: String, includesRemoved: Bool = false) async throws -> StoredItem {
        // Ids are numbers; anything else is looked for in vain.
        guard id.utf8.count <= 20, Int64(id) != nil, let item = try await store.items(ids: [id]).first?.0,
            includesRemoved || !item.missing
        else { throw Problem.notFound("there is no item '\(id.prefix(40))'") }
        return item
    }

    /// Some items in the order of their ids.
    func items(after id: String?, limit: Int, filter: Filter?) async throws -> (items: [StoredItem], next: String?) {
        var found: [StoredItem] = []
        var last = id
        // Removed ones are passed over.
        while found.count < limit {
            let page = try await store.items(after: last, limit: limit, filter: filter)
            guard let end = page.last?.0.id else { return (found, nil) }
            for (item, _) in page where !item.missing && found.count < limit {
                found.append(item)
                last = item.id
            }
            if found.count < limit { last = end }
        }
        return (found, last)
    }

    /// Some items by name or date.
    func items(
        in order: ItemOrder, after cursor: ItemCursor?, limit: Int, filter: Filter?
    ) async throws -> (items: [StoredItem], next: String?) {
        let places = try await store.places(in: order, after: cursor, limit: limit, filter: filter)
        // Those that have gone since are left out; the list goes on behind them all the same.
        let items = try await store.items(ids: places.map { String($0.item) }).map(\.0).filter { !$0.missing }
        return (items, places.count < limit ? nil : places.last?.description)
    }

    // MARK: Adding

    /// Stores an image that a client brought. What was there already stays as it is, with what is new about it.
    ///
    /// - Parameters:
    ///   - url: where it came from; nil for an upload.
    ///   - name: what its client calls it; the first name stays.
    /// - Returns: the item, and whether it was there already.
    func add(
        _ image: ImageWork, _ embedded: EmbeddedImage, url: String?, name: String?, caption: String?,
        attributes given: [String: AttributeValue]
    ) async throws -> (item: StoredItem, existed: Bool) {
        guard let folder else {
            throw Problem(
                status: .conflict,
                detail: "this server keeps no images: its store is not a directory that it may write to")
        }
        let metadata = ImageMetadata(of: image.bytes)
        let type = metadata.format?.rawValue.lowercased()
        let file = KeptImage(content: image.content, url: url, type: type, in: folder)
        let path = url ?? file.url.path
        let known = try await item(at: path).flatMap { $0.missing ? nil : $0 }
        let isNew = try file.write(image.bytes)
        var attributes = given
        if let name, attributes[ItemAttributes.originalName] == nil,
            known?.attributes.other[ItemAttributes.originalName] == nil
        {
            attributes[ItemAttributes.originalName] = .text(name)
        }
        if let known, known.content == image.content, caption == nil, attributes.isEmpty { return (known, true) }
        let facts = ImageFacts(width: embedded.size.width, height: embedded.size.height, metadata: metadata)
        let record = ItemRecord(
            path: path, bytes: image.bytes.count, modified: Int64(clamping: Date().timeIntervalSince1970 * 1e9),
            content: image.content, embedding: embedded.embedding, image: facts,
            caption: caption ?? known?.attributes.caption,
            attributes: (known?.attributes.other ?? [:]).merging(attributes) { $1 })
        do {
            _ = try AttributeText.encode(record.attributes)
            try await changing { try await self.store.put([record]) }
        } catch {
            if isNew { file.remove() }
            throw error
        }
        guard let item = try await item(at: path) else {
            throw Problem(status: .internalServerError, detail: "the item was stored and not found")
        }
        // What its URL led to before.
        if let known, known.content != image.content { forgetFiles(of: known) }
        try await changing { try await self.removals.forget([item.id]) }
        return (item, known != nil)
    }

    func item(at path: String) async throws -> StoredItem? {
        let place = try await store.places(
            after: nil, limit: 1, filter: .compare(.path, .equal, .text(path))
        ).first
        guard let place else { return nil }
        return try await store.items(ids: [place.id]).first?.0
    }

    /// Runs what writes to the store.
    ///
    /// - Throws: ``Problem``, 507, where the disk is full or not writable.
    func changing<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as StoreError where error.kind == .inputOutput {
            throw Problem.noSpace
        }
    }

    /// The same for labels.
    static func writing<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as StoreError where error.kind == .inputOutput {
            throw Problem.noSpace
        }
    }

    // MARK: Removing

    /// Hides an item, and removes it for good when the time for undoing is over.
    ///
    /// - Returns: until when it can be brought back.
    func remove(_ id: String) async throws -> Date {
        let item = try await item(id)
        let time = Date(timeIntervalSinceNow: undoTime.inSeconds)
        try await changing {
            // In this order: what is hidden without a time would stay for ever.
            try await self.removals.set(item.id, time)
            try await self.store.markMissing([item.path])
        }
        return time
    }

    /// Brings a removed item back.
    func restore(_ id: String) async throws -> StoredItem {
        let item = try await item(id, includesRemoved: true)
        guard item.missing else { return item }
        let modified = try await store.known([item.path]).first.flatMap { $0?.modified }
        let record = ItemRecord(
            path: item.path, bytes: item.attributes.bytes,
            modified: modified ?? Int64(clamping: item.attributes.modified * 1e9),
            // It may have been changed since; the next indexing looks.
            isSettled: false, content: item.content, embedding: nil, caption: item.attributes.caption,
            attributes: item.attributes.other)
        try await changing {
            try await self.store.put([record])
            try await self.removals.forget([item.id])
        }
        return try await self.item(item.id)
    }

    /// Removes for good what can no longer be brought back, with every file that was made of it.
    ///
    /// - Parameter everything: also what still could be.
    func purge(everything: Bool = false) async throws {
        let due = try await removals.due(everything: everything)
        for id in due {
            // Somebody else may have stored it anew meanwhile.
            guard let item = try await store.items(ids: [id]).first?.0, item.missing else { continue }
            // The files first: that a full disk keeps the store from forgetting the item does not keep the image.
            forgetFiles(of: item)
            _ = try await store.remove(idsOrPaths: [item.id])
        }
        if !due.isEmpty { try await removals.forget(due) }
    }

    /// Removes what is left of the time before: what could no longer be brought back when the server began, and files that
    /// belong to no item, such as those of items that were removed while no server ran.
    func begin() async throws {
        try await purge()
        guard let folder else { return }
        try await KeptFiles(folder: folder, store: store, thumbnails: thumbnails).removeStrays()
    }

    /// What is done when the server ends.
    func end() async throws { try await purge(everything: !store.keepsNotes) }

    private func forgetFiles(of item: StoredItem) {
        kept(item)?.remove()
        thumbnails.forget(item.content)
    }

    // MARK: Images

    /// The file of an item that is a video, opened. Blocks.
    ///
    /// - Throws: ``Problem``, 404, where it is gone.
    func video(of item: StoredItem) throws -> OpenVideo {
        guard let video = OpenVideo(path: kept(item)?.url.path ?? item.path) else {
            throw Problem.notFound("the video of item '\(item.id)' cannot be read from where it was indexed")
        }
        return video
    }

    /// The file in which a client's image is kept; nil for items that were indexed from files of others.
    private func kept(_ item: StoredItem) -> KeptImage? {
        guard let folder else { return nil }
        let isUpload = item.path.hasPrefix(KeptImage.folder(in: folder).path + "/")
        guard isUpload || !item.path.hasPrefix("/") else { return nil }
        return KeptImage(
            content: item.content, url: isUpload ? nil : item.path, type: item.attributes.type, in: folder)
    }

    /// The bytes of an item's image. Blocks.
    ///
    /// - Throws: ``Problem``, 404, where it is gone or lies where it cannot be read, such as in an archive.
    func original(of item: StoredItem, maximumBytes: Int) throws -> IndexedFile.Contents {
        let path = kept(item)?.url.path ?? item.path
        guard let contents = IndexedFile.read(path, content: item.content, maximumBytes: maximumBytes) else {
            throw Problem.notFound("the image of item '\(item.id)' cannot be read from where it was indexed")
        }
        return contents
    }
}
