internal import Diptych
internal import Foundation
internal import Hummingbird

/// What models do with what clients send: embed, compare, classify; and which there are.
struct ModelRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            .post(
                "/similarity", .read, takes: SimilarityRoute.Body.self, use: SimilarityRoute(services: services).respond
            ),
            .post(
                "/v1/embeddings", .read, takes: EmbeddingsRoute.Body.self,
                use: EmbeddingsRoute(services: services).respond),
            .post(
                "/v1/classify", .read, takes: ClassifyRoute.Body.self, use: ClassifyRoute(services: services).respond),
            .get("/v1/models", .read, use: models),
            .get("/v1/models/{id}", .read, use: model),
        ]
    }

    /// `GET /v1/models`, in the shape of OpenAI's API.
    private func models(_ request: Request, _ context: ServerContext) async throws -> Response {
        JSON.object([("object", "list"), ("data", .array(services.models.names.map(Self.model)))]).response()
    }

    /// `GET /v1/models/{id}`.
    private func model(_ request: Request, _ context: ServerContext) async throws -> Response {
        let given = try context.parameters.require("id"), names = services.models.names
        // Names of models may hold what URLs write with percent signs.
        guard let name = [given, given.removingPercentEncoding].compactMap({ $0 }).first(where: names.contains) else {
            throw Problem.noModel(given.removingPercentEncoding ?? given, of: names)
        }
        return Self.model(name).response()
    }

    private static func model(_ name: String) -> JSON {
        .object([("id", .string(name)), ("object", "model"), ("created", .int(0)), ("owned_by", "diptych")])
    }
}
