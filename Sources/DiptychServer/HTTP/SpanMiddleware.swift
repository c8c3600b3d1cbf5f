internal import HTTPTypes
internal import Hummingbird
internal import Tracing

/// A span for each request, below the one that its client says it belongs to.
///
/// Its attributes are those of OpenTelemetry's conventions for HTTP that tell nothing a user typed: paths and queries, which
/// Hummingbird's own middleware would record, may hold ids, filters and texts.
struct SpanMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var place = ServiceContext.current ?? .topLevel
        InstrumentationSystem.instrument.extract(request.headers, into: &place, using: Fields())
        let method = request.method.countedName
        return try await withSpan(method, context: place, ofKind: .server) { span in
            let response = try await next(request, context)
            if let route = context.endpointPath {
                span.operationName = "\(method) \(route)"
                span.attributes["http.route"] = route
            }
            span.attributes["http.request.method"] = method
            span.attributes["http.response.status_code"] = response.status.code
            if response.status.code >= 500 { span.setStatus(.init(code: .error)) }
            return response
        }
    }

    private struct Fields: Extractor {
        func extract(key: String, from fields: HTTPFields) -> String? {
            HTTPField.Name(key).flatMap { fields[$0] }
        }
    }
}

extension HTTPRequest.Method {
    /// The method's name, of those that are known, so that nobody fills counts and traces with others.
    var countedName: String {
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .options, .patch]
        return known.contains(self) ? rawValue : "other"
    }
}
