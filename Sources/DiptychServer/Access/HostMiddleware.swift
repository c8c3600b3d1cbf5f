internal import HTTPTypes
internal import Hummingbird

/// Refuses requests that are not meant for this server, or not what HTTP wants, before anything is done for them.
struct HostMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    let rules: HostRules

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        // The first one is the request's authority; others stay among the headers (RFC 9112, section 3.2).
        guard let name = request.head.authority, !name.isEmpty, request.headers[.host] == nil,
            let host = Authority(name)
        else {
            throw Problem.badRequest("the request needs one header Host, with the name or address of this server")
        }
        guard !context.isForwardedTwice else {
            throw Problem.badRequest(
                "the headers Forwarded and X-Forwarded-For name different clients; the proxy must set one and remove the "
                    + "other")
        }
        // Behind a trusted proxy both count, that which it was asked by and its own: a page that turned its name into this
        // machine's could make up the former.
        let asked = context.forwardedHost ?? host
        if let asked = [host, asked].first(where: { !rules.answers(to: $0) }) {
            throw Problem(
                status: .misdirectedRequest,
                detail: "this server does not answer by the name '\(asked.host.prefix(80))'; start it with "
                    + "--allow-host \(asked.host.prefix(80)) to let it")
        }
        try Self.checkBody(request, context)
        var context = context
        context.host = asked
        return try await next(request, context)
    }

    /// Refuses a body by what its headers say.
    private static func checkBody(_ request: Request, _ context: ServerContext) throws(Problem) {
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw Problem(
                status: .unsupportedMediaType, detail: "the body must come without Content-Encoding",
                headers: [.acceptEncoding: "identity"])
        }
        guard let text = request.headers[.contentLength] else { return }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(text) else {
            throw .badRequest("the header Content-Length is not one number of bytes")
        }
        let limit = context.limits.bodyBytes
        guard length <= limit else {
            throw Problem(
                status: .contentTooLarge, detail: "the body is \(length) bytes; this server takes at most \(limit)")
        }
    }
}

extension HTTPField.Name {
    static let host = HTTPField.Name("Host")!
}

extension HTTPResponse.Status {
    static let misdirectedRequest = HTTPResponse.Status(code: 421, reasonPhrase: "Misdirected Request")
}
