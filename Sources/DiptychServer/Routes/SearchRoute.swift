internal import Diptych
internal import DiptychSearch
internal import Hummingbird

/// `POST /v1/search`: the items of the store that are nearest to a text, a picture, an item, or all of them together.
struct SearchRoute: Sendable {
    let services: Services

    private struct Body: BodyFields {
        let text: String?
        let picture: PictureInput?
        let item: String?
        let minus: [String]
        let filter: String?
        let offset: Int
        var options = Searcher.Options()

        init(_ fields: Fields) throws {
            try fields.allow(
                only: "text", "image", "item", "minus", "k", "filter", "offset", "page", "min_similarity",
                "only_relevant", "group", "exact")
            func given(_ text: String?) -> String? { text.flatMap { $0.isBlank ? nil : $0 } }
            text = given(try fields.text("text"))
            picture = try fields.picture("image")
            item = given(try fields.text("item"))
            minus = (try fields.texts("minus") ?? []).compactMap(given)
            guard minus.count <= fields.limits.minusTexts else {
                throw Problem.badRequest("'minus' has \(minus.count) texts; the most are \(fields.limits.minusTexts)")
            }
            guard text != nil || picture != nil || item != nil else {
                throw Problem.badRequest("a search needs 'text', 'image' or 'item'")
            }
            options.limit = try fields.integer("k", in: 1...100_000) ?? 10
            filter = given(try fields.text("filter"))
            offset = try fields.integer("offset", in: 0...100_000) ?? 0
            options.minimumSimilarity = try fields.number("min_similarity", in: -1...1)
            options.onlyRelevant = try fields.flag("only_relevant")
            options.groupsFrom = try fields.number("group", in: -1...1)
            options.isExact = try fields.flag("exact")
            if let page = given(try fields.text("page")) {
                guard let cursor = SearchCursor(page) else {
                    throw Problem.badRequest("'page' is not a valid cursor; give what an earlier search called next")
                }
                options.after = cursor
            }
        }
    }

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let body = try await request.read(Body.self, in: context, by: services.work.text)
        let store = try services.requiredStore()
        let most = context.limits.results
        guard body.options.limit <= most, body.offset <= most else {
            throw Problem.badRequest("'k' and 'offset' are each at most \(most); 'page' goes further")
        }
        var options = body.options
        if let filter = body.filter { options.filter = try await Filter(filter, for: store.store) }
        let model = try await services.models.model()
        var terms: [SearchQuery.Term] = []
        if let text = body.text { terms.append(.text(text)) }
        if let picture = body.picture {
            let work = try await services.loader.load(picture, as: "image")
            terms.append(SearchQuery.Term(.embedding(try await model.embed(work).embedding)))
        }
        if let item = body.item { terms.append(.item(try await store.item(item).id)) }
        terms += body.minus.map { .text($0, weight: -1) }
        options.limit += body.offset
        let searcher = Searcher(store: store.store, model: model.model, texts: model)
        let query = SearchQuery(terms), wanted = options
        let embedding = try await searcher.embedding(of: query)
        let results = try await services.stages.measure(.search) {
            try await searcher.search(query, embedding: embedding, wanted)
        }
        let after = options.after
        let hits = results.enumerated().dropFirst(body.offset).map { index, hit in
            JSON.object(
                [("rank", .int(SearchCursor.position(after: after, index + 1)))] + hit.members(path: services.shown)
                    + ItemLinks(hit.id, hit.attributes).members)
        }
        return try await JSON.object([
            ("results", .array(hits)), ("exact", .bool(results.isExact)),
            ("next", results.next.map { .string($0.description) } ?? .null),
        ]).response(of: hits.count * 400, by: services.work.text)
    }
}

extension Services {
    /// What answers say of where an item lies: its URL, or the name of its file. The folders above it are the server's own
    /// affair, unless it was told to show them.
    func shown(_ path: String) -> String {
        guard !showsPaths, path.hasPrefix("/") else { return path }
        return path.split(separator: "/").last.map(String.init) ?? path
    }

    /// The store.
    ///
    /// - Throws: ``Problem``, 404, where the server has none.
    func requiredStore() throws -> ServedStore {
        guard let store else {
            throw Problem.notFound("this server has no store; start it with --store DIR, made by `diptych index`")
        }
        return store
    }
}

/// Where an item's pictures are.
struct ItemLinks {
    let members: [(String, JSON)]

    /// The links change when the picture does, so that browsers may keep what they lead to.
    init(_ id: String, _ attributes: ItemAttributes) {
        let version = String(Int64(clamping: attributes.modified), radix: 36)
        members = [
            ("thumbnail", .string("/v1/items/\(id)/thumbnail?v=\(version)")),
            ("original", .string("/v1/items/\(id)/original")),
        ]
    }
}
