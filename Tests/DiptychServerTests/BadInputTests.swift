import Diptych
import DiptychMedia
import DiptychServer
import DiptychTestSupport
import Foundation
import Testing

/// Whatever comes in, a problem document comes out that says what is wrong, and others are served on.
@Suite struct BadInputTests {
    /// Bodies that are wrong, with a word of the reason.
    static let bodies: [(String, String, String)] = [
        ("/similarity", "", "not JSON"), ("/similarity", "{", "not JSON"), ("/similarity", "[]", "object"),
        ("/similarity", "null", "object"), ("/similarity", "{}", "'query' is missing"),
        ("/similarity", #"{"query": "a"}"#, "'candidates'"),
        ("/similarity", #"{"query": "a", "candidates": []}"#, "'candidates'"),
        ("/similarity", #"{"query": "a", "candidates": [1]}"#, "'candidates' must be a text or a list of texts"),
        ("/similarity", #"{"query": 5, "candidates": ["a"]}"#, "'query' must be a text"),
        ("/similarity", #"{"query": " ", "candidates": ["a"]}"#, "'query' is empty"),
        ("/similarity", #"{"query": "a", "candidates": ["a", ""]}"#, "'candidates[1]' is empty"),
        ("/similarity", #"{"query": "a", "candidates": ["a"], "query_type": "sound"}"#, "text or image"),
        (
            "/similarity", #"{"query": "a", "candidates": ["a"], "candidats": 1}"#,
            "unknown field 'candidats'; did you mean 'candidates'?"
        ),
        ("/similarity", #"{"query": "a", "candidates": ["x"], "candidate_type": "image"}"#, "'candidates'"),
        (
            "/similarity", #"{"query": "data:image/png;base64,AAAA", "query_type": "image", "candidates": ["a"]}"#,
            "query"
        ),
        ("/v1/embeddings", #"{"input": "a", "encoding_format": "hex"}"#, "float or base64"),
        ("/v1/embeddings", #"{"input": [[1, "a"]]}"#, "'input'"), ("/v1/embeddings", #"{"input": []}"#, "'input'"),
        ("/v1/embeddings", #"{"input": "a", "dimensions": 3}"#, "'dimensions'"),
        ("/v1/embeddings", #"{"input": "file:///etc/passwd", "modality": "image"}"#, "nothing else is read"),
        ("/v1/embeddings", #"{"input": "/etc/passwd", "modality": "image"}"#, "nothing else is read"),
        ("/v1/embeddings", #"{"input": "data:,", "modality": "image"}"#, "'input'"),
        ("/v1/classify", #"{"image": "data:image/png;base64,iVBORw0KGgo=", "labels": ["a"]}"#, "image"),
        ("/v1/classify", #"{"image": "x", "labels": ["a", "a"]}"#, "twice"),
        ("/v1/classify", #"{"image": "x", "labels": ["a"], "templates": ["no place"]}"#, "{}"),
        ("/v1/classify", #"{"labels": ["a"]}"#, "'image' is missing"),
        ("/v1/search", "{}", "'text', 'image', 'images', 'item' or 'vector'"),
        ("/v1/search", #"{"text": "a", "k": 0}"#, "'k' must be 1"),
        ("/v1/search", #"{"text": "a", "k": 1.5}"#, "whole number"),
        ("/v1/search", #"{"text": "a", "k": 99999}"#, "'k'"),
        ("/v1/search", #"{"text": "a", "filter": "width >"}"#, "filter"),
        ("/v1/search", #"{"text": "a", "page": "x"}"#, "'page' is not a valid cursor"),
        ("/v1/search", #"{"text": "a", "min_similarity": 7}"#, "-1"), ("/v1/search", #"{"item": "999"}"#, "no item"),
        ("/v1/search", #"{"text": "a", "minus": "a"}"#, "cancel"),
        ("/v1/items", "{}", "either 'file' or 'url'"), ("/v1/items", #"{"url": "ftp://a/b"}"#, "nothing else is read"),
        ("/v1/items", #"{"url": "data:,x", "attributes": []}"#, "'attributes' must be an object"),
    ]

    @Test func wrongBodies() async throws {
        try await RunningServer.run(images: 2) { server in
            for (path, body, reason) in Self.bodies {
                let answer = try await server.send(
                    "POST", path, body: Data(body.utf8), headers: ["Content-Type": "application/json"])
                #expect([400, 404].contains(answer.status), "\(path) \(body): \(answer.text)")
                let problem = try answer.problem
                #expect(problem.contains(reason), "\(path) \(body): \(problem)")
                #expect(!problem.contains("\n"))
            }
            #expect(try await server.post("/v1/embeddings", ["input": "a"]).status == 200)
        }
    }

    @Test func wrongForms() async throws {
        try await RunningServer.run(images: 1) { server in
            let type = "multipart/form-data; boundary=limit"
            let forms: [(String, String)] = [
                ("multipart/form-data", "--limit"), (type, ""), (type, "--limit"), (type, "--limit\r\n"),
                (type, "--limit\r\nContent-Disposition: form-data\r\n\r\nx\r\n--limit--"),
                (type, "--limit\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nx"),
                (type, "--limit\r\n" + String(repeating: "a", count: 20_000)), (type, "--limit--"),
                ("multipart/form-data; boundary=\(String(repeating: "b", count: 100))", "x"),
            ]
            for (type, body) in forms {
                let answer = try await server.send(
                    "POST", "/v1/search", body: Data(body.utf8), headers: ["Content-Type": type])
                #expect(answer.status == 400, "\(type) \(body.prefix(60)): \(answer.text)")
                _ = try answer.problem
            }
            // Not UTF-8, and a field twice.
            #expect(try await server.post("/v1/search", form: [("text", nil, [0xFF, 0xFE])]).problem.contains("UTF-8"))
            let twice = try await server.post("/v1/search", form: [("text", nil, [97]), ("text", nil, [98])])
            #expect(try twice.problem.contains("2 times"))
        }
    }

    @Test func otherMethodsTypesAndPaths() async throws {
        try await RunningServer.run(images: 1) { server in
            let method = try await server.send("DELETE", "/v1/search")
            #expect(method.status == 405 && method.headers["allow"] == "POST")
            _ = try method.problem
            let type = try await server.send(
                "POST", "/v1/search", body: Data("a".utf8), headers: ["Content-Type": "text/plain"])
            #expect(try type.status == 415 && type.problem.contains("text/plain"))
            for path in [
                "/nothing", "/v1/items/x", "/v1/items/1/../../etc/passwd", "/assets/..%2F..%2Fetc%2Fpasswd",
                "/assets/%2e%2e", "/v1/items/%00",
            ] {
                let answer = try await server.get(path)
                #expect(answer.status == 404, "\(path): \(answer.status)")
                _ = try answer.problem
            }
            #expect(try await server.send("HEAD", "/health").status == 200)
        }
    }

    @Test func bodiesHaveALimit() async throws {
        try await RunningServer.run(change: { options in
            options.limits.bodyBytes = 10_000
            options.limits.inputs = 100
        }) { server in
            let answer = try await server.post("/v1/embeddings", ["input": String(repeating: "a", count: 20_000)])
            #expect(try answer.status == 413 && answer.problem.contains("10000"))
            let many = try await server.post(
                "/similarity", ["query": "a", "candidates": [String](repeating: "b", count: 101)])
            #expect(try many.status == 400 && many.problem.contains("100"))
            #expect(try await server.post("/v1/embeddings", ["input": "a"]).status == 200)
        }
    }

    @Test func answersCarryTheirHeaders() async throws {
        try await RunningServer.run { server in
            let mine = try await server.get("/health", headers: ["X-Request-ID": "abc-1"])
            #expect(mine.headers["x-request-id"] == "abc-1")
            let forged = try await server.get("/health", headers: ["X-Request-ID": "a b;c"])
            #expect(forged.headers["x-request-id"]?.contains(" ") == false)
            #expect(mine.headers["x-content-type-options"] == "nosniff" && mine.headers["x-frame-options"] == "DENY")
            #expect(mine.headers["content-security-policy"]?.contains("script-src 'self'") == true)
            #expect(mine.headers["cache-control"] == "no-store")
        }
    }

    /// A PNG file that claims to be of another size.
    private static func bomb(width: UInt32, height: UInt32) throws -> [UInt8] {
        var file = try drawn(1)
        for (offset, side) in [(16, width), (20, height)] {
            for byte in 0..<4 { file[offset + byte] = UInt8(truncatingIfNeeded: side >> (24 - 8 * UInt32(byte))) }
        }
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in file[12..<29] {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        for byte in 0..<4 { file[29 + byte] = UInt8(truncatingIfNeeded: ~sum >> (24 - 8 * UInt32(byte))) }
        return file
    }

    @Test func imagesThatWouldFillTheMemory() async throws {
        try await RunningServer.run(images: 0) { server in
            let begin = ContinuousClock.now
            let gif: [UInt8] = Array("GIF89a".utf8) + [0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x3B]
            for file in [try Self.bomb(width: 60_000, height: 60_000), try Self.bomb(width: 2_000_000, height: 1), gif]
            {
                for (path, body) in [
                    ("/v1/embeddings", ["input": dataURI(file), "modality": "image"] as [String: Any]),
                    ("/v1/items", ["url": dataURI(file)]),
                ] {
                    let answer = try await server.post(path, body)
                    #expect(answer.status == 400, "\(answer.text)")
                    _ = try answer.problem
                }
            }
            #expect(.now - begin < .seconds(5))
            let large = try await server.post(
                "/v1/embeddings", ["input": dataURI(try Self.bomb(width: 60_000, height: 60_000)), "modality": "image"])
            #expect(try large.problem.contains("pixels"))
        }
    }

    /// This machine and its network, in the notations that there are.
    @Test(arguments: [
        "http://127.0.0.1:1/", "http://127.1:1/", "http://2130706433:1/", "http://0177.0.0.1:1/",
        "http://0x7f000001:1/",
        "http://localhost:1/", "http://[::1]:1/", "http://[::ffff:127.0.0.1]:1/", "http://[::ffff:7f00:1]:1/",
        "http://0.0.0.0:1/", "http://10.0.0.1:1/", "http://192.168.0.1:1/", "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]:1/", "http://[fc00::1]:1/", "http://100.64.0.1:1/", "http://user@127.0.0.1:1/",
        "http:///x", "http://", "https://127.0.0.1:1/", "http://127.0.0.1:1\r\nHost:x/",
    ])
    func privateAddressesAreNotFetched(url: String) async throws {
        try await RunningServer.run { server in
            let answer = try await server.post("/v1/embeddings", ["input": url, "modality": "image"])
            #expect(answer.status == 400, "\(answer.text)")
            let problem = try answer.problem
            #expect(problem.contains("an address that is not public") || problem.contains("not a URL"), "\(problem)")
        }
    }

    @Test func urlsAreFetchedWhereThatIsAllowed() async throws {
        let image = try drawn(1)
        let web = try #require(
            LoopbackServer { request, port in
                switch request.path {
                case "/picture": .response("200 OK", body: image)
                case "/redirect": .response("302 Found", headers: ["Location: http://127.0.0.1:\(port)/picture"])
                case "/page": .response("200 OK", body: image, headers: ["Content-Type: text/html; charset=utf-8"])
                case "/loop": .response("302 Found", headers: ["Location: http://127.0.0.1:\(port)/loop"])
                case "/elsewhere": .response("302 Found", headers: ["Location: file:///etc/passwd"])
                case "/large": .response("200 OK", body: [UInt8](repeating: 1, count: 200_000))
                default: .response("404 Not Found")
                }
            })
        defer { web.stop() }
        let base = "http://127.0.0.1:\(web.port)"
        try await RunningServer.run(change: { options in
            options.fetch.addresses = .everywhere
            options.reading.maximumBytes = 100_000
        }) { server in
            let expected = try await server.model.embed(images: [.data(image)])[0].values
            for path in ["/picture", "/redirect"] {
                let answer = try await server.post("/v1/embeddings", ["input": base + path, "modality": "image"])
                let data = try #require(try answer.json["data"] as? [[String: Any]], "\(answer.text)")
                #expect(try distance(floats(data[0]["embedding"]), expected) < 1e-5)
            }
            for (path, reason) in [
                ("/nothing", "status 404"), ("/page", "text/html"), ("/loop", "redirects"), ("/elsewhere", "scheme"),
                ("/large", "limit of 100000"),
            ] {
                let answer = try await server.post("/v1/embeddings", ["input": base + path, "modality": "image"])
                #expect(try answer.status == 400 && answer.problem.contains(reason), "\(answer.text)")
            }
        }
    }
}
