internal import Diptych
internal import Hummingbird

/// `POST /similarity`: the cosine of a query to each candidate, best first.
struct SimilarityRoute: Sendable {
    let services: Services

    private enum Kind: String { case text, image }

    struct Body: BodyFields {
        static let names = ["query", "candidates", "query_type", "candidate_type", "model"]

        enum Side {
            case texts([String])
            case images([ImageInput])
        }

        let query: Side
        let candidates: Side
        /// What the answer calls the candidates.
        let names: [String]
        let model: String?

        init(_ fields: Fields) throws {
            func kind(_ name: String) throws -> Kind {
                guard let text = try fields.text(name) else { return .text }
                guard let kind = Kind(rawValue: text) else {
                    throw Problem.badRequest("'\(name)' must be text or image, not '\(text.prefix(60))'")
                }
                return kind
            }
            switch try kind("query_type") {
            case .text: query = .texts([try fields.requiredText("query")])
            case .image:
                guard let image = try fields.image("query") else { throw Problem.missing("query") }
                query = .images([image])
            }
            switch try kind("candidate_type") {
            case .text:
                let texts = try fields.texts("candidates") ?? []
                if let empty = texts.firstIndex(where: \.isBlank) {
                    throw Problem.badRequest("'candidates[\(empty)]' is empty")
                }
                candidates = .texts(texts)
                names = texts
            case .image:
                let images = try fields.images("candidates") ?? []
                candidates = .images(images)
                names = images.map { image in
                    switch image {
                    case .url(let url): url
                    case .file(_, let name): name
                    }
                }
            }
            guard !names.isEmpty else { throw Problem.badRequest("'candidates' must be a list of at least one") }
            model = try fields.text("model")
        }
    }

    func respond(_ body: Body, _ request: Request, _ context: ServerContext) async throws -> Response {
        guard body.names.count <= context.limits.inputs else {
            throw Problem.badRequest(
                "'candidates' has \(body.names.count) members; the most are \(context.limits.inputs)")
        }
        let model = try await services.models.model(named: body.model)
        let texts = CountedTexts(model)
        async let query = embeddings(of: body.query, as: "query", texts, model, context)
        async let candidates = embeddings(of: body.candidates, as: "candidates", texts, model, context)
        let similarities = try await query.similarity(to: candidates).values
        // Equal ones stay in the order of the request.
        let ranked = similarities.enumerated().sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }
        let pairs = ranked.map { JSON.array([.string(body.names[$0.offset]), .float($0.element)]) }
        return try await JSON.object([("similarities", .array(pairs))] + texts.members)
            .response(of: body.names.reduce(0) { $0 + $1.utf8.count + 20 }, by: services.work.text)
    }

    private func embeddings(
        of side: Body.Side, as name: String, _ counted: CountedTexts, _ model: ServedModel, _ context: ServerContext
    ) async throws -> Embeddings {
        switch side {
        case .texts(let texts): return try await counted.embed(texts: texts)
        case .images(let images):
            let embedded = try await services.loader.embeddings(of: images, as: name, by: model, in: context)
            return Embeddings(values: embedded.flatMap { $0 }, dimension: model.dimension)
        }
    }
}
