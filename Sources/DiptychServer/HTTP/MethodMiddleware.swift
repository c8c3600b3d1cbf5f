internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Synchronization

/// The methods of one path, parts in braces standing for any text, and `{...}` at its end for any number of parts.
struct PathMethods: Sendable {
    private let parts: [Substring]
    private let hasRest: Bool
    private let methods: [HTTPRequest.Method]

    init(path: String, methods: [HTTPRequest.Method]) {
        hasRest = path.hasSuffix("/{...}")
        parts = (hasRest ? path.dropLast(6) : path[...]).split(separator: "/")
        self.methods = methods.contains(.get) ? methods + [.head] : methods
    }

    /// The methods where `path` is this one; nil where it is another.
    func methods(of path: [Substring]) -> [HTTPRequest.Method]? {
        guard hasRest ? path.count > parts.count : path.count == parts.count,
            zip(parts, path).allSatisfy({ $0.first == "{" || $0 == $1 })
        else {
            return nil
        }
        return methods
    }
}

/// Answers 405 to a method that a path does not have, whatever its name: the router would say that there is no such path.
final class MethodMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    private let paths = Mutex<[PathMethods]>([])

    /// Learns the paths, once the routes are there.
    func learn(_ known: [PathMethods]) { paths.withLock { $0 = known } }

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let parts = request.uri.path.split(separator: "/")
        let known = paths.withLock { $0 }.lazy.compactMap { $0.methods(of: parts) }.first
        if let known, !known.contains(request.method) {
            throw Problem(
                status: .methodNotAllowed, detail: "this path answers \(known.map(\.rawValue).joined(separator: ", "))",
                headers: [.allow: known.map(\.rawValue).joined(separator: ", ")])
        }
        return try await next(request, context)
    }
}
