internal import HummingbirdCore
internal import DiptychBasics
internal import DiptychMedia
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdTLS
public import Logging
internal import NIOCore
internal import NIOSSL
public import ServiceLifecycle

/// The HTTP API and the pages over models and a store.
///
///     let server = try DiptychServer(ServerOptions(models: [source]), logger: logger)
///     try await ServiceGroup(services: [server], gracefulShutdownSignals: [.sigterm], logger: logger).run()
public struct DiptychServer: Service {
    /// The version that answers carry.
    public static let version = DiptychVersion.number

    private let options: ServerOptions
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void
    private let services: Services
    private let routes: RouteTable
    private let connections: Connections
    private let certificates: Certificates?

    /// Prepares a server; nothing is loaded or listened to before ``run()``.
    ///
    /// - Parameters:
    ///   - logger: gets a line for each request, without what users asked.
    ///   - onListening: told when connections are accepted; models may still be loading.
    /// - Throws: ``ServerError`` when the options contradict each other.
    public init(
        _ options: ServerOptions, logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws {
        self.options = options
        self.logger = logger
        self.onListening = onListening
        let registry = PrometheusRegistry(help: Self.help)
        let stages = Stages(factory: registry)
        let work = Workers()
        guard options.basePath.isEmpty || ServerOptions.isBasePath(options.basePath) else {
            throw ServerError("the base path '\(options.basePath)' must be like /diptych, without a slash at its end")
        }
        connections = Connections(
            mostPerAddress: options.connectionsPerAddress, uncounted: options.trustedProxies)
        certificates = try options.certificate.map { try Certificates(chain: $0.chain, key: $0.key, logger: logger) }
        let thumbnails = Thumbnails(folder: options.folder, threads: 2, stages: stages)
        services = Services(
            models: try ModelPool(
                options.models, batches: options.batches, reading: options.reading, stages: stages,
                work: work, idleLimit: options.modelIdleLimit, logger: logger),
            loader: ImageLoader(fetch: options.fetch, reading: options.reading, stages: stages, work: work),
            work: work,
            store: options.store.map {
                ServedStore($0, folder: options.folder, undoTime: options.undoTime, thumbnails: thumbnails)
            }, labels: options.store.map { LabelDesk($0, options) }, thumbnails: thumbnails, stages: stages,
            metrics: registry,
            events: EventStreams(
                EventLimits(
                    listeners: options.eventListeners, heartbeat: options.eventHeartbeat, slowest: .seconds(10))),
            keys: options.keys, rates: RateLimits(perMinute: options.requestsPerMinute),
            reading: options.reading, limits: options.limits, queueLimit: options.batches.waiting,
            cacheLimit: options.batches.kept, showsPaths: options.showsPaths, basePath: options.basePath)
        routes = try RouteTable(Self.groups(services, try Pages(Pages.installed ?? options.pages)))
    }

    /// What each subject brings: a line for each.
    private static func groups(_ services: Services, _ pages: Pages) -> [any RouteGroup] {
        [
            ModelRoutes(services: services),
            SearchRoutes(services: services),
            ItemRoutes(services: services),
            ItemListRoutes(services: services),
            MapRoutes(services: services, threads: max(1, ProcessInfo.processInfo.activeProcessorCount / 2)),
            LabelRoutes(services: services),
            TileRoutes(services: services),
            VideoRoutes(services: services),
            StatusRoutes(services: services),
            SessionRoutes(services: services),
            PageRoutes(pages: pages, basePath: services.basePath),
        ]
    }

    /// What the routes take, and who may use them.
    package var declaredRoutes: [RouteDeclaration] { routes.declarations }

    private static let help = [
        "diptych_build_info": "The version that runs; always 1.",
        "diptych_requests_total": "Requests answered, by route, method and status.",
        "diptych_request_seconds": "Time from a request's head to its answer, by route.",
        "diptych_stage_seconds": "Time of the stages of requests: queue, fetch, decode, encode, search.",
        "diptych_batch_size": "Inputs that shared a forward pass.",
        "diptych_queue_depth": "Inputs that wait for a forward pass.",
        "diptych_cache_entries": "Embeddings that are kept.",
        "diptych_requests_active": "Requests being answered.",
        "diptych_event_listeners": "Streams of events that are open.",
        "process_resident_memory_bytes": "Memory that the process holds.",
    ]

    /// Serves until the task is cancelled or a graceful shutdown begins; then finishes what was accepted.
    ///
    /// - Throws: ``ServerError`` where it cannot listen; what loading a model throws.
    public func run() async throws {
        let onListening = onListening
        var application = Application(
            router: router(), server: try builder(),
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port), serverName: "diptych",
                availableConnectionsDelegate: .maximum(options.connections, logger: quiet)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) }, logger: quiet)
        application.addServices(services.models)
        if let store = services.store { application.addServices(Purging(store: store, logger: logger)) }
        let (connections, events, time) = (connections, services.events, options.shutdownTime)
        do {
            try await withGracefulShutdownHandler {
                try await application.run()
            } onGracefulShutdown: {
                // These would go on for ever.
                events.close()
                // Whoever sends half a request, or reads no answer, does not keep the server from ending.
                Task.detached {
                    try? await Task.sleep(for: time)
                    connections.closeAll()
                }
            }
        } catch let error as IOError {
            throw ServerError(
                "cannot listen at \(options.host) port \(options.port): \(String(cString: strerror(error.errnoCode)))")
        }
    }

    /// For what Hummingbird itself says, which is about connections.
    private var quiet: Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }

    /// Reads certificates again, now rather than when their files are seen to have changed.
    public func reload() { certificates?.reload() }

    private func builder() throws -> HTTPServerBuilder {
        let connections = connections
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [ContinueHandler(), StreamHeadHandler(), ConnectionWatch(connections)],
                idleTimeout: .nanoseconds(options.idleTimeout.inNanoseconds)))
        guard let certificates else { return plain }
        return try .tls(plain, tlsConfiguration: certificates.configuration())
    }

    private func router() -> Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        let isEncrypted = options.certificate != nil
        let rules = HostRules(options)
        let methods = MethodMiddleware()
        router.addMiddleware {
            ForwardedMiddleware(trusted: options.trustedProxies, isEncrypted: isEncrypted)
            SpanMiddleware()
            EnvelopeMiddleware(
                limits: options.limits, budget: BodyBudget(bytes: options.limits.allBodyBytes),
                stages: services.stages, logger: logger, basePath: options.basePath,
                hasOtherOrigins: rules.allowsOthers, hidden: options.showsPaths ? nil : options.folder?.path)
            HostMiddleware(rules: rules)
            OriginMiddleware(rules: rules, hasKeys: options.keys != nil)
            methods
            DeadlineMiddleware()
            CompressionMiddleware(work: services.work.text)
        }
        routes.add(to: router, services)
        methods.learn(routes.paths(below: services.basePath))
        return router
    }
}
