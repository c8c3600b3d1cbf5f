internal import DiptychMedia
internal import HTTPTypes
internal import Hummingbird

/// What routes work with.
struct Services: Sendable {
    let models: ModelPool
    let loader: ImageLoader
    let work: Workers
    let store: ServedStore?
    let thumbnails: Thumbnails
    let stages: Stages
    let metrics: PrometheusRegistry
    let keys: APIKeys?
    let rates: RateLimits
    let reading: ImageOptions
    let limits: RequestLimits
    let queueLimit: Int
    let cacheLimit: Int
    let showsPaths: Bool
    /// The prefix of every path: empty, or `/name`.
    let basePath: String
    let started = ContinuousClock.now
}

/// Adds routes, and remembers their methods. A route says here what its query and its body may hold; it gets nothing else,
/// so that none can pass over what a client misspelt.
struct RouteTable {
    typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

    private let router: Router<ServerContext>
    private let services: Services
    private var methods: [String: [HTTPRequest.Method]] = [:]

    init(_ router: Router<ServerContext>, _ services: Services) {
        self.router = router
        self.services = services
    }

    /// Adds a route that needs `scope`, nil for one that everybody may use, and takes no body. Whatever its query has besides
    /// `query` is refused.
    mutating func on(
        _ method: HTTPRequest.Method, _ path: String, scope: Scope? = .read, query: QueryNames = [],
        use handler: @escaping Handler
    ) {
        add(method, path, scope: scope, query: query) { request, context in
            try await request.refuseBody(in: context)
            return try await handler(request, context)
        }
    }

    /// Adds a route that takes a body with the fields of `body`, and no others.
    mutating func on<Body: BodyFields>(
        _ method: HTTPRequest.Method, _ path: String, scope: Scope? = .read, query: QueryNames = [],
        takes body: Body.Type, use handler: @escaping @Sendable (Body, Request, ServerContext) async throws -> Response
    ) {
        let work = services.work.text
        add(method, path, scope: scope, query: query) { request, context in
            try await handler(try await request.read(body, in: context, by: work), request, context)
        }
    }

    private mutating func add(
        _ method: HTTPRequest.Method, _ path: String, scope: Scope?, query: QueryNames, use handler: @escaping Handler
    ) {
        let path = services.basePath + path
        methods[path, default: []].append(method)
        router.group()
            .add(middleware: AccessMiddleware(keys: services.keys, limits: services.rates, scope: scope))
            .on(RouterPath(path), method: method) { request, context in
                var context = context
                context.query = try QueryValues(request, known: query)
                return try await handler(request, context)
            }
    }

    /// Which methods each path has, for ``MethodMiddleware``.
    var paths: [PathMethods] { methods.map { PathMethods(path: $0.key, methods: $0.value) } }
}
