internal import HTTPTypes
internal import Hummingbird

/// The routes of all groups.
struct RouteTable: Sendable {
    private let routes: [Route]

    /// Collects the routes of `groups`.
    ///
    /// - Throws: ``ServerError`` where two are the same, or one is wrong.
    init(_ groups: [any RouteGroup]) throws(ServerError) {
        let all = groups.map { (name: String(describing: type(of: $0)), routes: $0.routes) }
        try RouteDeclaration.check(all.map { ($0.name, $0.routes.map(\.declaration)) })
        routes = all.flatMap(\.routes)
    }

    /// What each route takes.
    var declarations: [RouteDeclaration] { routes.map(\.declaration) }

    /// Adds the routes to a router, below the base path.
    func add(to router: Router<ServerContext>, _ services: Services) {
        let work = services.work.text
        for route in routes {
            let access = AccessMiddleware(
                keys: services.keys, limits: services.rates, scope: route.declaration.access.scope)
            router.group().add(middleware: access)
                .on(RouterPath(services.basePath + Self.routerPath(route)), method: route.method) { request, context in
                    var context = context
                    context.query = try QueryValues(request, known: route.query)
                    return try await route.respond(request, context, work)
                }
        }
    }

    /// The path as the router writes it.
    private static func routerPath(_ route: Route) -> String {
        let path = route.declaration.path
        guard path.hasSuffix("...}"), let slash = path.lastIndex(of: "/") else { return path }
        return path[...slash] + "**"
    }

    /// Which methods each path has below `basePath`, for ``MethodMiddleware``; paths without placeholders come first, as for
    /// the router.
    func paths(below basePath: String) -> [PathMethods] {
        Dictionary(grouping: routes, by: \.declaration.shape)
            .sorted { ($0.key.count(where: { $0 == "{" }), $0.key) < ($1.key.count(where: { $0 == "{" }), $1.key) }
            .map { PathMethods(path: basePath + $0.key, methods: $0.value.map(\.method)) }
    }
}
