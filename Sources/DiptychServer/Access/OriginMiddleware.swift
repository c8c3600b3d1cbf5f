internal import HTTPTypes
internal import Hummingbird

/// Tells browsers which other sites' pages may use the API (CORS, as the Fetch standard has it), and refuses what pages of
/// others send.
struct OriginMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    let rules: HostRules
    /// Whether the server wants keys.
    let hasKeys: Bool

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin], rules.allows(origin) else {
            try refuseForgery(request, context)
            return try await next(request, context)
        }
        let isQuestion = request.method == .options && request.headers[.accessControlRequestMethod] != nil
        var response: Response
        if isQuestion {
            response = Response(status: .noContent)
        } else {
            do {
                try refuseForgery(request, context)
                response = try await next(request, context)
            } catch {
                // The page may read why.
                guard var problem = Problem.explaining(error) else { throw error }
                problem.headers[.accessControlAllowOrigin] = rules.allowsAll ? "*" : origin
                problem.headers[.vary] = "Origin"
                throw problem
            }
        }
        response.headers[.accessControlAllowOrigin] = rules.allowsAll ? "*" : origin
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        if isQuestion {
            response.headers[.accessControlAllowMethods] = "GET, POST, PATCH, DELETE"
            response.headers[.accessControlAllowHeaders] =
                "Authorization, Content-Type, Last-Event-ID, X-API-Key, X-Request-ID"
            response.headers[.accessControlMaxAge] = "600"
        } else {
            response.headers[.accessControlExposeHeaders] =
                "X-Request-ID, Retry-After, Location, ETag, Content-Disposition, Content-Range, Accept-Ranges"
        }
        return response
    }

    /// Refuses what another site made a browser send: it would come with the cookie, or from within the network.
    ///
    /// What comes with a key in a header is sent by somebody who knows it. Clients that are no browsers say no origin.
    private func refuseForgery(_ request: Request, _ context: ServerContext) throws(Problem) {
        guard !hasKeys || (request.headers[.authorization] == nil && request.headers[.apiKey] == nil) else { return }
        let isChange = ![.get, .head, .options].contains(request.method)
        let usesCookie = hasKeys && request.cookies[AccessMiddleware.cookie] != nil
        guard isChange || usesCookie else { return }
        if let origin = request.headers[.origin] {
            if rules.isOwn(origin, host: context.host, isEncrypted: context.isEncrypted)
                || (!usesCookie && rules.allows(origin))
            {
                return
            }
        } else {
            guard let site = request.headers[.secFetchSite], ["cross-site", "same-site"].contains(site) else { return }
        }
        throw Problem(
            status: .forbidden,
            detail:
                "a page of another origin may not use this server as its visitor; start it with --allow-origin and the "
                + "page's origin to let it")
    }
}

extension HTTPField.Name {
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
    static let resourcePolicy = HTTPField.Name("Cross-Origin-Resource-Policy")!
}
