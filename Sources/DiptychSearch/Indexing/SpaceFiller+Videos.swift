internal import Diptych
internal import DiptychBasics
internal import DiptychMedia
internal import DiptychVideo
internal import Foundation

extension SpaceFiller {
    /// Frames a second that a video's parts are embedded by.
    private static let perSecond = 1.0
    private static let batch = 64

    /// Embeds videos and their times: moments stay where the model that found them put them.
    func embed(
        videos parts: [UnembeddedPart], _ summary: inout Summary, _ body: (UnembeddedPart, String?) throws -> Void
    ) async throws {
        var start = 0
        while start < parts.count {
            let path = parts[start].path
            let end = parts[start...].firstIndex { $0.path != path } ?? parts.count
            let group = Array(parts[start..<end])
            start = end
            do {
                let made = try await embeddings(of: group)
                let store = store
                try await Task { try await store.putEmbeddings(made) }.value
                summary.embedded += group.count
                for part in group { try body(part, nil) }
            } catch let error as CancellationError { throw error } catch let error as StoreError {
                throw error
            } catch let error as ModelError { throw error } catch {
                let reason =
                    (error as? VideoError)?.reason ?? (error as? ImageError)?.reason
                    ?? (error as? IndexInputError)?.reason ?? "\(error)"
                for part in group {
                    summary.skippedCount += 1
                    if summary.skipped.count < IndexSummary.listedLimit {
                        summary.skipped.append(.init(path: path, reason: reason))
                    }
                    try body(part, reason)
                }
            }
        }
    }

    /// The embeddings of some parts of one video.
    private func embeddings(of parts: [UnembeddedPart]) async throws -> [(part: StoredPart, embedding: Embedding)] {
        let (path, content, preprocessing) = (parts[0].path, parts[0].content, model.preprocessing)
        let isWhole = parts.contains { $0.part.part == .whole }
        let first = isWhole ? 0 : parts.compactMap { $0.part.part.times?.lowerBound }.min() ?? 0
        let last = isWhole ? Double.infinity : parts.compactMap { $0.part.part.times?.upperBound }.max() ?? 0
        let scan = try await WorkerThreads.shared.value {
            guard try VideoFiles.content(of: path) == content else {
                throw IndexInputError(path: path, reason: "has changed since it was indexed; index it again first")
            }
            return try VideoScan(.file(path), perSecond: Self.perSecond, from: first)
        }
        var (times, frames): ([Double], [[Float]]) = ([], [])
        while !scan.isAtEnd, scan.end <= last {
            try Task.checkCancellation()
            let read = try await WorkerThreads.shared.value { () throws -> [(time: Double, pixels: [Float])] in
                var read: [(time: Double, pixels: [Float])] = []
                try scan.read(most: Self.batch, isEnough: { scan.end > last }) { frame in
                    read.append((frame.time, try preprocessing.pixels(of: frame.image())))
                }
                return read
            }
            times += read.map(\.time)
            try await model.embedBatches(
                read.map(\.pixels), readingFrom: { _ in nil }, load: { LoadedInput(facts: (), pixels: $0) },
                { items in for item in items { frames.append(try item.result.get().embedding?.values ?? []) } })
        }
        return try parts.map { part in
            func refused() -> IndexInputError {
                IndexInputError(path: path, reason: "no frame of a time of it can be decoded")
            }
            func nearest(_ time: Double) throws -> [Float] {
                let index = times.indices.min { abs(times[$0] - time) < abs(times[$1] - time) }
                guard let index else { throw refused() }
                return frames[index]
            }
            let values: [Float]
            switch part.part.part {
            case .moment(_, _, let best, true): values = try nearest(best)
            case .whole, .box:
                guard let best = MomentCutter.best(of: frames[...]) else { throw refused() }
                values = frames[best.index]
            case .span(let start, let end), .moment(let start, let end, _, false):
                let inside = times.indices.filter { times[$0] + 1e-6 >= start && times[$0] < end }.map { frames[$0] }
                // A time between two frames that were taken is the nearest one's.
                values = try MomentCutter.best(of: inside[...])?.mean ?? nearest((start + end) / 2)
            }
            return (part.part, Embedding(values: values))
        }
    }
}
