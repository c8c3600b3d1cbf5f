internal import HTTPTypes
internal import Hummingbird

/// Tells browsers which other sites' pages may use the API (CORS, as the Fetch standard has it).
struct OriginMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    /// The origins, such as `https://example.org`; `*` for all.
    let origins: Set<String>

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin], origins.contains(origin) || origins.contains("*") else {
            return try await next(request, context)
        }
        let isQuestion = request.method == .options && request.headers[.accessControlRequestMethod] != nil
        var response = isQuestion ? Response(status: .noContent) : try await next(request, context)
        response.headers[.accessControlAllowOrigin] = origins.contains("*") ? "*" : origin
        response.headers[.vary] = "Origin"
        if isQuestion {
            response.headers[.accessControlAllowMethods] = "GET, POST, DELETE"
            response.headers[.accessControlAllowHeaders] = "Authorization, Content-Type, X-API-Key, X-Request-ID"
            response.headers[.accessControlMaxAge] = "600"
        } else {
            response.headers[.accessControlExposeHeaders] = "X-Request-ID, Retry-After, Location"
        }
        return response
    }
}
