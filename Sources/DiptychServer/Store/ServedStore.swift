internal import HTTPTypes
internal import Diptych
internal import DiptychMedia
internal import DiptychSearch
internal import Foundation
internal import Synchronization

/// A store as clients see it: they look at items, add some, and remove some, which can be undone for a while.
final class ServedStore: Sendable {
    let store: any VectorStore
    /// Where the pictures that clients bring are kept, and thumbnails; nil where nothing can be kept.
    let folder: URL?
    private let undoTime: Duration
    /// Removed items that can still be brought back: when they go for good.
    private let removed = Mutex<[String: ContinuousClock.Instant]>([:])

    /// - Parameters:
    ///   - folder: a directory of the server's own; it is made when something is kept.
    ///   - undoTime: how long removed items can be brought back.
    init(_ store: any VectorStore, folder: URL?, undoTime: Duration) {
        self.store = store
        self.folder = folder
        self.undoTime = undoTime
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

    // MARK: Adding

    /// Stores a picture that a client brought.
    ///
    /// - Parameter url: where it came from; nil for an upload.
    func add(
        _ picture: PictureWork, _ embedded: EmbeddedPicture, url: String?, caption: String?,
        attributes: [String: AttributeValue]
    ) async throws -> StoredItem {
        guard let folder else {
            throw Problem(
                status: .conflict,
                detail: "this server keeps no pictures: its store is not a directory that it may write to")
        }
        let metadata = PictureMetadata(of: picture.bytes)
        let type = metadata.format?.rawValue.lowercased()
        let file = KeptPicture(content: picture.content, url: url, type: type, in: folder)
        try file.write(picture.bytes)
        let path = url ?? file.url.path
        let facts = PictureFacts(width: embedded.size.width, height: embedded.size.height, metadata: metadata)
        let record = ItemRecord(
            path: path, bytes: picture.bytes.count, modified: Int64(Date().timeIntervalSince1970 * 1e9),
            content: picture.content, embedding: embedded.embedding, picture: facts, caption: caption,
            attributes: attributes)
        try await store.put([record])
        let place = try await store.places(
            after: nil, limit: 1, filter: .compare(.path, .equal, .text(path))
        ).first
        guard let place else {
            throw Problem(status: .internalServerError, detail: "the item was stored and not found")
        }
        removed.withLock { _ = $0.removeValue(forKey: place.id) }
        return try await item(place.id)
    }

    // MARK: Removing

    /// Hides an item, and removes it for good when the time for undoing is over.
    ///
    /// - Returns: until when it can be brought back.
    func remove(_ id: String) async throws -> Date {
        let item = try await item(id)
        try await store.markMissing([item.path])
        removed.withLock { $0[id] = .now + undoTime }
        return Date(timeIntervalSinceNow: undoTime.inSeconds)
    }

    /// Brings a removed item back.
    func restore(_ id: String) async throws -> StoredItem {
        let item = try await item(id, includesRemoved: true)
        guard item.missing else { return item }
        let record = ItemRecord(
            path: item.path, bytes: item.attributes.bytes, modified: Int64(item.attributes.modified * 1e9),
            // It may have been changed since; the next indexing looks.
            isSettled: false, content: item.content, embedding: nil, caption: item.attributes.caption,
            attributes: item.attributes.other)
        try await store.put([record])
        removed.withLock { _ = $0.removeValue(forKey: id) }
        return try await self.item(id)
    }

    /// Removes for good what can no longer be brought back.
    ///
    /// - Parameter everything: also what still could be.
    func purge(everything: Bool = false) async throws {
        let now = ContinuousClock.now
        let due = removed.withLock { removed in
            let due = removed.filter { everything || $0.value <= now }.map(\.key)
            for id in due { removed[id] = nil }
            return due
        }
        for id in due {
            // Somebody else may have stored it anew meanwhile.
            guard let item = try await store.items(ids: [id]).first?.0, item.missing else { continue }
            _ = try await store.remove(idsOrPaths: [id])
            if let kept = kept(item) { kept.remove() }
        }
    }

    // MARK: Pictures

    /// The file in which a client's picture is kept; nil for items that were indexed from files of others.
    private func kept(_ item: StoredItem) -> KeptPicture? {
        guard let folder else { return nil }
        let isUpload = item.path.hasPrefix(folder.path + "/")
        guard isUpload || !item.path.hasPrefix("/") else { return nil }
        return KeptPicture(
            content: item.content, url: isUpload ? nil : item.path, type: item.attributes.type, in: folder)
    }

    /// The bytes of an item's picture. Blocks.
    ///
    /// - Throws: ``Problem``, 404, where it is gone or lies where it cannot be read, such as in an archive.
    func original(of item: StoredItem, maximumBytes: Int) throws -> [UInt8] {
        if let bytes = kept(item)?.read(maximumBytes: maximumBytes) { return bytes }
        guard item.path.hasPrefix("/"), let bytes = try? PictureSource.file(item.path).bytes(maximumBytes: maximumBytes)
        else { throw Problem.notFound("the picture of item '\(item.id)' cannot be read from where it was indexed") }
        return bytes
    }
}

/// A picture that a client brought, in a file called by its content, and by its URL where it came from one: each item has a
/// file of its own.
struct KeptPicture {
    let url: URL
    private let directory: URL

    init(content: ContentHash, url source: String?, type: String?, in folder: URL) {
        let name = source.map { ContentHash(of: content.bytes + Data($0.utf8)).hex } ?? content.hex
        directory = folder.appendingPathComponent("pictures").appendingPathComponent(String(name.prefix(2)))
        let ending = type.flatMap { $0.allSatisfy(\.isLetter) ? $0 : nil } ?? "picture"
        url = directory.appendingPathComponent("\(name).\(ending)")
    }

    func write(_ bytes: [UInt8]) throws {
        guard !FileManager.default.fileExists(atPath: url.path) else { return }
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try Data(bytes).write(to: url, options: .atomic)
        } catch {
            throw Problem(
                status: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"),
                detail: "the picture could not be kept: the server's disk is full or not writable")
        }
    }

    func read(maximumBytes: Int) -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        return try? PictureSource.file(url.path).bytes(maximumBytes: maximumBytes)
    }

    func remove() { try? FileManager.default.removeItem(at: url) }
}

extension ContentHash {
    /// The hash in hexadecimal.
    var hex: String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}
