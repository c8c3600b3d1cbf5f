internal import CoreMetrics
internal import Diptych
internal import DiptychSearch
internal import Foundation
internal import Hummingbird
internal import NIOCore

/// How the server is doing: for load balancers, for Prometheus, for the status page, and for clients.
struct StatusRoutes: Sendable {
    let services: Services

    func health(_ request: Request, _ context: ServerContext) async throws -> Response {
        JSON.object([("status", "ok")]).response()
    }

    func ready(_ request: Request, _ context: ServerContext) async throws -> Response {
        if let reason = await services.models.readiness() { throw Problem.busy(reason) }
        return JSON.object([("status", "ready")]).response()
    }

    func metrics(_ request: Request, _ context: ServerContext) async throws -> Response {
        var waiting = QueueCounts()
        for report in await services.models.reports() {
            if let queues = report.queues { waiting = waiting + queues.texts + queues.images }
        }
        let gauges: [(String, Double)] = [
            ("diptych_queue_depth", Double(waiting.waiting)), ("diptych_cache_entries", Double(waiting.kept)),
            ("diptych_requests_active", Double(services.stages.totals.active)),
            ("process_resident_memory_bytes", Double(ResidentMemory.bytes)),
        ]
        for (name, value) in gauges { services.metrics.makeMeter(label: name, dimensions: []).set(value) }
        let counters = [("diptych_cache_hits_total", waiting.hits), ("diptych_cache_misses_total", waiting.misses)]
        var text = services.metrics.text
        for (name, value) in counters { text += "# TYPE \(name) counter\n\(name) \(value)\n" }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    func status(_ request: Request, _ context: ServerContext) async throws -> Response {
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
        return JSON.object([
            ("version", .string(DiptychServer.version)),
            ("uptime", .double((ContinuousClock.now - services.started).inSeconds)), ("models", .array(models)),
            ("store", try await store()),
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
            ("memory", ["resident": .int(ResidentMemory.bytes)]),
        ]).response()
    }

    /// `GET /v1/models`, in the shape of OpenAI's API.
    func models(_ request: Request, _ context: ServerContext) async throws -> Response {
        JSON.object([("object", "list"), ("data", .array(services.models.names.map(Self.model)))]).response()
    }

    /// `GET /v1/models/{id}`.
    func model(_ request: Request, _ context: ServerContext) async throws -> Response {
        let given = try context.parameters.require("id"), names = services.models.names
        // Names of models may hold what URLs write with percent signs.
        guard let name = [given, given.removingPercentEncoding].compactMap({ $0 }).first(where: names.contains) else {
            throw Problem.noModel(given.removingPercentEncoding ?? given, of: names)
        }
        return Self.model(name).response()
    }

    private static func model(_ name: String) -> JSON {
        .object([("id", .string(name)), ("object", "model"), ("created", .int(0)), ("owned_by", "diptych")])
    }

    private func store() async throws -> JSON {
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
