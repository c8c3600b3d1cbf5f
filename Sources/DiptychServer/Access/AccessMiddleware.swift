internal import Logging
internal import HTTPTypes
internal import Hummingbird

/// Lets in who has a key for what they ask, and not too often.
struct AccessMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    /// nil lets everybody do everything.
    let keys: APIKeys?
    let limits: RateLimits
    /// What this group of routes needs; nil for what everybody may see.
    let scope: Scope?

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.identity = try Self.identity(of: request, keys)
        guard let scope else { return try await next(request, context) }
        let caller = context.caller
        guard let identity = context.identity else {
            // Those who guess are slowed down too.
            try limits.count("address \(caller)")
            throw Problem(
                status: .unauthorized,
                detail: "this needs an API key: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'",
                headers: [.wwwAuthenticate: "Bearer"])
        }
        try limits.count(keys == nil ? "address \(caller)" : "key \(identity.name)", own: identity.perMinute)
        guard identity.scopes.contains(scope) else {
            throw Problem(status: .forbidden, detail: "the key '\(identity.name)' is not for \(scope.rawValue)")
        }
        context.logger[metadataKey: "key"] = "\(identity.name)"
        return try await next(request, context)
    }

    /// The cookie in which the page keeps a key.
    static let cookie = "diptych_key"

    /// Who asks; nil for nobody that is known.
    static func identity(of request: Request, _ keys: APIKeys?) throws -> Identity? {
        guard let keys else { return Identity(name: "everybody", scopes: Set(Scope.allCases)) }
        guard let key = key(of: request) else { return nil }
        return keys.identity(of: key)
    }

    private static func key(of request: Request) -> String? {
        if let header = request.headers[.authorization] {
            let words = header.split(separator: " ", maxSplits: 1)
            return words.count == 2 && words[0].lowercased() == "bearer" ? String(words[1]) : nil
        }
        return request.headers[.apiKey] ?? request.cookies[cookie]?.value
    }
}
