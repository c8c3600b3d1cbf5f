import DiptychServer
import Foundation
import Testing

/// Who may do what, and how often.
@Suite struct AccessTests {
    private static func keys(
        _ directory: String, onTrouble: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> (keys: APIKeys, reader: String, writer: String, path: String) {
        let reader = try APIKeys.make(name: "reader", scopes: [.read])
        let writer = try APIKeys.make(name: "writer", scopes: [.read, .write], perMinute: 10_000)
        let path = directory + "/keys.txt"
        try "# keys\n\n\(reader.line)\n\(writer.line)\n".write(toFile: path, atomically: true, encoding: .utf8)
        return (try APIKeys(file: path, onTrouble: onTrouble), reader.key, writer.key, path)
    }

    private static func bearer(_ key: String) -> [String: String] { ["Authorization": "Bearer \(key)"] }

    @Test func keysAndScopes() async throws {
        let folder = NSTemporaryDirectory() + "diptych-keys-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (keys, reader, writer, path) = try Self.keys(folder)
        try await RunningServer.run(images: 1, change: { $0.keys = keys }) { server in
            let body: [String: Any] = ["input": "a cat"]
            let without = try await server.post("/v1/embeddings", body)
            #expect(without.status == 401 && without.headers["www-authenticate"] == "Bearer")
            #expect(try without.problem.contains("API key"))
            for wrong in ["", "x", reader + "x", String(reader.dropLast())] {
                #expect(try await server.post("/v1/embeddings", body, headers: Self.bearer(wrong)).status == 401)
            }
            #expect(try await server.post("/v1/embeddings", body, headers: Self.bearer(reader)).status == 200)
            #expect(try await server.post("/v1/embeddings", body, headers: ["X-API-Key": reader]).status == 200)
            let item = ["url": dataURI(try drawn(9))]
            let refused = try await server.post("/v1/items", item, headers: Self.bearer(reader))
            #expect(refused.status == 403)
            #expect(try refused.problem.contains("'reader' is not for write"))
            #expect(try await server.post("/v1/items", item, headers: Self.bearer(writer)).status == 201)
            // What load balancers and browsers ask first needs none.
            for path in ["/health", "/ready", "/", "/openapi.json", "/v1/session"] {
                #expect(try await server.get(path).status != 401, "\(path)")
            }
            let nobody = try await server.get("/v1/session").json
            #expect(nobody["key_required"] as? Bool == true && (nobody["scopes"] as? [String])?.isEmpty == true)
            #expect(nobody["store"] is NSNull)

            // The page's cookie.
            #expect(try await server.post("/v1/session", ["key": "wrong"]).status == 401)
            let session = try await server.post("/v1/session", ["key": reader])
            #expect(try session.json["scopes"] as? [String] == ["read"])
            let cookie = try #require(session.headers["set-cookie"])
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
            let pair = String(cookie.prefix { $0 != ";" })
            #expect(try await server.post("/v1/search", ["text": "a"], headers: ["Cookie": pair]).status == 200)
            for other in [
                ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"], ["Origin": "https://a.example"],
                ["Origin": "null"], ["Origin": "http://127.0.0.1:\(server.port + 1)"],
                ["Origin": "https://127.0.0.1:\(server.port)"], ["Origin": "http://localhost:\(server.port)"],
            ] {
                let cookie = ["Cookie": pair].merging(other) { $1 }
                #expect(try await server.post("/v1/search", ["text": "a"], headers: cookie).status == 403, "\(other)")
                // Whoever has the key itself may send it from anywhere.
                let key = Self.bearer(reader).merging(other) { $1 }
                #expect(try await server.post("/v1/search", ["text": "a"], headers: key).status == 200, "\(other)")
            }
            let own = ["Cookie": pair, "Origin": "http://127.0.0.1:\(server.port)", "Sec-Fetch-Site": "same-origin"]
            #expect(try await server.post("/v1/search", ["text": "a"], headers: own).status == 200)
            // A page of another origin gets no look either.
            let look = ["Cookie": pair, "Origin": "http://localhost:3000"]
            #expect(try await server.get("/v1/items", headers: look).status == 403)

            // A key that is taken out of the file is a key no more, and a broken file changes nothing.
            let line = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").last.map(String.init)
            try await Task.sleep(for: .milliseconds(1100))
            try #require(line).write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try await server.post("/v1/embeddings", body, headers: Self.bearer(reader)).status == 401)
            try await Task.sleep(for: .milliseconds(1100))
            try "nonsense".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try await server.post("/v1/embeddings", body, headers: Self.bearer(writer)).status == 200)
        }
    }

    @Test(arguments: [
        ("", "holds no key"), ("a b", "line 1"), ("a read zz", "SHA-256"),
        ("a fly \(String(repeating: "0", count: 64))", "scopes"),
        ("a read \(String(repeating: "0", count: 64)) none", "requests a minute"),
        ("a/b read \(String(repeating: "0", count: 64))", "name"),
    ])
    func wrongFilesAreRefused(text: String, reason: String) throws {
        let path = NSTemporaryDirectory() + "diptych-keys-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: ServerError.self) { try APIKeys(file: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: ServerError.self) { try APIKeys(file: path) }
        #expect(error?.description.contains(reason) == true && error?.description.contains(path) == true)
    }

    @Test func ratesAreLimited() async throws {
        try await RunningServer.run(change: { $0.requestsPerMinute = 5 }) { server in
            var answers: [RunningServer.Answer] = []
            for _ in 0..<7 { answers.append(try await server.post("/v1/embeddings", ["input": "a"])) }
            #expect(answers.map(\.status) == [200, 200, 200, 200, 200, 429, 429])
            let seconds = try #require(answers.last?.headers["retry-after"].flatMap { Int($0) })
            #expect((1...12).contains(seconds))
            #expect(try answers[6].problem.contains("5 requests a minute"))
            #expect(try await server.get("/health").status == 200)
        }
    }

    @Test func originsAreAListOfTheirOwn() async throws {
        try await RunningServer.run(change: { $0.origins = ["https://a.example"] }) { server in
            let question = ["Origin": "https://a.example", "Access-Control-Request-Method": "POST"]
            let allowed = try await server.send("OPTIONS", "/v1/search", headers: question)
            #expect(allowed.status == 204 && allowed.headers["access-control-allow-origin"] == "https://a.example")
            #expect(allowed.headers["access-control-allow-headers"]?.contains("Authorization") == true)
            let other = try await server.get("/health", headers: ["Origin": "https://b.example"])
            #expect(other.status == 200 && other.headers["access-control-allow-origin"] == nil)
            let same = try await server.get("/health", headers: ["Origin": "https://a.example"])
            #expect(same.headers["access-control-allow-origin"] == "https://a.example")
            let vary = same.headers["vary"]?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(Set(vary ?? []) == ["Origin", "Accept-Encoding"])
        }
    }
}
