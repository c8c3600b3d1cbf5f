internal import CoreMetrics
internal import Synchronization
internal import Tracing

/// Where the time of requests goes.
final class Stages: Sendable {
    /// A part of the way from a request to its answer.
    enum Stage: String, CaseIterable, Sendable {
        case queue, fetch, decode, encode, search

        /// The name of its spans.
        fileprivate var span: String { "diptych.\(rawValue)" }
    }

    /// What a pass is over.
    enum Tower: String, CaseIterable, Sendable {
        case texts, images
    }

    private let timers: [Stage: Metrics]
    private let batches: [Tower: Recorder]
    private let factory: any MetricsFactory
    private let routes = Mutex<[String: LatencyWindow]>([:])
    let totals = Totals()

    private struct Metrics: Sendable {
        let timer: CoreMetrics.Timer
        let window: LatencyWindow
    }

    /// Counts into `factory`.
    init(factory: any MetricsFactory) {
        self.factory = factory
        timers = Dictionary(
            uniqueKeysWithValues: Stage.allCases.map { stage in
                let timer = CoreMetrics.Timer(
                    label: "diptych_stage_seconds", dimensions: [("stage", stage.rawValue)], factory: factory)
                return (stage, Metrics(timer: timer, window: LatencyWindow()))
            })
        batches = Dictionary(
            uniqueKeysWithValues: Tower.allCases.map { tower in
                let recorder = Recorder(
                    label: "diptych_batch_size", dimensions: [("of", tower.rawValue)], aggregate: true, factory: factory
                )
                return (tower, recorder)
            })
    }

    /// Notes how long a stage took.
    func record(_ stage: Stage, _ time: Duration) {
        timers[stage]?.timer.recordNanoseconds(time.inNanoseconds)
        timers[stage]?.window.record(time)
    }

    /// Notes a stage that ran from `begin` to `end`, as a span too.
    func record(_ stage: Stage, from begin: ContinuousClock.Instant, to end: ContinuousClock.Instant) {
        record(stage, end - begin)
        // Spans are told in the time of day.
        let (now, today) = (ContinuousClock.now, DefaultTracerClock.now.nanosecondsSinceEpoch)
        func time(_ instant: ContinuousClock.Instant) -> DefaultTracerClock.Timestamp {
            .init(nanosecondsSinceEpoch: today - UInt64(max(0, (now - instant).inNanoseconds)))
        }
        startSpan(stage.span, at: time(begin)).end(at: time(end))
    }

    /// Runs a stage in a span of its own, and notes how long it took.
    func measure<T>(
        _ stage: Stage, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> T
    ) async rethrows -> T {
        let begin = ContinuousClock.now
        defer { record(stage, .now - begin) }
        return try await withSpan(stage.span) { _ in try await body() }
    }

    /// Notes the size of a pass.
    func count(_ tower: Tower, _ size: Int) { batches[tower]?.record(size) }

    /// Notes a request that was answered.
    func answered(_ route: String, method: String, status: Int, after time: Duration) {
        CoreMetrics.Counter(
            label: "diptych_requests_total",
            dimensions: [("route", route), ("method", method), ("status", String(status))], factory: factory
        ).increment()
        CoreMetrics.Timer(label: "diptych_request_seconds", dimensions: [("route", route)], factory: factory)
            .recordNanoseconds(time.inNanoseconds)
        let window = routes.withLock { routes in
            if let known = routes[route] { return known }
            let new = LatencyWindow()
            routes[route] = new
            return new
        }
        window.record(time)
        totals.answered(status: status)
    }

    /// The last minute, by stage.
    var stageSummaries: [(String, LatencyWindow.Summary)] {
        Stage.allCases.compactMap { stage in timers[stage].map { (stage.rawValue, $0.window.summary) } }
    }

    /// The last minute, by route.
    var routeSummaries: [(String, LatencyWindow.Summary)] {
        routes.withLock { $0 }.map { ($0.key, $0.value.summary) }.sorted { $0.0 < $1.0 }
    }
}

/// How many requests there were.
final class Totals: Sendable {
    private let all = Atomic(0)
    private let failed = Atomic(0)
    private let running = Atomic(0)

    /// Requests that were answered.
    var answered: Int { all.load(ordering: .relaxed) }
    /// Those of them that failed by a fault of the server.
    var failures: Int { failed.load(ordering: .relaxed) }
    /// Requests that are being answered.
    var active: Int { running.load(ordering: .relaxed) }

    /// A request came.
    func began() { running.wrappingAdd(1, ordering: .relaxed) }

    /// A request was answered.
    fileprivate func answered(status: Int) {
        running.wrappingSubtract(1, ordering: .relaxed)
        all.wrappingAdd(1, ordering: .relaxed)
        if status >= 500 { failed.wrappingAdd(1, ordering: .relaxed) }
    }
}
