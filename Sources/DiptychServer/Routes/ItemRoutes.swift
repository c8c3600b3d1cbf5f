internal import Diptych
internal import DiptychMedia
internal import DiptychSearch
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// `/v1/items`: looking at items, adding and removing them.
struct ItemRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            .get("/v1/items", .read, query: ["limit", "after", "filter", "sort"], use: list),
            .post("/v1/items", .write, takes: NewItem.self, use: add),
            .get("/v1/items/{id}", .read, use: read),
            .delete("/v1/items/{id}", .write, use: remove),
            .post("/v1/items/{id}/restore", .write, use: restore),
            // Links carry `v`, so that browsers may keep what they lead to.
            .get("/v1/items/{id}/thumbnail", .read, query: ["size", "v", "time"], use: thumbnail),
            .get("/v1/items/{id}/moments", .read, use: moments),
            .get("/v1/items/{id}/original", .read, use: original),
        ]
    }

    struct NewItem: BodyFields {
        static let names = ["file", "url", "name", "caption", "attributes"]
        let image: ImageInput
        /// What the image is called.
        let name: String?
        let caption: String?
        let attributes: [String: AttributeValue]

        init(_ fields: Fields) throws {
            let (file, url) = (
                try fields.image("file"), try fields.anyText("url").map { _ in try fields.image("url") } ?? nil
            )
            switch (file, url) {
            case (.some(let file), nil): image = file
            case (nil, .some(let url)): image = url
            default: throw Problem.badRequest("a new item needs either 'file' or 'url'")
            }
            var given = try fields.text("name")
            if given == nil, case .file(_, let file) = image { given = file }
            name = given.flatMap(FileName.cleaned)
            caption = try fields.anyText("caption").flatMap { $0.isEmpty ? nil : $0 }
            if let caption, caption.utf8.count > AttributeText.captionByteLimit || caption.utf8.contains(0) {
                throw Problem.badRequest(
                    "'caption' is longer than \(AttributeText.captionByteLimit) bytes or holds a zero byte")
            }
            attributes = try fields.attributes("attributes") ?? [:]
            _ = try AttributeText.encode(attributes)
        }
    }

    private func list(_ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore()
        let query = context.query
        let limit = try query.integer("limit", in: 1...context.limits.results) ?? 24
        var filter: Filter?
        if let text = query.text("filter"), !text.isBlank { filter = try await Filter(text, for: store.store) }
        let after = query.text("after")
        let wrong = Problem.badField(
            "after", "'after' is not a place in this list; give what an earlier one called next")
        let (items, next): ([StoredItem], String?)
        if let sort = query.text("sort") {
            guard let order = ItemOrder(sort), order.key != .similarity else {
                throw Problem.badField(
                    "sort",
                    "'sort' must be date or name, with a dash before it for the reverse, not '\(sort.prefix(60))'")
            }
            let cursor = try after.map { text in
                guard let cursor = ItemCursor(text, in: order) else { throw wrong }
                return cursor
            }
            (items, next) = try await store.items(in: order, after: cursor, limit: limit, filter: filter)
        } else {
            if let after, after.utf8.count > 20 || Int64(after) == nil { throw wrong }
            (items, next) = try await store.items(after: after, limit: limit, filter: filter)
        }
        return try await JSON.object([
            ("items", .array(items.map { services.json($0) })), ("next", next.map(JSON.string) ?? .null),
        ]).response(of: items.count * 400, by: services.work.text)
    }

    private func read(_ request: Request, _ context: ServerContext) async throws -> Response {
        services.json(try await item(context)).response()
    }

    private func add(_ new: NewItem, _ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore()
        let work = try await services.loader.load(new.image, as: "file")
        if let type = VideoContent(sniffing: work.bytes) { return try await add(video: work, type, new) }
        let embedded = try await services.models.model().embed(work)
        var source: String?
        if case .url(let url) = new.image, !url.lowercased().hasPrefix("data:") { source = url }
        let (item, existed) = try await store.add(
            work, embedded, url: source, name: new.name, caption: new.caption, attributes: new.attributes)
        return services.json(item, [("exists", .bool(existed))]).response(
            status: existed ? .ok : .created, headers: [.location: "\(services.basePath)/v1/items/\(item.id)"])
    }

    private func add(video work: ImageWork, _ type: VideoContent, _ new: NewItem) async throws -> Response {
        var source: String?
        if case .url(let url) = new.image, !url.lowercased().hasPrefix("data:") { source = url }
        var attributes = new.attributes
        if let name = new.name ?? source, attributes[ItemAttributes.originalName] == nil {
            attributes[ItemAttributes.originalName] = .text(name)
        }
        let (item, existed) = try await services.requiredStore().add(
            video: work, type, by: try await services.models.model().model, caption: new.caption,
            attributes: attributes)
        return services.json(item, [("exists", .bool(existed))]).response(
            status: existed ? .ok : .created, headers: [.location: "\(services.basePath)/v1/items/\(item.id)"])
    }

    private func remove(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try context.parameters.require("id")
        let until = try await services.requiredStore().remove(id)
        return JSON.object([("id", .string(id)), ("restorable_until", .double(until.timeIntervalSince1970))]).response()
    }

    private func restore(_ request: Request, _ context: ServerContext) async throws -> Response {
        let id = try context.parameters.require("id")
        return services.json(try await services.requiredStore().restore(id)).response()
    }

    private func thumbnail(_ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore()
        let side = try context.query.integer("size", in: 16...1024) ?? 256
        let item = try await item(context)
        let isVideo = item.attributes.kind == .video
        let time = try context.query.number("time", in: 0...1e9) ?? 0
        let tag = "\"\(item.content.hex.prefix(24))-\(side)\(isVideo ? "-\(time)" : "")\""
        let headers: HTTPFields = [.cacheControl: "private, max-age=86400", .contentType: "image/jpeg"]
        // What is kept need not be made.
        if Representation.isKept(tag, by: request) {
            return Representation([], tag: tag, headers: headers).response(to: request)
        }
        if isVideo {
            let frame = try await services.thumbnails.frame(of: item.content, at: time, side: side) {
                try store.video(of: item).frame(at: time)
            }
            return Representation(frame, tag: tag, headers: headers).response(to: request)
        }
        let limit = services.reading.maximumBytes
        let bytes = try await services.thumbnails.thumbnail(of: item.content, side: side) {
            try store.original(of: item, maximumBytes: limit)
        }
        // Removed for good while it was made: what was kept just now would stay.
        if try await store.store.items(ids: [item.id]).isEmpty { services.thumbnails.forget(item.content) }
        return Representation(bytes, tag: tag, headers: headers).response(to: request)
    }

    private func original(_ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore()
        let item = try await item(context)
        if item.attributes.kind == .video {
            let video = try await services.thumbnails.reading { try store.video(of: item) }
            return try video.response(to: request, name: item.name)
        }
        let limit = services.reading.maximumBytes
        let (bytes, tag) = try await services.thumbnails.reading {
            let contents = try store.original(of: item, maximumBytes: limit)
            return (contents.bytes, "\"\(contents.hash.hex)\"")
        }
        // A type from its content, never from its name.
        guard let type = ImageFormat(sniffing: bytes) else {
            throw Problem.notFound("the file of item '\(item.id)' is not an image any more")
        }
        let headers: HTTPFields = [
            .contentType: "image/\(type.rawValue.lowercased())", .cacheControl: "private, max-age=3600",
            .contentDisposition: FileName.disposition(item.name),
        ]
        return try Representation(bytes, tag: tag, headers: headers).partialResponse(to: request)
    }

    /// The moments of a video, in the order of their times; none of anything else.
    private func moments(_ request: Request, _ context: ServerContext) async throws -> Response {
        let item = try await item(context)
        let parts = try await services.requiredStore().store.parts(of: item.id)
        var moments: [(start: Double, json: JSON)] = []
        for case .moment(let start, let end, let best, true) in parts.map(\.part) {
            moments.append(
                (start, .object(SearchHit.Moment(start: start, end: end, best: best, similarity: 0).members)))
        }
        moments.sort { $0.start < $1.start }
        return try await JSON.object([("moments", .array(moments.map(\.json)))])
            .response(of: moments.count * 60, by: services.work.text)
    }

    private func item(_ context: ServerContext) async throws -> StoredItem {
        try await services.requiredStore().item(try context.parameters.require("id"))
    }
}
