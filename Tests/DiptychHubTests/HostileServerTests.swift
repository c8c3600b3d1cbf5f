import DiptychHub
import DiptychTestSupport
import Foundation
import Testing

/// Servers that answer no, and servers that lie.
struct HostileServerTests {
    let work: Workplace

    init() throws { work = try Workplace() }

    @Test func `other bytes are refused and leave nothing`() async throws {
        work.server.misbehave(Workplace.weights, .bytes(Workplace.bytes(5000, seed: 66)))
        let error = try await work.failure()
        #expect(error.kind == .mismatch && error.subject.contains(Workplace.weights), "\(error)")
        #expect(try work.stored(Workplace.weights) == nil)
        #expect(try work.stored("model.safetensors.partial") == [])
    }

    @Test func `other bytes in a small file are refused`() async throws {
        work.server.misbehave("config.json", .bytes(Array(#"{"model_type": "clap"}"#.utf8)))
        let error = try await work.failure()
        #expect(error.kind == .mismatch && error.subject.contains("config.json"), "\(error)")
    }

    @Test func `a longer file is refused, announced or not`() async throws {
        work.server.misbehave(
            Workplace.weights, .bytes(Workplace.bytes(5001)), .endless(100_000), .endless(1))
        for _ in 0..<3 {
            let error = try await work.failure()
            #expect(error.kind == .untrusted && error.reason.contains("5000"), "\(error)")
            #expect(try work.stored("model.safetensors.partial") == [])
        }
    }

    @Test func `a size that no model has is refused before anything is written`() async throws {
        work.server.announce(Workplace.weights, size: 1 << 50)
        let error = try await work.failure()
        #expect([.untrusted, .noSpace].contains(error.kind), "\(error)")
        #expect(work.server.contentRequests.isEmpty)
    }

    @Test func `a disk that is too small is noticed before the download`() async throws {
        let free = try FileManager.default.attributesOfFileSystem(forPath: work.folder.path)[.systemFreeSize]
        let size = try #require(free as? Int) + (1 << 30)
        guard size < 1 << 40 else { return }
        work.server.announce(Workplace.weights, size: size)
        let error = try await work.failure()
        #expect(error.kind == .noSpace && error.reason.contains("\(size + 35)"), "\(error)")
        #expect(work.server.contentRequests.isEmpty && work.server.sent("config.json") == 0)
    }

    @Test(arguments: ["file:///etc/passwd", "gopher://127.0.0.1/", "http://user:secret@127.0.0.1/", "http:///", "/\t"])
    func `redirects lead to web addresses only`(_ target: String) async throws {
        work.server.misbehave("config.json", .redirect(target), .redirect(target), .redirect(target))
        let error = try await work.failure()
        #expect([.untrusted, .notFound].contains(error.kind), "\(error)")
        #expect(!error.description.contains("secret"))
    }

    @Test func `redirects in a circle end`() async throws {
        let loop = "/\(Workplace.repository)/resolve/main/config.json"
        let redirect = HubServer.Fault.redirect(loop)
        work.server.misbehave(
            "config.json", redirect, redirect, redirect, redirect, redirect, redirect, redirect, redirect, redirect,
            redirect, redirect, redirect)
        let error = try await work.failure()
        #expect(error.kind == .untrusted && error.reason.contains("10 times"), "\(error)")
    }

    @Test func `a list that is none is refused`() async throws {
        for text in ["<html></html>", "[]", "{\"siblings\": 3}", String(repeating: "[", count: 100_000)] {
            work.server.misbehave("list", .bytes(Array(text.utf8)))
            #expect(try await work.failure().kind == .untrusted)
        }
    }

    // MARK: No

    @Test(arguments: [
        ("401 Unauthorized", [], HubError.Kind.unauthorized, "access token"),
        ("401 Unauthorized", ["X-Error-Code: RepoNotFound"], .unauthorized, "name is wrong"),
        ("403 Forbidden", ["X-Error-Code: GatedRepo"], .unauthorized, "conditions"),
        ("404 Not Found", ["X-Error-Code: RevisionNotFound"], .notFound, "revision"),
        ("404 Not Found", [], .notFound, "404"), ("418 Teapot", [], .server, "418"),
    ])
    func `a no is explained and not asked for again`(
        _ status: String, _ headers: [String], _ kind: HubError.Kind, _ words: String
    ) async throws {
        work.server.misbehave("list", .status(status, headers))
        let error = try await work.failure()
        #expect(error.kind == kind && error.reason.contains(words), "\(error)")
        #expect(work.server.requests.count == 1)
    }

    @Test func `a file that vanished is named`() async throws {
        work.server.misbehave("tokenizer.json", .status("404 Not Found", ["X-Error-Code: EntryNotFound"]))
        let error = try await work.failure()
        #expect(error.kind == .notFound && error.subject.contains("tokenizer.json"), "\(error)")
    }

    // MARK: Tokens

    @Test func `the token goes to the hub and nowhere else`() async throws {
        var work = work
        work.server.require(token: "hf_secret")
        #expect(try await work.failure().kind == .unauthorized)
        work.options.token = "hf_wrong"
        let error = try await work.failure()
        #expect(error.kind == .unauthorized && !error.description.contains("hf_"), "\(error)")
        work.options.token = "hf_secret"
        // To another host by a large file, and back to the same one by a relative redirect.
        work.server.misbehave(
            "config.json", .redirect("/\(Workplace.repository)/resolve/\(HubServer.commit)/config.json"))
        try await work.pull()
        #expect(!work.server.contentRequests.isEmpty)
        #expect(work.server.contentRequests.allSatisfy { $0.headers["authorization"] == nil })
        #expect(work.server.requests.suffix(5).allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
    }

    @Test func `archives do not get the hub's token`() async throws {
        var work = work
        let other = try #require(
            LoopbackServer { _, _ in .response("200 OK", body: Workplace.bytes(10)) })
        defer { other.stop() }
        work.options.token = "hf_secret"
        work.options.archiveEndpoint = "http://127.0.0.1:\(other.port)"
        let sha256 = HubServer.sha256(Workplace.bytes(10))
        let model = PublicModel(
            "Test/1", .clip, "a test", parameters: (1, 1), dimension: 1, resolution: 1, contextLength: 1,
            licence: "none",
            source: .files([ModelFile("x.pt", .url("https://archive.invalid/x.pt", sha256: sha256))]))
        try await work.pull(ModelName(model))
        #expect(other.requests.map(\.path) == ["/x.pt"])
        #expect(other.requests[0].headers["authorization"] == nil)
    }

    @Test(arguments: ["", "two words", "line\nbreak", "é"])
    func `a token that is none is refused`(_ token: String) async throws {
        var work = work
        work.options.token = token
        #expect(try await work.failure().kind == .badSetting)
        #expect(work.server.connections == 0)
    }

    @Test(arguments: ["", "huggingface.co", "ftp://host", "http://", "http://a b", "http://u@host", "http://host?x"])
    func `an endpoint that is none is refused`(_ endpoint: String) async throws {
        var work = work
        work.options.endpoint = endpoint
        #expect(try await work.failure().kind == .badSetting)
    }
}
