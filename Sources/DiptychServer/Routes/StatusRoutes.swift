internal import CoreMetrics
internal import Diptych
internal import Foundation
internal import Hummingbird
internal import NIOCore

/// How the server is doing: for load balancers, for Prometheus, and for the status page.
struct StatusRoutes: RouteGroup {
    private let services: Services
    private let feed: EventFeed

    init(services: Services) {
        self.services = services
        feed = EventFeed { feed in
            var known: String?
            while !Task.isCancelled {
                let status = try await ServerStatus(services)
                if status.whatCounts != known { feed.send(status.json.text, name: "status") }
                known = status.whatCounts
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    var routes: [Route] {
        [
            .get("/health", .everybody, use: health),
            .get("/ready", .everybody, use: ready),
            .get("/metrics", .read, use: metrics),
            .get("/v1/status", .read) { _, _ in try await ServerStatus(services).json.response() },
            // The same when it changes, at most once a second.
            .events("/v1/status/events", .read, services) { [feed] _ in feed },
        ]
    }

    private func health(_ request: Request, _ context: ServerContext) async throws -> Response {
        JSON.object([("status", "ok"), ("version", .string(DiptychServer.version))]).response()
    }

    private func ready(_ request: Request, _ context: ServerContext) async throws -> Response {
        if let reason = await services.models.readiness() { throw Problem.busy(reason) }
        return JSON.object([("status", "ready")]).response()
    }

    private func metrics(_ request: Request, _ context: ServerContext) async throws -> Response {
        var waiting = QueueCounts()
        for report in await services.models.reports() {
            if let queues = report.queues { waiting = waiting + queues.texts + queues.images }
        }
        let gauges: [(String, Double)] = [
            ("diptych_queue_depth", Double(waiting.waiting)), ("diptych_cache_entries", Double(waiting.kept)),
            ("diptych_requests_active", Double(services.stages.totals.active)),
            ("diptych_event_listeners", Double(services.events.count)),
            ("process_resident_memory_bytes", Double(ResidentMemory.bytes)),
        ]
        services.metrics.makeMeter(label: "diptych_build_info", dimensions: [("version", DiptychServer.version)]).set(
            1.0)
        for (name, value) in gauges { services.metrics.makeMeter(label: name, dimensions: []).set(value) }
        let counters = [("diptych_cache_hits_total", waiting.hits), ("diptych_cache_misses_total", waiting.misses)]
        var text = services.metrics.text
        for (name, value) in counters { text += "# TYPE \(name) counter\n\(name) \(value)\n" }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
