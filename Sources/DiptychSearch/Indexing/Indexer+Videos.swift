internal import Diptych
internal import DiptychBasics
internal import DiptychVideo
internal import Foundation

extension Indexer {
    /// Adds or updates one video. What was stored of it before an interruption is not looked at again.
    func add(
        video input: IndexInput, known: KnownItem?, _ loader: IndexLoader, _ summary: inout IndexSummary,
        _ body: (IndexEvent) throws -> Void
    ) async throws {
        do {
            let refreshes = refreshes
            let finding = try await WorkerThreads.shared.value {
                try loader.look(atVideo: input, known: known, refreshes: refreshes)
            }
            switch finding {
            case .unchanged:
                summary.unchanged += 1
                try body(IndexEvent(kind: .unchanged, path: input.path, reason: nil))
            case .stored(let record, let change):
                try await store.put([record])
                try body(summary.count(change, of: input.path, isReused: true))
            case .embed(let record, let change):
                let damage = try await embed(video: record)
                var event = summary.count(change, of: input.path, isReused: false)
                event.remark = damage
                try body(event)
            }
        } catch let error as CancellationError { throw error } catch let error as StoreError { throw error } catch let
            error as ModelError
        { throw error } catch {
            let reason =
                (error as? VideoError).map { IndexInputError(path: input.path, reason: $0.reason) as any Error }
                ?? error
            try body(summary.skip(input.path, reason))
        }
    }

    /// Stores the moments of a video as they are found.
    ///
    /// - Returns: why not all of it could be read, where that is so.
    private func embed(video record: ItemRecord) async throws -> String? {
        let (path, videos, model) = (record.path, videos, model)
        let isKnown = try await store.known([path])[0]?.content == record.content
        let before = isKnown ? try await store.moments(ofItemAt: path) : []
        let start = before.compactMap { $0.part.times?.upperBound }.max() ?? 0
        var reader = try await WorkerThreads.shared.value {
            try MomentReader(path: path, videos: videos, model: model, from: start)
        }
        var frames = before.filter { Self.isFrame($0.part) }.map(\.embedding.values)
        var isStored = isKnown
        repeat {
            let moments = try await reader.next()
            frames += moments.filter { Self.isFrame($0.part) }.map(\.embedding.values)
            let (store, facts, isNew) = (store, reader.facts, !isStored)
            // In a task of its own, which the cancellation of this one does not reach.
            try await Task {
                if isNew {
                    var record = record
                    record.isUnfinished = true
                    record.video = StoredVideoFacts(
                        width: facts.width, height: facts.height, duration: facts.statedDuration,
                        type: VideoFiles.type(facts, path: path))
                    try await store.put([record])
                }
                try await store.putMoments(moments, ofItemAt: path)
            }.value
            isStored = true
            try Task.checkCancellation()
        } while !reader.isAtEnd
        // The frame nearest to all: a search that finds the whole finds a moment too.
        guard let (whole, _) = MomentCutter.best(of: frames[...]) else {
            throw IndexInputError(path: path, reason: "not a single frame can be decoded")
        }
        try await store.finishVideo(
            at: path, duration: max(start, reader.end), embedding: Embedding(values: frames[whole]))
        return reader.damage
    }

    private static func isFrame(_ part: AssetPart) -> Bool {
        if case .moment(_, _, _, true) = part { true } else { false }
    }
}

extension IndexLoader {
    /// Looks at a video, and hashes it where that is needed. Blocks.
    func look(atVideo input: IndexInput, known: KnownItem?, refreshes: Bool) throws -> IndexFinding {
        try UnreadableName.check(input.path)
        let path = input.file ?? input.path
        let state = FileState(path: path) ?? FileState()
        var caption = input.caption ?? known?.caption
        var attributes = input.attributes?.mapValues(\.canonical) ?? known?.attributes ?? [:]
        func record(_ content: ContentHash) -> ItemRecord {
            ItemRecord(
                path: input.path, bytes: state.size, modified: state.modified, isSettled: state.isSettled,
                content: content, kind: .video, embedding: nil, caption: caption, attributes: attributes)
        }
        let isSaid = known.map { $0.caption == caption && $0.attributes == attributes } ?? false
        if let known, !known.isMissing, isUnchanged(known, state, refreshes: refreshes) {
            return isSaid ? .unchanged : .stored(record(known.content), .updated)
        }
        let content = try VideoFiles.content(of: path)
        guard try store.hasEmbedding(of: content) else {
            let isNew = known.map { $0.isMissing || $0.content == content && !$0.isEmbedded } ?? true
            return .embed(record(content), isNew ? .added : .updated)
        }
        var moved: [(path: String, known: KnownItem)] = []
        if known == nil {
            moved = try gone(content, nowAt: input.path)
            caption = caption ?? moved.first?.known.caption
            if input.attributes == nil { attributes = moved.first?.known.attributes ?? [:] }
        }
        var found = record(content)
        found.movedFrom = moved.map(\.path)
        var change = moved.isEmpty ? IndexFinding.Change.added : .moved
        if let known, !known.isMissing {
            change = known.content == content && isSaid && known.isEmbedded ? .touched : .updated
        }
        return .stored(found, change)
    }
}
