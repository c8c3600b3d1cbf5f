internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The pages and what belongs to them, from within the program.
struct PageRoutes: Sendable {
    let pages: Pages

    /// A file's type by its ending.
    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml", "json": "application/json",
    ]

    func page(_ name: String) -> RouteTable.Handler {
        { request, _ in try answer(request, name) }
    }

    func asset(_ request: Request, _ context: ServerContext) async throws -> Response {
        try answer(request, try context.parameters.require("name"))
    }

    private func answer(_ request: Request, _ name: String) throws -> Response {
        guard let bytes = pages.files[name], let ending = name.split(separator: ".").last,
            let type = Self.types[String(ending)]
        else { throw Problem.notFound("there is no such page") }
        let headers: HTTPFields = [.contentType: type, .cacheControl: "no-cache", .eTag: pages.tag]
        if request.headers[.ifNoneMatch] == pages.tag {
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
