internal import Diptych
internal import Hummingbird

/// `POST /v1/classify`: which of some labels a picture shows.
struct ClassifyRoute: Sendable {
    let services: Services

    private struct Body: BodyFields {
        let picture: PictureInput
        let labels: [String]
        let templates: [String]
        let top: Int?
        let model: String?

        init(_ fields: Fields) throws {
            try fields.allow(only: "image", "labels", "templates", "top", "model")
            guard let picture = try fields.picture("image") else { throw Problem.badRequest("'image' is missing") }
            self.picture = picture
            labels = try fields.texts("labels") ?? []
            guard !labels.isEmpty else { throw Problem.badRequest("'labels' must be a list of at least one") }
            if let empty = labels.firstIndex(where: \.isBlank) {
                throw Problem.badRequest("'labels[\(empty)]' is empty")
            }
            var known: Set<String> = []
            if let twice = labels.first(where: { !known.insert($0).inserted }) {
                throw Problem.badRequest("the label '\(twice.prefix(60))' is given twice; each competes once")
            }
            templates = try fields.texts("templates") ?? []
            if let wrong = templates.first(where: { !$0.contains("{}") }) {
                throw Problem.badRequest("the template '\(wrong.prefix(60))' has no {} where the label goes")
            }
            top = try fields.integer("top", in: 1...100_000)
            model = try fields.text("model")
        }

        var prompts: PromptTemplates { templates.isEmpty ? .none : .custom(templates) }
    }

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let body = try await request.read(Body.self, in: context)
        let sentences = body.labels.count * max(1, body.templates.count)
        guard sentences <= context.limits.inputs * 8 else {
            throw Problem.badRequest(
                "\(body.labels.count) labels in \(body.templates.count) templates are \(sentences) texts; the most are "
                    + "\(context.limits.inputs * 8)")
        }
        let model = try await services.models.model(named: body.model)
        let work = try await services.loader.load(body.picture, as: "image")
        let classifier = try await model.classifier(labels: body.labels, templates: body.prompts)
        let picture = try await model.embed(work)
        let predictions = classifier.predictions(for: picture.embedding, top: body.top)
        return JSON.object([("predictions", .array(predictions.map(\.json)))]).response()
    }
}
