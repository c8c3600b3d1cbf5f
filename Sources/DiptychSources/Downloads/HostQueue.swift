internal import DequeModule

/// URLs that wait for their turn, host by host: a slow host keeps no other waiting.
struct HostQueue {
    struct Item {
        let url: String
        var attempt = 1
    }

    private struct Host {
        var waiting = Deque<Item>()
        var active = 0
        var notBefore = ContinuousClock.now
        var isReady = false
        /// Times in a row that it could not be reached.
        var failures = 0
    }

    private var hosts: [String: Host] = [:]
    /// Those to be tried again, by how often they were tried: all of one number wait for about as long.
    private var later: [Int: Deque<(due: ContinuousClock.Instant, item: Item)>] = [:]
    /// Hosts with waiting URLs, in turn.
    private var ready = Deque<String>()
    private(set) var count = 0
    private let perHost: Int
    private let interval: Duration?

    /// After so many times in a row a host is not asked any more.
    private static let mostFailures = 20

    init(perHost: Int, requestsPerSecond: Double?) {
        self.perHost = perHost
        interval = requestsPerSecond.map { .seconds(1 / $0) }
    }

    /// The scheme, host and port of a URL.
    static func host(of url: String) -> String {
        guard let start = url.range(of: "://")?.upperBound else { return "" }
        return url[..<start].lowercased() + url[start...].prefix { !"/?#".contains($0) }.lowercased()
    }

    /// - Returns: whether the host can still be asked.
    mutating func add(_ item: Item) -> Bool {
        let name = Self.host(of: item.url)
        guard hosts[name, default: Host()].failures < Self.mostFailures else { return false }
        hosts[name, default: Host()].waiting.append(item)
        count += 1
        enqueue(name)
        return true
    }

    /// Adds an item that is tried again after a while.
    mutating func add(_ item: Item, after delay: Duration) {
        later[item.attempt, default: []].append((.now + delay, item))
        count += 1
    }

    /// Leaves a host alone for a while, as it has asked for.
    mutating func pause(hostOf url: String, for delay: Duration) {
        let name = Self.host(of: url)
        hosts[name, default: Host()].notBefore = max(hosts[name]?.notBefore ?? .now, .now + delay)
    }

    /// Puts what has waited long enough back into its host's queue.
    ///
    /// - Returns: those whose host is not asked any more.
    mutating func wake(now: ContinuousClock.Instant) -> [Item] {
        var dropped: [Item] = []
        for attempt in later.keys {
            while let first = later[attempt]?.first, first.due <= now {
                later[attempt]?.removeFirst()
                count -= 1
                if !add(first.item) { dropped.append(first.item) }
            }
        }
        return dropped
    }

    private mutating func enqueue(_ name: String) {
        guard var host = hosts[name], !host.isReady, !host.waiting.isEmpty, host.active < perHost else { return }
        host.isReady = true
        hosts[name] = host
        ready.append(name)
    }

    /// The next URL whose host may be asked now.
    mutating func next(now: ContinuousClock.Instant) -> Item? {
        for _ in 0..<ready.count {
            guard let name = ready.popFirst(), var host = hosts[name] else { return nil }
            host.isReady = false
            guard host.notBefore <= now else {
                host.isReady = true
                hosts[name] = host
                ready.append(name)
                continue
            }
            let item = host.waiting.popFirst()
            host.active += item == nil ? 0 : 1
            if let interval { host.notBefore = max(host.notBefore, now - interval) + interval }
            hosts[name] = host
            enqueue(name)
            if let item {
                count -= 1
                return item
            }
        }
        return nil
    }

    /// A URL's exchange has ended.
    ///
    /// - Parameter isReached: whether the host answered; nil where that is not known.
    /// - Returns: the URLs that are given up with the host.
    mutating func ended(_ url: String, isReached: Bool?) -> [Item] {
        let name = Self.host(of: url)
        guard var host = hosts[name] else { return [] }
        host.active -= 1
        if let isReached { host.failures = isReached ? 0 : host.failures + 1 }
        var dropped: [Item] = []
        if host.failures >= Self.mostFailures {
            dropped = Array(host.waiting)
            host.waiting = []
            count -= dropped.count
        }
        // What is known of hosts that could not be reached stays.
        hosts[name] = host.active == 0 && host.waiting.isEmpty && host.failures == 0 && !host.isReady ? nil : host
        enqueue(name)
        return dropped
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<Index>? { firstRange(of: text) }
}
