public import Diptych
public import DiptychMedia
public import Foundation

/// What is true about the items of a store: where they lie, what they are, their parts, attributes, annotations and models.
///
/// Everything that it reports as stored survives the death of this process. What is near to what is the ``VectorIndex``'s to
/// answer.
public protocol Catalogue: Sendable {
    /// What messages call it: its directory or its address, never a password.
    var name: String { get }
    /// Whether its images were turned upright by their EXIF orientation.
    var appliesOrientation: Bool { get }
    /// How its images were decoded.
    var decode: ImageOptions.Decode { get }

    /// Which model it belongs to, and how its images were read.
    var identity: StoreIdentity { get async throws }
    /// The store's counts, model, roots and spaces.
    func info() async throws -> StoreInfo
    /// Checks that `model` is the one that the store's embeddings come from, and still prepares images as it did.
    ///
    /// - Throws: ``StoreError`` with both names when it is not.
    func require(_ model: any Embedder) async throws

    /// What the store knows about the item at each of `paths`, vanished ones among them; nil where it knows none.
    ///
    /// Paths are compared byte by byte: names that only look the same are different files.
    func known(_ paths: [String]) async throws -> [KnownItem?]
    /// Whether an embedding of this content is stored already.
    ///
    /// Blocks; called from threads that may.
    func hasEmbedding(of content: ContentHash) throws -> Bool
    /// What the store knows about the items of this content, with their paths, vanished ones among them; some where there are many.
    ///
    /// Blocks; called from threads that may. A store that cannot tell gives none, and moved files are new to it.
    func items(of content: ContentHash) throws -> [(path: String, known: KnownItem)]
    /// Notes that a folder is indexed: see ``EmbeddedStore/addRoot(_:)``. Stores that keep whole paths do nothing.
    func addRoot(_ path: String) async throws
    /// Stores items; when this returns, they are safe. Those whose path is known are replaced, the last of equal paths
    /// counts.
    ///
    /// A record without an embedding must have content that is stored, see ``hasEmbedding(of:)``, or stand behind one of
    /// the same content with an embedding.
    func put(_ records: [ItemRecord]) async throws
    /// Removes the items with these ids or paths, and their contents' embeddings where no other item needs them; a path also
    /// stands for everything below it.
    ///
    /// - Returns: the number of items removed.
    func remove(idsOrPaths: [String]) async throws -> Int
    /// Marks the items with these paths as vanished: searches do not find them, ``put(_:)`` brings them back.
    func markMissing(_ paths: [String]) async throws

    /// The first `limit` items behind the one with id `id`, in the order of their ids, with their embeddings.
    ///
    /// - Parameters:
    ///   - id: nil begins.
    ///   - filter: only items that it accepts; nil for all.
    /// - Returns: the items, vanished ones among them; empty at the end.
    func items(after id: String?, limit: Int, filter: Filter?) async throws -> [(StoredItem, Embedding)]
    /// The same without the embeddings: where the items lie.
    func places(after id: String?, limit: Int, filter: Filter?) async throws -> [ItemPlace]
    /// The first `limit` items behind a place in the order by name or date, vanished ones left out.
    ///
    /// - Parameters:
    ///   - cursor: nil begins.
    ///   - filter: only items that it accepts; nil for all.
    func places(
        in order: ItemOrder, after cursor: ItemCursor?, limit: Int, filter: Filter?
    ) async throws -> [ItemCursor]
    /// The items with these ids; those that there are not are left out.
    func items(ids: [String]) async throws -> [(StoredItem, Embedding)]

    /// Which kinds of values items have under the name of an attribute: ``FilterField/Kind/number``,
    /// ``FilterField/Kind/text``, and ``FilterField/Kind/any`` where the store cannot tell or where they are objects; empty where
    /// no item has it.
    func kinds(ofAttribute name: String) async throws -> Set<FilterField.Kind>
    /// The names of attributes that items have, at most `limit`; empty where the store cannot list them.
    func attributeNames(limit: Int) async throws -> [String]

    /// The parts of the item with this id, its whole first; none where there is no such item.
    func parts(of id: String) async throws -> [StoredPart]
    /// Adds parts to the items at some paths; those that are there already stay as they are. They are found once they are embedded,
    /// see ``SpaceFiller``.
    ///
    /// - Returns: for each the number of parts that are new; nil where there is no such item.
    /// - Throws: ``StoreError`` for a part without an area or a time, or outside of its image; nothing is added then.
    func addParts(_ additions: [(path: String, parts: [AssetPart])]) async throws -> [Int?]
    /// Whether videos can be stored.
    var takesVideos: Bool { get }
    /// The moments of the video at `path` that are stored with an embedding.
    func moments(ofItemAt path: String) async throws -> [(part: AssetPart, embedding: Embedding)]
    /// Stores moments of the video at `path` with their embeddings; when this returns, they are safe.
    func putMoments(_ moments: [(part: AssetPart, embedding: Embedding)], ofItemAt path: String) async throws
    /// Says that all of the video at `path` has been looked at: how long it is, in seconds, and its embedding.
    func finishVideo(at path: String, duration: Double, embedding: Embedding) async throws
    /// Embeddings of moments, drawn at random; fewer where the store holds fewer.
    func momentSample(_ count: Int) async throws -> [Embedding]
    /// Counts what merging and copying leave behind: boxes and spans, annotations, and items without an embedding in this space.
    func partsAndAnnotations() async throws -> (parts: Int, annotations: Int, unembedded: Int)

    /// Adds annotations; when this returns, they are stored. Each is the next revision of what was said about its part and task
    /// before, which stays.
    ///
    /// - Returns: the annotations with their numbers.
    /// - Throws: ``StoreError`` for a part that the store does not have, or an annotation beyond a limit; nothing is added then.
    @discardableResult func annotate(_ annotations: [Annotation]) async throws -> [StoredAnnotation]
    /// Takes back what was said last about a part and a task: what stood before is said once more, as a new revision.
    ///
    /// - Returns: the new revision; nil where nothing was said.
    @discardableResult
    func undoAnnotation(part: Int64, task: String, author: String) async throws -> StoredAnnotation?
    /// All that was ever said about a part, in the order in which it was said.
    ///
    /// - Parameter task: only what was said for this task; nil for all.
    func annotations(ofPart part: Int64, task: String?) async throws -> [StoredAnnotation]
    /// All that was said for a task behind the annotation with a number, in the order in which it was said.
    ///
    /// - Parameter id: 0 begins.
    func annotations(ofTask task: String, after id: Int64, limit: Int) async throws -> [StoredAnnotation]
    /// The numbers of the parts that are the wholes of the items with these ids; nil where there is no such item.
    func wholeParts(ofItems ids: [String]) async throws -> [Int64?]
    /// What holds now for a task: the last revision of each part that has one, after a part, in the order of their numbers. Those
    /// whose value was taken back are left out.
    func currentAnnotations(task: String, after part: Int64, limit: Int) async throws -> [StoredAnnotation]

    /// Makes a space the current one: searches that name none take it from now on.
    ///
    /// - Parameters:
    ///   - name: its name or number.
    ///   - acceptsGaps: whether it may lack embeddings that others have.
    /// - Returns: the space.
    /// - Throws: ``StoreError`` where there is no such space, or it is not full.
    func switchSpace(to name: String, acceptsGaps: Bool) async throws -> StoreSpace
    /// Drops a space with all its embeddings; parts and annotations stay.
    ///
    /// - Throws: ``StoreError`` where there is no such space, or it is the current one.
    func dropSpace(_ name: String) async throws -> StoreSpace

    /// What was noted under `key`; nil where nothing was.
    func note(_ key: String) async throws -> Data?
    /// Notes `data` under `key`, instead of what was there.
    func setNote(_ key: String, _ data: Data) async throws
    /// Whether notes are kept; where they are not, what they would say is measured when it is needed.
    var keepsNotes: Bool { get }

    /// Keeps other processes from indexing into the store while the result exists.
    ///
    /// - Throws: ``StoreError``, of kind `busy` when another process holds it.
    func lockForIndexing() throws -> any IndexingLock
    /// Drops the items whose files have vanished and the embeddings that no item uses.
    ///
    /// - Returns: the number of items and of embeddings dropped.
    func prune() async throws -> (items: Int, vectors: Int)
    /// Checks what is stored.
    ///
    /// - Returns: what is wrong, a line each, the first twenty; empty when all is well.
    func verify() async throws -> [String]
}

/// Held by the one process that indexes into a store; releasing it lets the next one in.
public protocol IndexingLock: Sendable {}

extension Catalogue {
    /// Cannot tell.
    public func items(of content: ContentHash) throws -> [(path: String, known: KnownItem)] { [] }

    /// No videos.
    public var takesVideos: Bool { false }
    /// None.
    public func moments(ofItemAt path: String) async throws -> [(part: AssetPart, embedding: Embedding)] { [] }
    /// Refused.
    public func putMoments(
        _ moments: [(part: AssetPart, embedding: Embedding)], ofItemAt path: String
    ) async throws { throw StoreError(.invalidRequest, path: path, "this kind of store takes no videos") }
    /// Refused.
    public func finishVideo(at path: String, duration: Double, embedding: Embedding) async throws {
        throw StoreError(.invalidRequest, path: path, "this kind of store takes no videos")
    }
    /// None.
    public func momentSample(_ count: Int) async throws -> [Embedding] { [] }

    /// Whole paths are kept.
    public func addRoot(_ path: String) async throws {}

    /// Notes are kept.
    public var keepsNotes: Bool { true }

    /// By asking for an item that has it.
    public func kinds(ofAttribute name: String) async throws -> Set<FilterField.Kind> {
        try await places(after: nil, limit: 1, filter: .exists(.attribute(name))).isEmpty ? [] : [.any]
    }

    /// One after the other.
    public func wholeParts(ofItems ids: [String]) async throws -> [Int64?] {
        var parts: [Int64?] = []
        for id in ids { parts.append(try await self.parts(of: id).first { $0.part == .whole }?.id) }
        return parts
    }

    /// None can be listed.
    public func attributeNames(limit: Int) async throws -> [String] { [] }

    /// Goes through all items by id, with their embeddings, a page at a time.
    ///
    /// - Parameters:
    ///   - filter: only items that it accepts; nil for all.
    ///   - body: called for each item; memory stays constant whatever the store's size.
    public func forEachItem(
        where filter: Filter? = nil, _ body: (StoredItem, Embedding) async throws -> Void
    ) async throws {
        var last: String?
        while true {
            try Task.checkCancellation()
            let page = try await items(after: last, limit: 256, filter: filter)
            guard let end = page.last?.0.id else { return }
            last = end
            for (item, embedding) in page { try await body(item, embedding) }
        }
    }
}
