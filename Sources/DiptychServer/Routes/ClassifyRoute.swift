internal import Diptych
internal import Hummingbird

/// `POST /v1/classify`: which of some labels an image shows.
struct ClassifyRoute: Sendable {
    let services: Services

    struct Body: BodyFields {
        static let names = ["image", "labels", "templates", "top", "model"]
        let image: ImageInput
        let labels: Labels
        let model: String?

        init(_ fields: Fields) throws {
            guard let image = try fields.image("image") else { throw Problem.missing("image") }
            self.image = image
            labels = try Labels(fields)
            model = try fields.text("model")
        }
    }

    /// What something is to be compared with.
    struct Labels: Sendable {
        let labels: [String]
        let templates: [String]
        let top: Int?

        init(_ fields: Fields) throws {
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
            try Self.checkSentences(labels, templates, fields.limits)
            top = try fields.integer("top", in: 1...100_000)
        }

        /// Refuses more text than a request may hold, before any of it is made.
        private static func checkSentences(
            _ labels: [String], _ templates: [String], _ limits: RequestLimits
        ) throws(Problem) {
            let sentences = labels.count * max(1, templates.count)
            guard sentences <= limits.inputs * 8 else {
                throw .badRequest(
                    "\(labels.count) labels in \(templates.count) templates are \(sentences) texts; the most are "
                        + "\(limits.inputs * 8)")
            }
            // All within 64 bits: texts are short, and there are thousands at most.
            let (longest, all) = (labels.map(\.utf8.count).max() ?? 0, labels.reduce(0) { $0 + $1.utf8.count })
            var bytes = 0
            for template in templates {
                let places = template.split(separator: "{}", omittingEmptySubsequences: false).count - 1
                let rest = template.utf8.count - 2 * places
                guard rest + places * longest <= limits.textBytes else {
                    throw Problem(
                        status: .contentTooLarge,
                        detail:
                            "the template '\(template.prefix(60))' makes a text of \(rest + places * longest) bytes; "
                            + "the most are \(limits.textBytes)")
                }
                bytes += rest * labels.count + places * all
            }
            guard bytes <= limits.allTextBytes else {
                throw Problem(
                    status: .contentTooLarge,
                    detail:
                        "\(labels.count) labels in \(templates.count) templates are \(bytes) bytes of text; the most "
                        + "are \(limits.allTextBytes)")
            }
        }

        var prompts: PromptTemplates { templates.isEmpty ? .none : .custom(templates) }
    }

    func respond(_ body: Body, _ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try await services.models.model(named: body.model)
        let work = try await services.loader.load(body.image, as: "image")
        let texts = CountedTexts(model)
        let classifier = try await texts.classifier(labels: body.labels.labels, templates: body.labels.prompts)
        let image = try await model.embed(work)
        let predictions = classifier.predictions(for: image.embedding, top: body.labels.top)
        return try await JSON.object([("predictions", .array(predictions.map(\.json)))] + texts.members)
            .response(of: predictions.reduce(0) { $0 + $1.label.utf8.count + 64 }, by: services.work.text)
    }
}
