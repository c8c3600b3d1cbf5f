internal import Diptych
internal import DiptychSearch
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// `/v1/items` for many items at a time: changing what is said about them, and taking their images home.
struct ItemListRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            .patch("/v1/items", .write, takes: Edits.self, use: edit),
            .post("/v1/items/download", .read, takes: Chosen.self, use: download),
        ]
    }

    // MARK: Changing

    struct Edits: BodyFields {
        static let names = ["items"]
        let edits: [ItemEdit]
        private static let members: Set<String> = ["id", "caption", "attributes", "add_tags", "remove_tags"]
        private static let (mostTags, mostTagBytes) = (100, 1000)

        init(_ fields: Fields) throws {
            guard let objects = try fields.objects("items", most: fields.limits.inputs), !objects.isEmpty else {
                throw Problem.badField("items", "'items' must be a list of at least one")
            }
            var seen: Set<String> = []
            edits = try objects.enumerated().map { place, members in
                let edit = try Self.edit(members, "items[\(place)]")
                guard seen.insert(edit.id).inserted else {
                    throw Problem.badField("items", "'items[\(place)]' is item '\(edit.id)' once more")
                }
                return edit
            }
        }

        private static func edit(
            _ members: [String: AttributeValue], _ name: String
        ) throws(Problem) -> ItemEdit {
            func wrong(_ what: String) -> Problem { .badField("items", "'\(name)' \(what)") }
            if let unknown = members.keys.filter({ !Self.members.contains($0) }).min() {
                throw wrong("has no member '\(unknown.prefix(60))'")
            }
            guard case .text(let id)? = members["id"], id.utf8.count <= 20 else { throw wrong("needs an 'id'") }
            var edit = ItemEdit(id: id)
            switch members["caption"] {
            case nil: break
            case .null: edit.caption = .text(nil)
            case .text(let caption):
                guard caption.utf8.count <= AttributeText.captionByteLimit, !caption.utf8.contains(0) else {
                    throw wrong(
                        "has a caption longer than \(AttributeText.captionByteLimit) bytes, or a zero byte in it")
                }
                edit.caption = .text(caption.isBlank ? nil : caption)
            default: throw wrong("needs 'caption' as a text or null")
            }
            switch members["attributes"] {
            case nil: break
            case .object(let values): edit.attributes = values
            default: throw wrong("needs 'attributes' as an object")
            }
            func tags(_ key: String) throws(Problem) -> [String] {
                guard let value = members[key] else { return [] }
                guard case .list(let values) = value, values.count <= mostTags else {
                    throw wrong("needs '\(key)' as a list of at most \(mostTags) texts")
                }
                var tags: [String] = []
                for value in values {
                    guard case .text(let tag) = value, !tag.isBlank, tag.utf8.count <= mostTagBytes else {
                        throw wrong("needs '\(key)' as texts of 1 to \(mostTagBytes) bytes")
                    }
                    tags.append(tag.trimmingCharacters(in: .whitespacesAndNewlines))
                }
                return tags
            }
            edit.addedTags = try tags("add_tags")
            edit.removedTags = try tags("remove_tags")
            return edit
        }
    }

    private func edit(_ body: Edits, _ request: Request, _ context: ServerContext) async throws -> Response {
        let items = try await services.requiredStore().edit(body.edits)
        return try await JSON.object([("items", .array(items.map { services.json($0) }))])
            .response(of: items.count * 400, by: services.work.text)
    }

    // MARK: Taking home

    struct Chosen: BodyFields {
        static let names = ["ids"]
        let ids: [String]

        init(_ fields: Fields) throws {
            let ids = try fields.texts("ids") ?? []
            guard !ids.isEmpty, ids.count <= fields.limits.inputs else {
                throw Problem.badField("ids", "'ids' must be 1 to \(fields.limits.inputs) ids")
            }
            var seen: Set<String> = []
            self.ids = ids.filter { seen.insert($0).inserted }
        }
    }

    /// The images in a zip file, with `manifest.json` at its end: for each its id, its file, what is said about it and
    /// its labels. One that cannot be read is in the manifest alone, with the reason.
    private func download(_ chosen: Chosen, _ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore()
        let items = try await store.items(chosen.ids)
        let size = items.reduce(0) { $0.saturatingAdding(max(0, $1.attributes.bytes)) }
        guard size <= ZipWriter.mostBytes else {
            throw Problem.badField(
                "ids", "the images have \(size) bytes together; the most of one download are \(ZipWriter.mostBytes)")
        }
        let parts = try await store.store.wholeParts(ofItems: items.map(\.id))
        let (services, limit) = (services, services.reading.maximumBytes)
        let body = ResponseBody { writer in
            var archive = ZipWriter()
            var entries: [JSON] = []
            for (item, part) in zip(items, parts) {
                var members: [(String, JSON)] = [
                    ("id", .string(item.id)), ("path", .string(services.shown(item.path))),
                    ("attributes", item.attributes.json),
                ]
                if let part {
                    members.append(("labels", try await Self.labels(of: part, in: store.store)))
                }
                do {
                    let contents = try await services.thumbnails.reading {
                        try store.original(of: item, maximumBytes: limit)
                    }
                    let name = archive.name(for: item.name, id: item.id)
                    try await writer.write(ByteBuffer(bytes: try archive.entry(name, contents.bytes)))
                    members.insert(("file", .string(name)), at: 1)
                } catch let problem as Problem {
                    members.append(("problem", .string(problem.detail)))
                }
                entries.append(.object(members))
            }
            let manifest = JSON.object([("items", .array(entries))]).text + "\n"
            try await writer.write(ByteBuffer(bytes: try archive.entry("manifest.json", Array(manifest.utf8))))
            try await writer.write(ByteBuffer(bytes: archive.end()))
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/zip", .contentDisposition: "attachment; filename=\"pictures.zip\"",
                .cacheControl: "no-store",
            ], body: body)
    }

    /// What holds for a part, by the task.
    private static func labels(of part: Int64, in store: any VectorStore) async throws -> JSON {
        var last: [String: StoredAnnotation] = [:]
        for one in try await store.annotations(ofPart: part) { last[one.annotation.task] = one }
        return .object(
            last.compactMap { task, one in one.annotation.value.map { (task, $0.json) } }.sorted { $0.0 < $1.0 })
    }
}

extension Int {
    fileprivate func saturatingAdding(_ other: Int) -> Int {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? .max : sum
    }
}

extension Services {
    /// An item as answers give it.
    func json(_ item: StoredItem, _ more: [(String, JSON)] = []) -> JSON {
        .object(
            [
                ("id", .string(item.id)), ("path", .string(shown(item.path))), ("name", .string(item.name)),
                ("attributes", item.attributes.json),
            ]
                + links(item.id, item.attributes) + more)
    }
}
