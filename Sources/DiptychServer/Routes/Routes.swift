internal import DiptychMedia
internal import HTTPTypes
internal import Hummingbird

/// What routes work with.
struct Services: Sendable {
    let models: ModelPool
    let loader: PictureLoader
    let work: Workers
    let store: ServedStore?
    let thumbnails: Thumbnails
    let stages: Stages
    let metrics: PrometheusRegistry
    let keys: APIKeys?
    let rates: RateLimits
    let reading: PictureOptions
    let limits: RequestLimits
    let queueLimit: Int
    let cacheLimit: Int
    let showsPaths: Bool
    let started = ContinuousClock.now
}

/// Adds routes, and remembers their methods.
struct RouteTable {
    typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

    private let router: Router<ServerContext>
    private let services: Services
    private var methods: [String: [HTTPRequest.Method]] = [:]

    init(_ router: Router<ServerContext>, _ services: Services) {
        self.router = router
        self.services = services
    }

    /// Adds a route that needs `scope`; nil for one that everybody may use.
    mutating func on(
        _ method: HTTPRequest.Method, _ path: String, scope: Scope? = .read, use handler: @escaping Handler
    ) {
        methods[path, default: []].append(method)
        router.group()
            .add(middleware: AccessMiddleware(keys: services.keys, limits: services.rates, scope: scope))
            .on(RouterPath(path), method: method) { request, context in try await handler(request, context) }
    }

    /// Which methods each path has, for ``MethodMiddleware``.
    var paths: [PathMethods] { methods.map { PathMethods(path: $0.key, methods: $0.value) } }
}
