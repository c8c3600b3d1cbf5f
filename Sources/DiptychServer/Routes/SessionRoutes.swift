internal import DiptychSearch
internal import Diptych
internal import HTTPTypes
internal import Hummingbird

/// `/v1/session`: what the page may do, and the cookie in which it keeps a key.
struct SessionRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            .get("/v1/session", .everybody, use: read),
            .post("/v1/session", .everybody, takes: Body.self, use: begin),
            .delete("/v1/session", .everybody, use: end),
        ]
    }

    struct Body: BodyFields {
        static let names = ["key"]
        let key: String

        init(_ fields: Fields) throws {
            key = try fields.requiredText("key")
        }
    }

    private func read(_ request: Request, _ context: ServerContext) async throws -> Response {
        try await answer(try AccessMiddleware.identity(of: request, services.keys)).response()
    }

    private func begin(_ body: Body, _ request: Request, _ context: ServerContext) async throws -> Response {
        // Guessing costs as much as any other request.
        try services.rates.count(
            "address \(context.caller)", own: services.keys == nil ? nil : 30)
        let key = body.key
        guard let keys = services.keys else {
            return try await answer(AccessMiddleware.identity(of: request, nil)).response()
        }
        guard let identity = keys.identity(of: key) else {
            throw Problem(status: .unauthorized, detail: "invalid API key")
        }
        var response = try await answer(identity).response()
        response.setCookie(cookie(key, age: 30 * 86400, context))
        return response
    }

    private func end(_ request: Request, _ context: ServerContext) async throws -> Response {
        var response = try await answer(services.keys == nil ? AccessMiddleware.identity(of: request, nil) : nil)
            .response()
        response.setCookie(cookie("", age: 0, context))
        return response
    }

    /// Scripts cannot read it, and no other site's page makes a browser send it.
    private func cookie(_ value: String, age: Int, _ context: ServerContext) -> Cookie {
        Cookie(
            name: AccessMiddleware.cookie, value: value, maxAge: age, path: services.basePath + "/",
            secure: context.isEncrypted, httpOnly: true, sameSite: .strict)
    }

    private func answer(_ identity: Identity?) async throws -> JSON {
        var store = JSON.null
        if identity != nil, let served = services.store?.store {
            let info = try await served.info()
            store = ["name": .string(info.name(of: served)), "count": .int(info.count)]
        }
        let scopes = Scope.allCases.filter { identity?.scopes.contains($0) ?? false }
        return [
            "key_required": .bool(services.keys != nil), "scopes": .array(scopes.map { .string($0.rawValue) }),
            "name": services.keys == nil ? .null : identity.map { .string($0.name) } ?? .null, "store": store,
            "model": .string(services.models.defaultName), "version": .string(DiptychServer.version),
        ]
    }
}
