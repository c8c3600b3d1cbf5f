internal import Diptych
internal import DiptychMedia
internal import DiptychVideo
internal import Hummingbird

/// Embeddings and labels of videos.
struct VideoRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            .post("/v1/video/embed", .read, takes: EmbedBody.self, use: embed),
            .post("/v1/video/classify", .read, takes: ClassifyBody.self, use: classify),
        ]
    }

    /// What both take.
    struct Clip: Sendable {
        let video: ImageInput
        let frames: Int?
        let pooling: FramePooling?
        let model: String?

        init(_ fields: Fields) throws {
            guard let video = try fields.image("video") else { throw Problem.missing("video") }
            self.video = video
            frames = try fields.integer("frames", in: 1...64)
            pooling = try fields.text("pooling").map { name in
                guard let pooling = FramePooling(rawValue: name) else {
                    throw Problem.badField("pooling", "'pooling' must be mean or max, not '\(name.prefix(60))'")
                }
                return pooling
            }
            model = try fields.text("model")
        }
    }

    struct EmbedBody: BodyFields {
        static let names = ["video", "frames", "pooling", "model"]
        let clip: Clip

        init(_ fields: Fields) throws { clip = try Clip(fields) }
    }

    struct ClassifyBody: BodyFields {
        static let names = ["video", "labels", "templates", "top", "frames", "pooling", "model"]
        let clip: Clip
        let labels: ClassifyRoute.Labels

        init(_ fields: Fields) throws {
            clip = try Clip(fields)
            labels = try ClassifyRoute.Labels(fields)
        }
    }

    /// `POST /v1/video/embed`.
    private func embed(_ body: EmbedBody, _ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try await services.models.model(named: body.clip.model)
        let (embedding, damage) = try await embedding(of: body.clip, model)
        return JSON.object(
            [("model", .string(model.name)), ("embedding", .floats(embedding.values))] + Self.members(damage)
        ).response()
    }

    /// `POST /v1/video/classify`.
    private func classify(_ body: ClassifyBody, _ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try await services.models.model(named: body.clip.model)
        let texts = CountedTexts(model)
        let classifier = try await texts.classifier(labels: body.labels.labels, templates: body.labels.prompts)
        let (embedding, damage) = try await embedding(of: body.clip, model)
        let predictions = classifier.predictions(for: embedding, top: body.labels.top)
        return try await JSON.object(
            [("predictions", .array(predictions.map(\.json)))] + Self.members(damage) + texts.members
        ).response(of: predictions.reduce(0) { $0 + $1.label.utf8.count + 64 }, by: services.work.text)
    }

    private static func members(_ damage: String?) -> [(String, JSON)] {
        damage.map { [("damage", .string($0))] } ?? []
    }

    private func embedding(of clip: Clip, _ model: ServedModel) async throws -> (Embedding, damage: String?) {
        let work = try await services.loader.load(clip.video, as: "video")
        let embedder = model.model.videoEmbedder(pooling: clip.pooling)
        var choice = ClipChoice(for: embedder)
        if let frames = clip.frames { choice.frames = frames }
        let chosen = choice
        let read = try await services.work.images.run {
            var options = VideoOptions()
            options.timeLimit = .seconds(60)
            options.frameTimeLimit = .seconds(20)
            do {
                return try VideoClip(of: VideoFile(.data(work.bytes, label: "video"), options: options), chosen)
            } catch let error as VideoError {
                throw Problem.badField("video", "'video' cannot be read: \(error.reason)")
            }
        }
        return (try await embedder.embed(clips: [read.images], normalize: true)[0], read.damage)
    }
}
