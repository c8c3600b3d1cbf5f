internal import Diptych
internal import DiptychSearch

/// How the server is doing at one moment.
struct ServerStatus: Sendable {
    private let members: [(String, JSON)]
    private let uptime: Double
    private let memory: Int

    /// Asks everything for its figures.
    ///
    /// - Throws: what the store throws.
    init(_ services: Services) async throws {
        var (texts, images) = (QueueCounts(), QueueCounts())
        var models: [JSON] = []
        for report in await services.models.reports() {
            var members: [(String, JSON)] = [
                ("name", .string(report.name)), ("state", .string(report.status.rawValue)),
            ]
            if let dimension = report.dimension { members.append(("dimension", .int(dimension))) }
            if let engine = report.engine {
                members += [("precision", .string(engine.precision.rawValue)), ("threads", .int(engine.threads))]
            }
            models.append(.object(members))
            if let queues = report.queues {
                texts = texts + queues.texts
                images = images + queues.images
            }
        }
        let totals = services.stages.totals
        let both = texts + images
        uptime = (ContinuousClock.now - services.started).inSeconds
        memory = ResidentMemory.bytes
        members = [
            ("models", .array(models)), ("store", try await Self.store(services)),
            (
                "requests",
                ["total": .int(totals.answered), "active": .int(totals.active), "failed": .int(totals.failures)]
            ),
            ("latency", .object(services.stages.routeSummaries.map { ($0.0, $0.1.json) })),
            ("stages", .object(services.stages.stageSummaries.map { ($0.0, $0.1.json) })),
            (
                "queue",
                [
                    "texts": .int(texts.waiting), "pictures": .int(images.waiting),
                    "limit": .int(services.queueLimit),
                ]
            ),
            ("batches", ["texts": texts.batchJSON, "pictures": images.batchJSON]),
            (
                "cache",
                [
                    "hits": .int(both.hits), "misses": .int(both.misses), "entries": .int(both.kept),
                    "limit": .int(services.cacheLimit),
                ]
            ),
            ("events", ["listeners": .int(services.events.count), "limit": .int(services.events.limit)]),
        ]
    }

    /// As the API tells it.
    var json: JSON {
        .object(
            [("version", .string(DiptychServer.version)), ("uptime", .double(uptime))] + members
                + [("memory", ["resident": .int(memory)])])
    }

    /// What is the same as long as nothing happens: without the time, and memory in steps of 1 MiB.
    var whatCounts: String { JSON.object(members + [("memory", .int(memory >> 20))]).text }

    private static func store(_ services: Services) async throws -> JSON {
        guard let store = services.store?.store else { return .null }
        let info = try await store.info()
        return ["name": .string(info.name(of: store)), "count": .int(info.count), "bytes": .int(info.bytes)]
    }
}

extension StoreInfo {
    /// What pages call the store: the last part of its path, which tells nothing of the machine.
    func name(of store: any VectorStore) -> String {
        store.name.split(separator: "/").last.map(String.init) ?? store.name
    }
}

extension LatencyWindow.Summary {
    fileprivate var json: JSON {
        ["count": .int(count), "p50": .double(p50), "p90": .double(p90), "p99": .double(p99)]
    }
}

extension QueueCounts {
    fileprivate var batchJSON: JSON {
        ["count": .int(batches), "mean": .double(batches > 0 ? Double(inputs) / Double(batches) : 0)]
    }
}
