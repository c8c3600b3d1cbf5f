internal import Diptych
internal import DiptychMap
internal import DiptychSearch
internal import Foundation

/// Keeps the map of the store: makes it when somebody first wants it, and adds what is new, in the background.
actor MapKeeper {
    /// How it is with the map.
    enum State {
        /// It is being made, and this much is done, from 0 to 1.
        case making(Double)
        case ready
        case failed(String)
    }

    /// The map as pages draw it.
    struct Drawn: Sendable {
        let map: StoreMap
        /// Changes with the map.
        let version: Int
    }

    private let store: any VectorStore
    private let threads: Int
    private let feed: EventFeed
    private var work: Task<Void, Never>?
    private var progress = 0.0
    private var reason: String?
    private(set) var drawn: Drawn?
    /// The store's count and space when the map was begun.
    private var seen: (count: Int, space: Int64)?
    private var coloured: [String: MapColours] = [:]

    init(_ store: any VectorStore, threads: Int, feed: EventFeed) {
        (self.store, self.threads, self.feed) = (store, threads, feed)
    }

    deinit { work?.cancel() }

    /// What is there now; begins to make what is not, or not any more what the store holds.
    ///
    /// - Parameter isFresh: lays all items out again.
    func state(isFresh: Bool = false) async throws -> State {
        let info = try await store.info()
        let now = (count: info.count, space: store.space.id)
        if work == nil, isFresh || (reason == nil && seen.map { $0 != now } ?? true) {
            begin(now, isFresh: isFresh)
        }
        if drawn != nil, !isFresh { return .ready }
        if let reason { return .failed(reason) }
        return .making(progress)
    }

    /// Whether the map is being made, or made larger.
    var isWorking: Bool { work != nil }

    private func begin(_ now: (count: Int, space: Int64), isFresh: Bool) {
        (seen, progress, reason) = (now, 0, nil)
        let (store, options) = (store, EmbeddingMap.Options(threads: threads))
        let hear: @Sendable (Double) -> Void = { [weak self] share in
            Task { [weak self] in await self?.hear(share) }
        }
        work = Task { [weak self] in
            let result: Result<StoreMap, any Error>
            do {
                result = .success(try await StoreMap.make(of: store, options: options, isFresh: isFresh, hear))
            } catch { result = .failure(error) }
            await self?.end(result)
        }
    }

    private func hear(_ share: Double) {
        guard work != nil, share - progress >= 0.01 else { return }
        progress = share
        feed.send(JSON.object([("state", "making"), ("progress", .double(share))]).text, name: "map")
    }

    private func end(_ result: Result<StoreMap, any Error>) {
        work = nil
        switch result {
        case .success(let map):
            drawn = Drawn(map: map, version: (drawn?.version ?? 0) + 1)
            coloured = [:]
            feed.send(JSON.object([("state", "ready"), ("count", .int(map.ids.count))]).text, name: "map")
        case .failure(let error):
            reason = "\(error)"
            feed.send(JSON.object([("state", "failed")]).text, name: "map")
        }
    }

    /// The colours of the items by an attribute.
    func colours(by attribute: String) async throws -> MapColours? {
        guard let drawn else { return nil }
        if let known = coloured[attribute] { return known }
        let made = try await MapColours(of: drawn.map, by: attribute, in: store)
        // Few attributes are looked at; a client that names many costs no more than these.
        if coloured.count >= 8 { coloured.removeAll() }
        if self.drawn?.version == drawn.version { coloured[attribute] = made }
        return made
    }
}
