internal import Diptych
internal import DiptychMedia
internal import DiptychSearch
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// `/v1/items`: looking at items, adding and removing them.
struct ItemRoutes: Sendable {
    let services: Services

    private struct NewItem: BodyFields {
        let picture: PictureInput
        let caption: String?
        let attributes: [String: AttributeValue]

        init(_ fields: Fields) throws {
            try fields.allow(only: "file", "url", "caption", "attributes")
            let (file, url) = (
                try fields.picture("file"), try fields.anyText("url").map { _ in try fields.picture("url") } ?? nil
            )
            switch (file, url) {
            case (.some(let file), nil): picture = file
            case (nil, .some(let url)): picture = url
            default: throw Problem.badRequest("a new item needs either 'file' or 'url'")
            }
            caption = try fields.anyText("caption").flatMap { $0.isEmpty ? nil : $0 }
            if let caption, caption.utf8.count > AttributeText.captionByteLimit || caption.utf8.contains(0) {
                throw Problem.badRequest(
                    "'caption' is longer than \(AttributeText.captionByteLimit) bytes or holds a zero byte")
            }
            attributes = try fields.attributes("attributes") ?? [:]
            _ = try AttributeText.encode(attributes)
        }
    }

    func list(_ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore()
        let query = try QueryValues(request)
        let limit = try query.integer("limit", in: 1...context.limits.results) ?? 24
        var filter: Filter?
        if let text = query.text("filter"), !text.isBlank { filter = try await Filter(text, for: store.store) }
        let after = query.text("after")
        if let after {
            guard after.utf8.count <= 20, Int64(after) != nil else {
                throw Problem.badRequest("'after' is no item's id; give what an earlier list called next")
            }
        }
        let (items, next) = try await store.items(after: after, limit: limit, filter: filter)
        return try await JSON.object([
            ("items", .array(items.map { json($0) })), ("next", next.map(JSON.string) ?? .null),
        ]).response(of: items.count * 400, by: services.work.text)
    }

    func read(_ request: Request, _ context: ServerContext) async throws -> Response {
        json(try await item(context)).response()
    }

    func add(_ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore()
        let new = try await request.read(NewItem.self, in: context, by: services.work.text)
        let work = try await services.loader.load(new.picture, as: "file")
        let embedded = try await services.models.model().embed(work)
        var source: String?
        if case .url(let url) = new.picture, !url.lowercased().hasPrefix("data:") { source = url }
        let (item, existed) = try await store.add(
            work, embedded, url: source, caption: new.caption, attributes: new.attributes)
        return json(item, [("exists", .bool(existed))]).response(
            status: existed ? .ok : .created, headers: [.location: "/v1/items/\(item.id)"])
    }

    func remove(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try context.parameters.require("id")
        let until = try await services.requiredStore().remove(id)
        return JSON.object([("id", .string(id)), ("restorable_until", .double(until.timeIntervalSince1970))]).response()
    }

    func restore(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try context.parameters.require("id")
        return json(try await services.requiredStore().restore(id)).response()
    }

    func thumbnail(_ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore()
        let side = try QueryValues(request).integer("size", in: 16...1024) ?? 256
        let item = try await item(context)
        let tag = "\"\(item.content.hex.prefix(24))-\(side)\""
        let headers: HTTPFields = [.eTag: tag, .cacheControl: "private, max-age=86400", .contentType: "image/jpeg"]
        if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: headers) }
        let limit = services.reading.maximumBytes
        let bytes = try await services.thumbnails.thumbnail(of: item.content, side: side) {
            try store.original(of: item, maximumBytes: limit)
        }
        // Removed for good while it was made: what was kept just now would stay.
        if try await store.store.items(ids: [item.id]).isEmpty { services.thumbnails.forget(item.content) }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    func original(_ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore()
        let item = try await item(context)
        let limit = services.reading.maximumBytes
        let bytes = try await services.thumbnails.reading { try store.original(of: item, maximumBytes: limit).bytes }
        // A type from its content, never from its name.
        guard let type = PictureFormat(sniffing: bytes) else {
            throw Problem.notFound("the file of item '\(item.id)' is not a picture any more")
        }
        let headers: HTTPFields = [
            .contentType: "image/\(type.rawValue.lowercased())", .cacheControl: "private, max-age=3600",
        ]
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func item(_ context: ServerContext) async throws -> StoredItem {
        try await services.requiredStore().item(try context.parameters.require("id"))
    }

    private func json(_ item: StoredItem, _ more: [(String, JSON)] = []) -> JSON {
        .object(
            [("id", .string(item.id)), ("path", .string(services.shown(item.path)))]
                + [("attributes", item.attributes.json)] + ItemLinks(item.id, item.attributes).members + more)
    }
}
