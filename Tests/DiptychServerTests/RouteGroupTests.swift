import DiptychServer
import DiptychTestSupport
import Foundation
import Logging
import Testing

/// What groups declare: mistakes are found before the server runs, and the specification says the same.
@Suite struct RouteGroupTests {
    typealias Declared = RouteDeclaration

    private static func route(
        _ method: String, _ path: String, query: [String] = [], fields: [String]? = nil
    ) -> Declared {
        Declared(method: method, path: path, access: .read, query: query, fields: fields)
    }

    private static func server() throws -> DiptychServer {
        let source = ModelSource(name: "tiny") { try await TinyModel.load() }
        return try DiptychServer(ServerOptions(models: [source]), logger: Logger(label: "test"))
    }

    @Test func routesThatAreDeclaredTwiceAreFound() throws {
        let first = [Self.route("GET", "/v1/labels"), Self.route("GET", "/v1/labels/{id}")]
        try Declared.check([("First", first), ("Second", [Self.route("POST", "/v1/labels", fields: ["name"])])])
        // A literal part beside a placeholder is another path; a placeholder of another name is none.
        try Declared.check([("First", first), ("Second", [Self.route("GET", "/v1/labels/events")])])
        for path in ["/v1/labels", "/v1/labels/{name}"] {
            let error = #expect(throws: ServerError.self) {
                try Declared.check([("First", first), ("Second", [Self.route("GET", path)])])
            }
            #expect(error?.description == "Second, GET \(path): is declared twice, also by First")
        }
        #expect(throws: ServerError.self) { try Declared.check([("First", first + first)]) }
        let other = Self.route("GET", "/v1/labels/{name}/items")
        let named = #expect(throws: ServerError.self) { try Declared.check([("First", first + [other])]) }
        #expect(named?.description == "First, GET /v1/labels/{name}/items: calls {name} what another route calls {id}")
        #expect(throws: ServerError("Empty declares no routes")) { try Declared.check([("Empty", [])]) }
    }

    @Test(arguments: [
        ("GET", "v1"), ("GET", ""), ("GET", "/v1/"), ("GET", "//v1"), ("GET", "/v1/a b"), ("GET", "/v1/{}"),
        ("GET", "/v1/{a"),
        ("GET", "/v1/{a}b"), ("GET", "/v1/*"), ("GET", "/v1/**"), ("GET", "/v1/:a"), ("GET", "/v1/{a}/{a}"),
        ("GET", "/v1/{a...}/b"), ("GET", "/v1/a}"), ("HEAD", "/v1"), ("OPTIONS", "/v1"), ("get", "/v1"),
    ])
    func wrongRoutesAreFound(method: String, path: String) {
        let error = #expect(throws: ServerError.self) { try Declared.check([("Group", [Self.route(method, path)])]) }
        #expect(error?.description.hasPrefix("Group, \(method) \(path): ") == true)
    }

    @Test func wrongNamesAreFound() throws {
        for route in [
            Self.route("GET", "/v1", fields: ["a"]), Self.route("GET", "/v1", query: ["a", "b", "a"]),
            Self.route("POST", "/v1", fields: ["a", "a"]),
        ] {
            #expect(throws: ServerError.self) { try Declared.check([("Group", [route])]) }
        }
        try Declared.check([
            ("Group", [Self.route("POST", "/a/{b}/{rest...}", query: ["a", "b"], fields: ["a", "b"])])
        ])
    }

    /// The specification and the groups name the same routes, query parameters, fields, and rights.
    @Test func theSpecificationSaysWhatGroupsDeclare() async throws {
        let declared = try Self.server().declaredRoutes
        let specification = try await RunningServer.run { try await $0.get("/openapi.json") }.json
        let paths = try #require(specification["paths"] as? [String: [String: [String: Any]]])
        let pages = Set(Page.all.map(\.path)).union(["/assets/{path...}", "/openapi.json"])
        var left = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
        for route in declared where !pages.contains(route.path) {
            let title = "\(route.method) \(route.path)"
            #expect(left.remove(title) != nil, "\(title) is not in the specification")
            let operation = try #require(paths[route.path]?[route.method.lowercased()])
            let parameters = operation["parameters"] as? [[String: Any]] ?? []
            func names(_ place: String) -> Set<String> {
                Set(parameters.filter { $0["in"] as? String == place }.compactMap { $0["name"] as? String })
            }
            #expect(names("query") == Set(route.query), "\(title)")
            #expect(names("path") == Set(route.path.matches(of: /\{(\w+)\}/).map { String($0.1) }), "\(title)")
            let content = (operation["requestBody"] as? [String: Any])?["content"] as? [String: [String: Any]]
            let schema = content?["application/json"]?["schema"] as? [String: Any]
            let members = (schema?["properties"] as? [String: Any])?.keys.sorted()
            #expect(members == route.fields?.sorted(), "\(title)")
            #expect((operation["security"] as? [Any])?.isEmpty ?? false == (route.access == .everybody), "\(title)")
        }
        #expect(left == [], "no group declares these")
    }

    /// Nothing but what is declared for everybody is answered without a key, and what changes something needs the right to.
    @Test func everyRouteAsksForItsScope() async throws {
        let directory = try TemporaryDirectory()
        let reader = try APIKeys.make(name: "reader", scopes: [.read])
        let path = try directory.write(Array((reader.line + "\n").utf8), to: "keys.txt")
        let keys = try APIKeys(file: path)
        let declared = try Self.server().declaredRoutes
        try await RunningServer.run(images: 0, change: { $0.keys = keys }) { server in
            for route in declared {
                let path = route.path.replacing("{id}", with: "1").replacing("{path...}", with: "shared/style.css")
                let answer = try await server.send(
                    route.method, path, body: route.fields == nil ? nil : Data("{}".utf8),
                    headers: ["Content-Type": "application/json"])
                #expect((answer.status == 401) == (route.access != .everybody), "\(path)")
                guard route.access == .write else { continue }
                let refused = try await server.send(
                    route.method, path, body: route.fields == nil ? nil : Data("{}".utf8),
                    headers: ["Content-Type": "application/json", "X-API-Key": reader.key])
                #expect(refused.status == 403, "\(path)")
            }
        }
    }

    @Test func everyPathSaysItsMethods() async throws {
        let declared = try Self.server().declaredRoutes
        try await RunningServer.run(images: 1) { server in
            for (path, routes) in Dictionary(grouping: declared, by: \.path) {
                let place = path.replacing("{id}", with: "1").replacing("{path...}", with: "shared/style.css")
                let answer = try await server.send("PUT", place)
                let wanted = Set(routes.map(\.method)).union(routes.contains { $0.method == "GET" } ? ["HEAD"] : [])
                let allowed = answer.headers["allow"]?.split(separator: ",").map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
                #expect(answer.status == 405 && Set(allowed ?? []) == wanted, "\(place): \(answer.status)")
                guard wanted.contains("HEAD") else { continue }
                let head = try await server.send("HEAD", place)
                #expect(head.status != 405 && head.body.isEmpty, "\(place)")
            }
        }
    }
}
