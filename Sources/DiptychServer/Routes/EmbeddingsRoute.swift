internal import Diptych
internal import Foundation
internal import Hummingbird

/// `POST /v1/embeddings`, in the shape of OpenAI's API, so that its clients work unmodified.
struct EmbeddingsRoute: Sendable {
    let services: Services

    private struct Body: BodyFields {
        enum Input {
            case texts([String])
            case pictures([PictureInput])
        }

        let input: Input
        let count: Int
        let isBase64: Bool
        let model: String?
        let dimensions: Int?

        init(_ fields: Fields) throws {
            try fields.allow(only: "input", "model", "encoding_format", "modality", "dimensions", "user")
            model = try fields.text("model")
            dimensions = try fields.integer("dimensions", in: 1...1 << 20)
            _ = try fields.text("user")
            switch try fields.text("encoding_format") ?? "float" {
            case "float": isBase64 = false
            case "base64": isBase64 = true
            case let other:
                throw Problem.badRequest("'encoding_format' must be float or base64, not '\(other.prefix(60))'")
            }
            switch try fields.text("modality") ?? "text" {
            case "text":
                let texts = try fields.texts("input") ?? []
                if let empty = texts.firstIndex(where: \.isBlank) {
                    throw Problem.badRequest("'input[\(empty)]' is empty")
                }
                input = .texts(texts)
                count = texts.count
            case "image":
                let pictures = try fields.pictures("input") ?? []
                input = .pictures(pictures)
                count = pictures.count
            case let other: throw Problem.badRequest("'modality' must be text or image, not '\(other.prefix(60))'")
            }
            guard count > 0 else { throw Problem.badRequest("'input' must be a text or a list of at least one") }
        }
    }

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let body = try await request.read(Body.self, in: context, by: services.work.text)
        guard body.count <= context.limits.inputs else {
            throw Problem.badRequest("'input' has \(body.count) members; the most are \(context.limits.inputs)")
        }
        let model = try await services.models.model(named: body.model)
        if let wanted = body.dimensions, wanted != model.dimension {
            throw Problem.badRequest(
                "'dimensions' is \(wanted), and the embeddings of '\(model.name)' have \(model.dimension)")
        }
        var tokens = 0
        let rows: [[Float]]
        switch body.input {
        case .texts(let texts):
            let tokenized = try await model.tokenize(texts)
            tokens = tokenized.reduce(0) { $0 + $1.ids.count }
            let embeddings = try await model.embed(tokenized: tokenized)
            rows = (0..<embeddings.count).map { embeddings[$0].values }
        case .pictures(let pictures):
            rows = try await services.loader.embeddings(of: pictures, as: "input", by: model, in: context)
        }
        let data = rows.enumerated().map { index, row in
            JSON.object([
                ("object", "embedding"), ("index", .int(index)),
                ("embedding", body.isBase64 ? .string(Self.base64(row)) : .floats(row)),
            ])
        }
        return try await JSON.object([
            ("object", "list"), ("data", .array(data)), ("model", .string(model.name)),
            ("usage", ["prompt_tokens": .int(tokens), "total_tokens": .int(tokens)]),
        ]).response(of: rows.count * (model.dimension * 12 + 64), by: services.work.text)
    }

    /// Float32, little-endian.
    private static func base64(_ values: [Float]) -> String {
        values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Data($0) }.base64EncodedString()
    }
}
