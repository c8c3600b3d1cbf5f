internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import Synchronization

/// What every request gets: an identifier, limits, a log line, counts, headers for browsers, and a problem document where it
/// fails.
struct EnvelopeMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    let limits: RequestLimits
    let budget: BodyBudget
    let stages: Stages
    let logger: Logger
    /// The prefix of every path.
    let basePath: String
    /// Whether pages of other origins may use the server.
    let hasOtherOrigins: Bool
    /// What answers do not tell: the folder of the server's own files; nil where they may.
    let hidden: String?
    private static let turns = Atomic(0)

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let begin = ContinuousClock.now
        stages.totals.began()
        var context = context
        context.requestID = Self.identifier(request.headers[.requestID])
        context.limits = limits
        context.share = budget.share()
        context.logger = logger
        context.logger[metadataKey: "request_id"] = "\(context.requestID)"
        var response: Response
        do {
            // Work on other threads goes by turns of requests.
            response = try await RequestTurn.$current.withValue(Self.turns.wrappingAdd(1, ordering: .relaxed).newValue)
            {
                try await next(request, context)
            }
        } catch {
            response = problem(error, context).response(requestID: context.requestID)
        }
        decorate(&response, context)
        let time = ContinuousClock.now - begin
        // The route's pattern, not the path, which may hold what a user typed.
        let path = context.endpointPath ?? "none"
        let route = path.hasPrefix(basePath + "/") ? String(path.dropFirst(basePath.count)) : path
        stages.answered(route, method: request.method.countedName, status: response.status.code, after: time)
        context.logger.info(
            "request",
            metadata: [
                "client": "\(context.caller)", "method": "\(request.method.countedName)", "route": "\(route)",
                "status": "\(response.status.code)",
                "milliseconds": "\((time.inSeconds * 1e5).rounded() / 100)",
                "bytes": "\(response.body.contentLength ?? 0)",
            ])
        return response
    }

    private func problem(_ error: any Error, _ context: ServerContext) -> Problem {
        if var problem = Problem.explaining(error) {
            if let hidden { problem.detail = problem.detail.replacing(hidden + "/", with: "") }
            context.logger.debug("refused", metadata: ["reason": "\(LogText.escaped(problem.detail))"])
            return problem
        }
        if error is CancellationError {
            return Problem(
                status: .init(code: 499, reasonPhrase: "Client Closed Request"), detail: "client disconnected")
        }
        context.logger.error(
            "failed", metadata: ["error": "\(LogText.escaped("\(error)"))", "type": "\(type(of: error))"])
        return Problem(
            status: .internalServerError, detail: "the server failed; its log has the reason under this request_id")
    }

    private func decorate(_ response: inout Response, _ context: ServerContext) {
        var fields = [
            (HTTPField.Name.requestID, context.requestID), (.xContentTypeOptions, "nosniff"),
            (.referrerPolicy, "no-referrer"), (.frameOptions, "DENY"), (.contentSecurityPolicy, Self.policy),
            (.permissionsPolicy, "camera=(), microphone=(), geolocation=()"), (.openerPolicy, "same-origin"),
            (.resourcePolicy, hasOtherOrigins ? "cross-origin" : "same-origin"),
        ]
        if context.isEncrypted { fields.append((.strictTransportSecurity, "max-age=31536000")) }
        if response.headers[.cacheControl] == nil { fields.append((.cacheControl, "no-store")) }
        for (name, value) in fields { response.headers[name] = value }
    }

    /// Nothing from elsewhere, nothing inline.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    /// The client's identifier where it is harmless, else one of our own.
    private static func identifier(_ given: String?) -> String {
        let isHarmless = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        if let given, (1...64).contains(given.utf8.count), given.utf8.allSatisfy(isHarmless) { return given }
        return String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
    }
}

extension HTTPField.Name {
    // Each is a token by RFC 9110, so that none can be nil.
    static let requestID = HTTPField.Name("X-Request-ID")!
    static let frameOptions = HTTPField.Name("X-Frame-Options")!
    static let permissionsPolicy = HTTPField.Name("Permissions-Policy")!
    static let openerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy")!
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    static let apiKey = HTTPField.Name("X-API-Key")!
}
