internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The pages and what belongs to them, from within the program.
struct PageRoutes: Sendable {
    let pages: Pages
    /// The prefix of every path.
    let basePath: String

    /// What the page keeps in its address, see `state.js`.
    static let query = QueryNames(["q", "minus", "filter", "like", "relevant", "item"], repeated: ["minus"])

    /// A file's type by its ending.
    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml", "json": "application/json",
    ]

    /// A page. What it links to is relative to its path, so it is at that one only.
    func page(_ name: String, at path: String) -> RouteTable.Handler {
        let place = basePath + path
        return { request, _ in
            guard request.uri.path == place else {
                let query = request.uri.query.map { "?" + $0 } ?? ""
                return Response(status: .permanentRedirect, headers: [.location: place + query])
            }
            return try answer(request, name)
        }
    }

    /// The specification, with the path of this server.
    func specification(_ request: Request, _ context: ServerContext) async throws -> Response {
        guard !basePath.isEmpty, let bytes = pages.files["openapi.json"] else {
            return try answer(request, "openapi.json")
        }
        let text = String(decoding: bytes, as: UTF8.self)
            .replacing(#""url": "/""#, with: "\"url\": \"\(basePath)/\"", maxReplacements: 1)
        return Representation(
            Array(text.utf8), tag: pages.tag, headers: [.contentType: "application/json", .cacheControl: "no-cache"]
        ).response(to: request)
    }

    func asset(_ request: Request, _ context: ServerContext) async throws -> Response {
        try answer(request, try context.parameters.require("name"))
    }

    private func answer(_ request: Request, _ name: String) throws -> Response {
        guard let bytes = pages.files[name], let ending = name.split(separator: ".").last,
            let type = Self.types[String(ending)]
        else { throw Problem.notFound("there is no such page") }
        return Representation(bytes, tag: pages.tag, headers: [.contentType: type, .cacheControl: "no-cache"])
            .response(to: request)
    }
}
