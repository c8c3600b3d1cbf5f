internal import Diptych
internal import DiptychSearch
internal import DiptychVideo
internal import Foundation
internal import HTTPTypes

extension ServedStore {
    /// Stores a video that a client brought, and its moments.
    ///
    /// - Returns: the item, and whether it was there already.
    /// - Throws: ``Problem`` where the store keeps none, or it cannot be decoded.
    func add(
        video: ImageWork, _ type: VideoContent, by model: any Embedder, caption: String?,
        attributes: [String: AttributeValue]
    ) async throws -> (item: StoredItem, existed: Bool) {
        guard let folder, store.takesVideos else {
            throw Problem(
                status: .conflict,
                detail: "this server keeps no videos: its store is not a directory that it may write to")
        }
        let file = KeptImage(content: video.content, url: nil, type: type.rawValue, in: folder)
        let path = file.url.path
        let known = try await item(at: path).flatMap { $0.missing ? nil : $0 }
        if let known, known.content == video.content, caption == nil { return (known, true) }
        let isNew = try file.write(video.bytes)
        var indexer = Indexer(store: store, model: model)
        indexer.videos.options.threads = 2
        let input = IndexInput(path: path, source: .file(path), caption: caption, attributes: attributes)
        do {
            let indexer = indexer
            let summary = try await changing { try await indexer.index(inputs: [.success(input)]) }
            if let skipped = summary.skipped.first {
                throw Problem.badRequest("'file' cannot be read as a video: \(skipped.reason)")
            }
        } catch {
            if isNew { file.remove() }
            throw error
        }
        guard let item = try await item(at: path) else {
            throw Problem(status: .internalServerError, detail: "the item was stored and not found")
        }
        try await changing { try await self.removals.forget([item.id]) }
        return (item, known != nil)
    }
}
