internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The pages and what belongs to them, from within the program.
struct PageRoutes: Sendable {
    /// A file's type by its ending.
    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml", "json": "application/json",
    ]

    func page(_ name: String) -> RouteTable.Handler {
        { request, _ in try Self.answer(request, name) }
    }

    func asset(_ request: Request, _ context: ServerContext) async throws -> Response {
        try Self.answer(request, try context.parameters.require("name"))
    }

    private static func answer(_ request: Request, _ name: String) throws -> Response {
        guard let bytes = Pages.installed.files[name], let ending = name.split(separator: ".").last,
            let type = types[String(ending)]
        else { throw Problem.notFound("there is no such page") }
        let headers: HTTPFields = [.contentType: type, .cacheControl: "no-cache", .eTag: Pages.installed.tag]
        if request.headers[.ifNoneMatch] == Pages.installed.tag {
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
