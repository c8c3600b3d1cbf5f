internal import Diptych
internal import DiptychSearch
internal import Hummingbird

/// `POST /v1/search`: the items of the store that are nearest to a text, an image, an item, or all of them together.
struct SearchRoutes: RouteGroup {
    let services: Services

    var routes: [Route] { [.post("/v1/search", .read, takes: Body.self, use: respond)] }

    struct Body: BodyFields {
        static let names = [
            "text", "image", "images", "item", "time", "vector", "minus", "k", "filter", "offset", "page", "sort",
            "min_similarity", "only_relevant", "group", "exact", "include_embeddings",
        ]

        let text: String?
        let images: [ImageInput]
        let item: String?
        /// The second of a video, where `item` is one, whose frame is searched for.
        let time: Double?
        let vector: [Float]?
        let minus: [String]
        let filter: String?
        let offset: Int
        let order: ItemOrder
        var options = Searcher.Options()

        init(_ fields: Fields) throws {
            func given(_ text: String?) -> String? { text.flatMap { $0.isBlank ? nil : $0 } }
            text = given(try fields.text("text"))
            let more = try fields.images("images") ?? []
            images = [try fields.image("image")].compactMap { $0 } + more
            item = given(try fields.text("item"))
            time = try fields.number("time", in: 0...1e9).map { Double($0) }
            if time != nil, item == nil {
                throw Problem.badField("time", "'time' needs the video that it is of, as 'item'")
            }
            vector = try fields.numbers("vector")
            minus = (try fields.texts("minus") ?? []).compactMap(given)
            for (name, count) in [("minus", minus.count), ("images", more.count)] {
                guard count <= fields.limits.searchTerms else {
                    throw Problem.badField(
                        name, "'\(name)' has \(count) members; the most are \(fields.limits.searchTerms)")
                }
            }
            guard text != nil || !images.isEmpty || item != nil || vector != nil else {
                throw Problem.badRequest("a search needs 'text', 'image', 'images', 'item' or 'vector'")
            }
            options.limit = try fields.integer("k", in: 1...100_000) ?? 10
            filter = given(try fields.text("filter"))
            offset = try fields.integer("offset", in: 0...100_000) ?? 0
            options.minimumSimilarity = try fields.number("min_similarity", in: -1...1)
            options.onlyRelevant = try fields.flag("only_relevant")
            options.groupsFrom = try fields.number("group", in: -1...1)
            options.isExact = try fields.flag("exact")
            options.includesEmbeddings = try fields.flag("include_embeddings")
            if let page = given(try fields.text("page")) {
                guard let cursor = SearchCursor(page) else {
                    throw Problem.badField(
                        "page", "'page' is not a valid cursor; give what an earlier search called next")
                }
                options.after = cursor
            }
            let sort = try fields.text("sort") ?? ItemOrder.similarity.description
            guard let order = ItemOrder(sort) else {
                throw Problem.badField(
                    "sort",
                    "'sort' must be similarity, date or name, with a dash before it for the reverse, not "
                        + "'\(sort.prefix(60))'")
            }
            self.order = order
        }
    }

    private func respond(_ body: Body, _ request: Request, _ context: ServerContext) async throws -> Response {
        let store = try services.requiredStore()
        let most = context.limits.results
        guard body.options.limit <= most, body.offset <= most else {
            throw Problem.badRequest("'k' and 'offset' are each at most \(most); 'page' goes further")
        }
        var options = body.options
        if let filter = body.filter { options.filter = try await Filter(filter, for: store.store) }
        let model = try await services.models.model()
        let query = SearchQuery(try await terms(of: body, store, model, context))
        if query.isOfUnknownKind {
            // How near is near depends on whether a text or an image was embedded.
            guard !options.onlyRelevant else {
                throw Problem.badField(
                    "only_relevant", "'only_relevant' needs a text, an image or an item beside 'vector'")
            }
            options.ratesMatches = false
        }
        options.limit += body.offset
        let texts = CountedTexts(model)
        let searcher = Searcher(store: store.store, model: model.model, texts: texts), wanted = options
        let embedding = try await searcher.embedding(of: query)
        let results = try await services.stages.measure(.search) {
            try await searcher.search(query, embedding: embedding, wanted)
        }
        let after = options.after
        let hits = body.order.ordered(results).filter { $0.place >= body.offset }.map { place, hit in
            JSON.object(
                [("rank", .int(SearchCursor.position(after: after, place + 1)))]
                    + hit.members(isNamed: true, path: services.shown)
                    + services.links(hit.id, hit.attributes, at: hit.moments.first?.best))
        }
        let size = options.includesEmbeddings ? 400 + 12 * store.store.dimension : 400
        return try await JSON.object(
            [
                ("results", .array(hits)), ("exact", .bool(results.isExact)),
                ("next", results.next.map { .string($0.description) } ?? .null),
            ] + texts.members
        ).response(of: hits.count * size, by: services.work.text)
    }

    private func terms(
        of body: Body, _ store: ServedStore, _ model: ServedModel, _ context: ServerContext
    ) async throws -> [SearchQuery.Term] {
        var terms: [SearchQuery.Term] = []
        if let text = body.text { terms.append(.text(text)) }
        if !body.images.isEmpty {
            let name = body.images.count == 1 ? "image" : "images"
            for row in try await services.loader.embeddings(of: body.images, as: name, by: model, in: context) {
                terms.append(SearchQuery.Term(.embedding(Embedding(values: row)), isOfImage: true))
            }
        }
        if let vector = body.vector {
            let dimension = store.store.dimension
            guard vector.count == dimension else {
                throw Problem.badField(
                    "vector", "'vector' has \(vector.count) numbers; the store's embeddings have \(dimension)")
            }
            guard vector.contains(where: { $0 != 0 }) else {
                throw Problem.badField("vector", "'vector' is all zeros, and has no direction to search in")
            }
            terms.append(SearchQuery.Term(.embedding(Embedding(values: vector))))
        }
        if let item = body.item {
            let item = try await store.item(item)
            if let time = body.time {
                guard item.attributes.kind == .video else {
                    throw Problem.badField("time", "item '\(item.id)' is no video, and has no frame at a time")
                }
                let image = try await services.work.images.run { try store.video(of: item).frame(at: time) }
                terms.append(.image(image))
            } else {
                terms.append(.item(item.id))
            }
        }
        return terms + body.minus.map { .text($0, weight: -1) }
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

    /// Where an item's images are; a text has none. The links change when the image does, so that browsers may keep what they
    /// lead to.
    ///
    /// - Parameter time: the second of a video whose frame is its thumbnail.
    func links(_ id: String, _ attributes: ItemAttributes, at time: Double? = nil) -> [(String, JSON)] {
        guard attributes.kind != .text else { return [] }
        let version = String(Int64(clamping: attributes.modified), radix: 36)
        return [
            (
                "thumbnail",
                .string(
                    "\(basePath)/v1/items/\(id)/thumbnail?v=\(version)" + (time.map { "&time=\($0)" } ?? ""))
            ),
            ("original", .string("\(basePath)/v1/items/\(id)/original")),
        ]
    }
}
