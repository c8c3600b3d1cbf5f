internal import HTTPTypes
internal import Hummingbird

/// What a subject (items, search, the server's state) brings to the HTTP API: one type, whose routes the server adds.
///
///     struct LabelRoutes: RouteGroup {
///         let services: Services
///         var routes: [Route] {
///             [
///                 .get("/v1/labels", .read, query: ["after"], use: list),
///                 .post("/v1/labels", .write, takes: NewLabel.self, use: add),
///             ]
///         }
///     }
///
/// The server's list of groups, ``DiptychServer/groups(_:_:)``, has a line for each.
protocol RouteGroup: Sendable {
    /// Its routes, each with all that it takes and who may use it.
    var routes: [Route] { get }
}

/// One method of one path. It says here what its query and its body may hold, and gets nothing else, so that none can pass over
/// what a client misspelt.
struct Route: Sendable {
    typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

    let declaration: RouteDeclaration
    let method: HTTPRequest.Method
    let query: QueryNames
    /// Reads the body, on the given threads where it is large, and answers.
    let respond: @Sendable (Request, ServerContext, BlockingWork) async throws -> Response

    /// A route that reads and takes no body. HEAD comes with it.
    static func get(
        _ path: String, _ access: RouteAccess, query: QueryNames = [], use handler: @escaping Handler
    ) -> Route { Route(.get, path, access, query, handler) }

    /// A route that changes something and takes no body.
    static func post(
        _ path: String, _ access: RouteAccess, query: QueryNames = [], use handler: @escaping Handler
    ) -> Route { Route(.post, path, access, query, handler) }

    /// A route that takes a body with the fields of `body`, and no others.
    static func post<Body: BodyFields>(
        _ path: String, _ access: RouteAccess, query: QueryNames = [], takes body: Body.Type,
        use handler: @escaping @Sendable (Body, Request, ServerContext) async throws -> Response
    ) -> Route {
        Route(.post, path, access, query, fields: Body.names) { request, context, work in
            try await handler(try await request.read(body, in: context, by: work), request, context)
        }
    }

    /// A route that changes what is there, and takes a body with the fields of `body`, and no others.
    static func patch<Body: BodyFields>(
        _ path: String, _ access: RouteAccess, query: QueryNames = [], takes body: Body.Type,
        use handler: @escaping @Sendable (Body, Request, ServerContext) async throws -> Response
    ) -> Route {
        Route(.patch, path, access, query, fields: Body.names) { request, context, work in
            try await handler(try await request.read(body, in: context, by: work), request, context)
        }
    }

    /// A route that removes something and takes no body.
    static func delete(
        _ path: String, _ access: RouteAccess, query: QueryNames = [], use handler: @escaping Handler
    ) -> Route { Route(.delete, path, access, query, handler) }

    private init(
        _ method: HTTPRequest.Method, _ path: String, _ access: RouteAccess, _ query: QueryNames,
        _ handler: @escaping Handler
    ) {
        self.init(method, path, access, query, fields: nil) { request, context, _ in
            try await request.refuseBody(in: context)
            return try await handler(request, context)
        }
    }

    private init(
        _ method: HTTPRequest.Method, _ path: String, _ access: RouteAccess, _ query: QueryNames, fields: [String]?,
        _ respond: @escaping @Sendable (Request, ServerContext, BlockingWork) async throws -> Response
    ) {
        self.method = method
        self.query = query
        self.respond = respond
        declaration = RouteDeclaration(
            method: method.rawValue, path: path, access: access, query: query.names, fields: fields)
    }
}
