import Diptych
import DiptychServer
import DiptychTestSupport
import Foundation
import Testing

/// What a route takes is declared where it is added; all else is refused, and said in two shapes.
@Suite struct RequestNameTests {
    @Test func unknownAndDoubledNames() async throws {
        try await RunningServer.run(images: 2) { server in
            for path in [
                "/v1/items?limt=3", "/health?limt=3", "/?limt=3", "/assets/search/page.js?limt=3", "/v1/items/1?limt",
            ] {
                let answer = try await server.get(path)
                #expect(
                    try answer.status == 400 && answer.problem.contains("unknown query parameter 'limt'"), "\(path)")
                #expect(try answer.json["field"] as? String == "limt")
            }
            #expect(try await server.get("/v1/items?limit=1&limit=1").problem.contains("more than once"))
            let restore = try await server.post("/v1/items/1/restore", ["caption": "a"])
            #expect(try restore.problem == "unknown field 'caption'; this request takes none")
            let body = Data(#"{"text": "a", "te\u0078t": "b"}"#.utf8)
            let twice = try await server.send(
                "POST", "/v1/search", body: body, headers: ["Content-Type": "application/json"])
            #expect(try twice.problem == "the field 'text' is given twice")
            // What the router cannot find, and what is no method, says so first.
            #expect(try await server.get("/nothing?limt=3").status == 404)
            #expect(try await server.send("PUT", "/v1/search?limt=3").status == 405)
        }
    }

    @Test func codesForClientsOfOpenAI() async throws {
        try await RunningServer.run { server in
            let wrong: [(String, [String: Any], Int, String, String?)] = [
                ("/v1/embeddings", ["input": "a", "model": "none"], 404, "model_not_found", "model"),
                ("/v1/embeddings", ["input": "a", "dimensions": 1], 400, "invalid_value", "dimensions"),
                ("/v1/embeddings", ["input": "a", "dimension": 1], 400, "unknown_parameter", "dimension"),
                ("/v1/embeddings", ["input": [1_000_000]], 400, "invalid_value", "input"),
                (
                    "/v1/embeddings", ["input": [Int](repeating: 1, count: 1000)], 400, "context_length_exceeded",
                    "input"
                ),
                ("/similarity", [:], 400, "missing_required_parameter", "query"),
            ]
            for (path, body, status, code, param) in wrong {
                let answer = try await server.post(path, body)
                let detail = try answer.problem
                let error = try #require(try answer.json["error"] as? [String: Any])
                #expect(answer.status == status && error["code"] as? String == code, "\(answer.text)")
                #expect(error["param"] as? String == param && error["message"] as? String == detail)
                #expect(error["type"] as? String == "invalid_request_error")
            }
        }
    }

    @Test func textsAsIds() async throws {
        try await RunningServer.run { server in
            let ids = server.model.tokenize("a cat").ids.map(Int.init)
            let expected = try await server.model.embed(texts: ["a cat"])[0].values
            for input in [ids, Array(ids.dropFirst()), Array(ids.dropLast()), Array(ids.dropFirst().dropLast())] {
                for body: [String: Any] in [["input": input], ["input": [input]]] {
                    let answer = try await server.post("/v1/embeddings", body).json
                    let data = try #require(answer["data"] as? [[String: Any]])
                    #expect(data.count == 1)
                    #expect(try distance(floats(data[0]["embedding"]), expected) < 1e-6)
                }
            }
        }
    }

    /// The addresses from RFC 5952 and RFC 4632, and what is none.
    @Test func rangesOfAddresses() {
        for text in [
            "192.0.2.1", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::1", "::/0", "::ffff:10.0.0.0/104",
            "fe80::1/128",
        ] { #expect(AddressRange(text) != nil, "\(text)") }
        for text in [
            "", "10", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/+8", "::/129", "[::1]", "::1]",
            "a.example",
            "::ffff:10.0.0.0/8", "10.0.0.0/99999999999999999999", "١٠.0.0.1",
        ] { #expect(AddressRange(text) == nil, "\(text)") }
    }

    @Test func basePaths() async throws {
        for path in ["/a", "/a/b-c", "/A.b_c~d/1"] { #expect(ServerOptions.isBasePath(path), "\(path)") }
        for path in [
            "", "/", "a", "/a/", "//a", "/a//b", "/.", "/..", "/a/../b", "/a b", "/a?", "/é", "/{a}", "/:a", "/*",
        ] {
            #expect(!ServerOptions.isBasePath(path), "\(path)")
        }
        await #expect(throws: ServerError.self) {
            try await RunningServer.run(change: { $0.basePath = "/a/" }) { _ in }
        }
    }
}
