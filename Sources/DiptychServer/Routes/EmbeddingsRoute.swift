internal import Diptych
internal import DiptychTokenizers
internal import Foundation
internal import Hummingbird

/// `POST /v1/embeddings`, in the shape of OpenAI's API, so that its clients work unmodified.
struct EmbeddingsRoute: Sendable {
    let services: Services

    struct Body: BodyFields {
        /// Fields of OpenAI's API that change nothing here.
        static let ignored = ["user"]
        static let names = ["input", "model", "encoding_format", "modality", "dimensions"] + ignored

        enum Input {
            case texts([String])
            case tokens([[Int]])
            case images([ImageInput])

            var count: Int {
                switch self {
                case .texts(let texts): texts.count
                case .tokens(let lists): lists.count
                case .images(let images): images.count
                }
            }
        }

        let input: Input
        let isBase64: Bool
        let model: String?
        let dimensions: Int?

        init(_ fields: Fields) throws {
            model = try fields.text("model")
            dimensions = try fields.integer("dimensions", in: 1...1 << 20)
            for name in Self.ignored { _ = try fields.text(name) }
            switch try fields.text("encoding_format") ?? "float" {
            case "float": isBase64 = false
            case "base64": isBase64 = true
            case let other:
                throw Problem.badField(
                    "encoding_format", "'encoding_format' must be float or base64, not '\(other.prefix(60))'")
            }
            switch try fields.text("modality") ?? "text" {
            case "text": input = try fields.tokens("input").map(Input.tokens) ?? Self.texts(fields)
            case "image": input = .images(try fields.images("input") ?? [])
            case let other:
                throw Problem.badField("modality", "'modality' must be text or image, not '\(other.prefix(60))'")
            }
            guard input.count > 0 else {
                throw Problem.badField(
                    "input", "'input' must be a text, a list of token ids, or a list of at least one of these")
            }
            guard input.count <= fields.limits.inputs else {
                throw Problem.badField(
                    "input", "'input' has \(input.count) members; the most are \(fields.limits.inputs)")
            }
        }

        /// White space is a text, as OpenAI has it; nothing at all is none.
        private static func texts(_ fields: Fields) throws -> Input {
            let texts = try fields.texts("input") ?? []
            if let empty = texts.firstIndex(where: \.isEmpty) {
                let name = texts.count == 1 ? "input" : "input[\(empty)]"
                throw Problem.badField("input", "'\(name)' is an empty text")
            }
            return .texts(texts)
        }
    }

    func respond(_ body: Body, _ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try await services.models.model(named: body.model)
        if let wanted = body.dimensions, wanted != model.dimension {
            throw Problem.badField(
                "dimensions",
                "'dimensions' is \(wanted), and the embeddings of '\(model.name)' have \(model.dimension)")
        }
        var texts: [TokenizedText] = []
        let rows: [[Float]]
        switch body.input {
        case .texts(let given): texts = try await model.tokenize(given)
        case .tokens(let lists): texts = try model.tokenized(lists, as: "input")
        case .images: break
        }
        if case .images(let images) = body.input {
            rows = try await services.loader.embeddings(of: images, as: "input", by: model, in: context)
        } else {
            let embeddings = try await model.embed(tokenized: texts)
            rows = (0..<embeddings.count).map { embeddings[$0].values }
        }
        let data = rows.enumerated().map { index, row in
            var members: [(String, JSON)] = [
                ("object", "embedding"), ("index", .int(index)),
                ("embedding", body.isBase64 ? .string(Self.base64(row)) : .floats(row)),
            ]
            if texts.indices.contains(index), texts[index].truncated > 0 {
                members.append(("truncated", .int(texts[index].truncated)))
            }
            return JSON.object(members)
        }
        let tokens = JSON.int(texts.reduce(0) { $0 + $1.ids.count })
        return try await JSON.object([
            ("object", "list"), ("data", .array(data)), ("model", .string(model.name)),
            ("usage", ["prompt_tokens": tokens, "total_tokens": tokens]),
        ]).response(of: rows.count * (model.dimension * 12 + 64), by: services.work.text)
    }

    /// Float32, little-endian.
    private static func base64(_ values: [Float]) -> String {
        values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Data($0) }.base64EncodedString()
    }
}
