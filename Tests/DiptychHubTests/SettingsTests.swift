import DiptychHub
import DiptychTestSupport
import Foundation
import Testing

/// Offline, through proxies, in directories that cannot be used; and what is in the cache afterwards.
struct SettingsTests {
    var work: Workplace

    init() throws { work = try Workplace() }

    @Test mutating func `offline means no connection at all`() async throws {
        work.options.isOffline = true
        let error = try await work.failure()
        #expect(error.kind == .offline && error.reason.contains("all of its files"), "\(error)")
        let archive = try await work.failure(ModelName("ViT-B/32"))
        #expect(archive.reason.contains("ViT-B-32.pt, bpe_simple_vocab_16e6.txt.gz"), "\(archive)")
        #expect(work.server.connections == 0)
        work.options.isOffline = false
        work.options.attempts = 1
        work.server.misbehave(Workplace.weights, .cut(after: 10))
        _ = try await work.failure()
        work.options.isOffline = true
        let connections = work.server.connections
        #expect(try await work.failure().reason.hasSuffix("lacks model.safetensors"))
        work.options.isOffline = false
        try await work.pull()
        let later = work.server.connections
        work.options.isOffline = true
        try await work.pull()
        #expect(connections < later && work.server.connections == later)
    }

    @Test mutating func `a proxy gets every request, whatever the host is called`() async throws {
        let server = work.server
        let proxy = try #require(LoopbackServer { request, _ in server.forwarded(request) })
        defer { proxy.stop() }
        work.options.endpoint = "http://hub.invalid"
        work.options.proxies.http = "http://127.0.0.1:\(proxy.port)"
        try await work.pull()
        #expect(server.connections == 0)
        #expect(proxy.paths.first?.hasPrefix("http://hub.invalid/api/models/") == true)
        #expect(proxy.paths.contains { $0.hasPrefix("http://127.0.0.1:\(server.contentPort)/") })
    }

    @Test mutating func `hosts can be excepted from the proxy`() async throws {
        let server = work.server
        let proxy = try #require(LoopbackServer { request, _ in server.forwarded(request) })
        defer { proxy.stop() }
        work.options.endpoint = "http://hub.invalid"
        work.options.proxies.http = "http://127.0.0.1:\(proxy.port)"
        work.options.proxies.exceptions = "example.org,127.0.0.1"
        try await work.pull()
        #expect(server.requests.isEmpty && server.contentRequests.count == 1)
        #expect(proxy.paths.allSatisfy { $0.hasPrefix("http://hub.invalid/") })
    }

    @Test func `a cache below a file cannot be used`() async throws {
        let file = try work.folder.write("x", to: "file")
        let hub = ModelHub(
            cache: ModelCache(directory: URL(fileURLWithPath: file + "/cache")), options: work.options)
        let error = try await #require(throws: HubError.self) { try await hub.pull(work.name) }
        #expect(error.kind == .cache && error.description.contains(file), "\(error)")
        #expect(work.server.connections == 0)
    }

    // MARK: The cache

    @Test func `verification finds a flipped byte, and force mends it`() async throws {
        try await work.pull()
        #expect(try await work.cache.verify(work.name).allSatisfy { $0.state == .intact })
        var bytes = try #require(try work.stored(Workplace.weights))
        bytes[4321] ^= 0x10
        try Data(bytes).write(to: URL(fileURLWithPath: work.path(Workplace.weights)))
        let bad = try await work.cache.verify(work.name).filter { $0.state != .intact }
        #expect(bad.map(\.file) == [Workplace.weights] && bad.map(\.state) == [.wrongHash])
        try await work.pull(isForced: true)
        #expect(try await work.cache.verify(work.name).allSatisfy { $0.state == .intact })
        #expect(work.server.sent(Workplace.weights) == 10_000)
        // What was right was read, not sent.
        #expect(work.server.sent("config.json") == work.files["config.json"]?.count)
    }

    @Test func `a model with a missing or longer file is not there`() async throws {
        try await work.pull()
        try FileManager.default.removeItem(atPath: work.path("config.json"))
        try Data([1]).write(to: URL(fileURLWithPath: work.path("tokenizer.json")))
        #expect(try work.cache.model(work.name) == nil)
        #expect(try Set(work.cache.missingFiles(of: work.name) ?? []) == ["config.json", "tokenizer.json"])
        let states = try await work.cache.verify(work.name).map { "\($0.file): \($0.state.rawValue)" }
        #expect(states.contains("config.json: missing") && states.contains("tokenizer.json: wrong size"))
        try await work.pull()
        #expect(try work.cache.model(work.name) != nil)
        #expect(work.server.sent(Workplace.weights) == 5000)
    }

    @Test func `a newer commit replaces the files of the older one`() async throws {
        try await work.pull()
        var newer = work.files
        newer["tokenizer.json"] = nil
        newer["vocab.json"] = Array("[]".utf8)
        newer[Workplace.weights] = Workplace.bytes(6000, seed: 3)
        work.server.add(Workplace.repository, newer)
        try await work.pull()
        #expect(try work.stored(Workplace.weights)?.count == 5000)
        let model = try await work.pull(isForced: true)
        #expect(Set(model.manifest.files.map(\.name)) == Set(newer.keys))
        #expect(try work.stored(Workplace.weights) == newer[Workplace.weights])
        #expect(try work.stored("tokenizer.json") == nil)
    }

    @Test(arguments: [
        "", "{}", "[", #"{"format":1,"model":"someone/tiny-clip","files":[]"#,
        #"{"format":2,"model":"someone/tiny-clip","files":[]}"#, #"{"format":1,"model":"another/one","files":[]}"#,
        #"{"format":1,"model":"someone/tiny-clip","files":[{"name":"../x","size":1,"sha256":"","url":""}]}"#,
    ])
    func `a manifest that cannot be believed is none`(_ text: String) async throws {
        try FileManager.default.createDirectory(
            at: work.cache.directory(of: work.name), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: work.path("manifest.json")))
        #expect(try work.cache.model(work.name) == nil)
        #expect(work.cache.models().isEmpty)
        try await work.pull()
        #expect(try work.cache.model(work.name) != nil)
    }
}
