internal import Diptych
internal import DiptychBasics
public import DiptychSearch
internal import Foundation

/// What somebody wants to label next.
public struct LabelRequest: Sendable {
    /// Which images come.
    public enum Scope: String, Sendable, CaseIterable {
        /// Those that lack an answer.
        case unlabelled
        /// Those that were skipped.
        case skipped
        /// Those with an answer.
        case labelled
        /// All.
        case all
    }

    /// The window that asks: what it was given goes to no other for a while.
    public var tab: String
    /// Who asks.
    public var author: String
    /// How many images are wanted.
    public var count = 20
    /// In which order.
    public var order = LabelOrder.listed
    /// Which images.
    public var scope = Scope.unlabelled
    /// Only images that a filter accepts, with its text.
    public var filter: (text: String, filter: Filter)?
    /// Whether the window begins: what others of the person's windows were given that are gone comes back.
    public var isFresh = false
    /// The person's other windows that are open.
    public var live: Set<String> = []
    /// Only rows behind this many of the order, for scopes that images do not leave when they are labelled.
    public var offset = 0
    /// Whether images are only shown, in a grid, and stay free for other windows.
    public var isGrid = false

    /// Asks.
    public init(tab: String, author: String) { (self.tab, self.author) = (tab, author) }
}

/// An image to label.
public struct QueuedImage: Sendable {
    /// The item.
    public let item: StoredItem
    /// The part that decisions are about.
    public let part: Int64
    /// What holds for it now.
    public let state: LabelState
    /// What each person answered, where people disagree.
    public let answers: [(author: String, labels: [String])]
    /// The most probable labels, the best first; empty where there are none, or for those without suggestion.
    public let suggestions: [LabelSuggestion]
    /// Whether suggestions are kept back, to measure what they do.
    public let isBlind: Bool
}

extension LabelWorkspace {
    /// The next images of an order.
    ///
    /// - Throws: ``StoreError``, ``LabelError``.
    public func next(_ request: LabelRequest) async throws -> [QueuedImage] {
        try await catchUp()
        try await refresh()
        if request.isFresh {
            leases = leases.filter { $0.value.author != request.author || request.live.contains($0.value.tab) }
        }
        let now = ContinuousClock.now
        if leases.count > 4096 { leases = leases.filter { $0.value.until > now } }
        let items = try await accepted(request)
        // What is asked for before the store has been read is waited for a while, and asked for again after that.
        for _ in 0..<250 where !isLoaded && (request.order != .listed || pool.count < 4 * request.count) {
            try await Task.sleep(for: .milliseconds(20))
        }
        func isWanted(_ row: Int) -> Bool {
            items.map { $0.contains(pool.items[row]) } ?? true && self.isWanted(row, request, now)
        }
        var found: [QueuedImage] = []
        var tried: Set<Int> = []
        // Those that have gone from the store since are passed over.
        while found.count < request.count {
            let rows = rows(request, request.count - found.count) { !tried.contains($0) && isWanted($0) }
            guard !rows.isEmpty else { break }
            tried.formUnion(rows)
            let stored = Dictionary(
                try await store.items(ids: rows.map { pool.items[$0] }).map { ($0.0.id, $0.0) },
                uniquingKeysWith: { first, _ in first })
            for row in rows {
                guard let item = stored[pool.items[row]], !item.missing else { continue }
                found.append(queued(row, item))
                if !request.isGrid { leases[pool.parts[row]] = (request.tab, request.author, now + Self.leaseTime) }
            }
            if rows.count < request.count - found.count { break }
        }
        return found
    }

    /// One image, whatever its turn.
    ///
    /// - Throws: ``StoreError``; ``LabelError`` where the store has no such image.
    public func image(_ id: String) async throws -> QueuedImage {
        try await catchUp()
        guard let item = try await store.items(ids: [id]).first?.0, !item.missing,
            let part = try await store.wholeParts(ofItems: [id]).first ?? nil
        else { throw LabelError("there is no image '\(id.prefix(40))'") }
        if let row = pool.rows[part] { return queued(row, item) }
        return QueuedImage(
            item: item, part: part, state: log.state(of: part), answers: [], suggestions: [], isBlind: false)
    }

    /// The parts of items; nil where there is none.
    ///
    /// - Throws: ``StoreError``.
    public func parts(ofItems ids: [String]) async throws -> [Int64?] { try await store.wholeParts(ofItems: ids) }

    /// The embedding of an item among the images that were read.
    public func embedding(ofItem id: String) async throws -> [Float]? {
        try await store.items(ids: [id]).first?.1.values
    }

    private func queued(_ row: Int, _ item: StoredItem) -> QueuedImage {
        let part = pool.parts[row], isBlind = Self.isBlind(part) && !log.state(of: part).isDecided
        let answers =
            log.isDisputed(part)
            ? log.answers(part).map { (author: log.authors[Int($0.key)], labels: log.labels($0.value)) }
                .sorted { $0.author < $1.author } : []
        return QueuedImage(
            item: item, part: part, state: log.state(of: part), answers: answers,
            suggestions: isBlind ? [] : shortlist(row), isBlind: isBlind)
    }

    /// The items that the filter accepts; nil without one.
    private func accepted(_ request: LabelRequest) async throws -> Set<String>? {
        guard let (text, filter) = request.filter else { return nil }
        if let filtered, filtered.text == text, filtered.until > .now { return filtered.items }
        var items: Set<String> = []
        var last: String?
        while true {
            let page = try await store.places(after: last, limit: 4096, filter: filter)
            for place in page { items.insert(place.id) }
            guard let end = page.last?.id, page.count == 4096 else { break }
            last = end
        }
        filtered = (text, items, .now + .seconds(60))
        return items
    }

    private func isWanted(_ row: Int, _ request: LabelRequest, _ now: ContinuousClock.Instant) -> Bool {
        let part = pool.parts[row]
        if !request.isGrid, let lease = leases[part], lease.until > now { return false }
        if request.order == .disputed { return log.isDisputed(part) }
        switch request.scope {
        case .all: return true
        case .labelled: return log.state(of: part).isDecided
        case .skipped: return log.standing(part)?.isSkip ?? false
        case .unlabelled:
            guard people > 1 else { return log.standing(part) == nil }
            let known = log.people(part)
            return known.count < people && !known.contains(request.author)
        }
    }

    private func rows(_ request: LabelRequest, _ count: Int, _ isWanted: (Int) -> Bool) -> [Int] {
        func first(_ rows: some Sequence<Int>) -> [Int] {
            var found: [Int] = [], left = request.offset
            for row in rows where isWanted(row) {
                if left > 0 {
                    left -= 1
                    continue
                }
                found.append(row)
                if found.count == count { break }
            }
            return found
        }
        switch request.order {
        case .listed, .disputed: return first(0..<pool.count)
        case .random: return first(shuffled())
        case .nearest(let query): return first(nearest(query))
        case .confident:
            guard predictions.count == pool.count else { return first(0..<pool.count) }
            return first(
                (0..<pool.count).sorted { predictions[$0].probability > predictions[$1].probability })
        case .uncertain: return uncertain(count, (0..<pool.count).filter(isWanted))
        }
    }

    private func shuffled() -> [Int] {
        if randomRows.count != pool.count {
            let keys = pool.parts.map { part in
                var generator = SplitMix64(seed: UInt64(bitPattern: part))
                return generator.next()
            }
            randomRows = (0..<pool.count).sorted { keys[$0] < keys[$1] }
        }
        return randomRows
    }

    private func nearest(_ query: [Float]) -> [Int] {
        if let nearestRows, nearestRows.query == query, nearestRows.count == pool.count { return nearestRows.rows }
        let scores = Products.all(pool.values, pool.dimension, with: query)
        let rows = (0..<pool.count).sorted { scores[$0] > scores[$1] }
        nearestRows = (query, pool.count, rows)
        return rows
    }

    /// The images that teach most: at first those that stand for many, then those that the head is least certain about, no two alike.
    private func uncertain(_ count: Int, _ rows: [Int]) -> [Int] {
        let known = log.counts.count { $0.value > 0 }
        let isFirst = predictions.count != pool.count || known < 2 || log.decided < max(10, task.labels.count)
        return DiverseChoice.teaching(
            count, of: rows, predictions: isFirst ? nil : predictions, labels: task.labels.count, in: pool,
            seed: UInt64(log.decided))
    }
}
