internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The pages and what belongs to them, from within the program.
struct PageRoutes: RouteGroup {
    let pages: Pages
    /// The prefix of every path.
    let basePath: String

    var routes: [Route] {
        Page.all.map { page in .get(page.path, .everybody, query: page.query, use: document(of: page)) }
            + [
                .get("/assets/{path...}", .everybody, use: asset),
                .get("/openapi.json", .everybody, use: specification),
            ]
    }

    /// The types of what pages link to, by the endings of their names.
    private static let types = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
        "json": "application/json",
    ]

    /// What it links to is relative to its path, so it is at that one only.
    private func document(of page: Page) -> Route.Handler {
        let place = basePath + page.path
        return { request, _ in
            guard request.uri.path == place else {
                let query = request.uri.query.map { "?" + $0 } ?? ""
                return Response(status: .permanentRedirect, headers: [.location: place + query])
            }
            return try answer(request, pages.documents[page.name], "text/html; charset=utf-8")
        }
    }

    /// A file in the folder of a page, or of all pages.
    private func asset(_ request: Request, _ context: ServerContext) async throws -> Response {
        let path = context.parameters.getCatchAll(), ending = path.last?.split(separator: ".").last
        guard path.count > 1, let ending, let type = Self.types[String(ending)] else { throw Self.missing }
        return try answer(request, pages.files[path.joined(separator: "/")], type)
    }

    /// The specification, with the path of this server.
    private func specification(_ request: Request, _ context: ServerContext) async throws -> Response {
        var bytes = pages.files["openapi.json"]
        if !basePath.isEmpty, let plain = bytes {
            let text = String(decoding: plain, as: UTF8.self)
                .replacing(#""url": "/""#, with: "\"url\": \"\(basePath)/\"", maxReplacements: 1)
            bytes = Array(text.utf8)
        }
        return try answer(request, bytes, "application/json")
    }

    private func answer(_ request: Request, _ bytes: [UInt8]?, _ type: String) throws -> Response {
        guard let bytes else { throw Self.missing }
        return Representation(bytes, tag: pages.tag, headers: [.contentType: type, .cacheControl: "no-cache"])
            .response(to: request)
    }

    private static let missing = Problem.notFound("there is no such page")
}
