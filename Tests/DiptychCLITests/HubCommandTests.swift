import DiptychHub
import DiptychTestSupport
import Foundation
import Testing

/// `models pull`, `verify`, `list` and `path` of the built program, and `--model` by name, against a hub on this machine.
struct HubCommandTests {
    private static let name = "someone/tiny-clip"
    private static let weights = "model.safetensors"
    private let server: HubServer
    private let folder: TemporaryFolder

    init() throws {
        server = try #require(HubServer())
        folder = try TemporaryFolder()
        server.add(Self.name, try Fixture.modelFiles())
    }

    private var environment: [String: String] {
        [
            "DIPTYCH_CACHE": folder / "cache", "DIPTYCH_HUB_ENDPOINT": server.endpoint, "HF_TOKEN": "",
            "DIPTYCH_OFFLINE": "", "http_proxy": "", "all_proxy": "", "ALL_PROXY": "",
        ]
    }

    private var directory: String { folder / "cache/someone--tiny-clip" }
    private var size: Int { FileManager.default.contents(atPath: Fixture.model + "/" + Self.weights)?.count ?? 0 }

    private func run(
        _ arguments: String..., with more: [String: String] = [:], in directory: String? = nil, launcher: [String] = []
    ) throws -> Command.Result {
        try Command.run(
            arguments, in: directory, environment: environment.merging(more) { $1 }, launcher: launcher)
    }

    private struct Models: Decodable {
        struct Model: Decodable {
            let name: String
            let path: String?
            let installed: Bool?
            let bytes: Int?
            let files: [String]?
            let family: String?
            let image_parameters, dimension, resolution, context_length: Int?
            let licence, source: String?
        }
        let models: [Model]
    }

    @Test func `a pulled model embeds by name as it does by directory`() throws {
        let pulled = try run("models", "pull", "--format", "json", Self.name)
        #expect(pulled.status == 0, "\(pulled.error)")
        let model = try #require(try pulled.json(Models.self).models.first)
        #expect(model.path == directory && model.files?.contains(Self.weights) == true)
        #expect(try run("models", "path", Self.name).output == directory + "\n")
        let byName = try run("embed", "--text", "a cat", "--model", Self.name)
        #expect(byName.status == 0, "\(byName.error)")
        #expect(byName.output == (try run("embed", "--text", "a cat", "--model", Fixture.model).output))
        let again = try run("models", "pull", Self.name, "--format", "text")
        #expect(again.status == 0 && again.output.contains(directory))
        #expect(server.sent(Self.weights) == size)
    }

    @Test func `the list has the registry, and what was pulled`() throws {
        #expect(try run("models", "pull", Self.name).status == 0)
        let models = try run("models", "list", "--format", "json").json(Models.self).models
        let original = try #require(models.first { $0.name == "ViT-L/14@336px" })
        #expect(original.family == "clip" && original.dimension == 768 && original.resolution == 336)
        #expect(
            original.context_length == 77 && original.installed == false && original.licence?.contains("MIT") == true)
        #expect(models.first { $0.name == Self.name }?.path == directory)
        #expect(models.first?.name == "demo")
        let text = try run("models", "list", "--format", "text")
        #expect(text.lines.contains { $0.hasPrefix("  CN-CLIP/ViT-B-16") && $0.contains("86 + 102") })
        #expect(text.lines.contains { $0.hasPrefix("* " + Self.name) })
        let here = try run("models", "list", "--format", "json", "--installed").json(Models.self).models
        #expect(here.map(\.name) == ["demo", Self.name])
    }

    @Test func `verify names a damaged file, and force mends it`() throws {
        #expect(try run("models", "pull", Self.name).status == 0)
        #expect(try run("models", "verify", "all").status == 0)
        let path = directory + "/" + Self.weights
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        for name in [Self.name, "all"] {
            let result = try run("models", "verify", "--format", "json", name)
            expectFailure(result, status: 1, saying: Self.weights, "wrong hash", "pull --force \(Self.name)")
            #expect(result.output.contains(#""state":"wrong hash""#))
        }
        #expect(try run("models", "pull", "--force", Self.name).status == 0)
        #expect(try run("models", "verify", Self.name).status == 0)
        expectFailure(try run("models", "verify", "ViT-B/32"), status: 1, saying: "not in the cache", "pull")
    }

    @Test func `a name is never downloaded without being asked`() throws {
        expectFailure(
            try run("embed", "--text", "a", "--model", "ViT-B/32"), status: 1, saying: "diptych models pull ViT-B/32",
            "353 MB")
        expectFailure(
            try run("embed", "--text", "a", "--model", Self.name), status: 1, saying: "diptych models pull \(Self.name)"
        )
        expectFailure(try run("embed", "--text", "a", "--model", "ViT-B-99"), status: 1, saying: "models list")
        #expect(server.connections == 0)
    }

    @Test func `an existing path wins over a name`() throws {
        let place = folder / "ViT-B/32"
        try FileManager.default.createDirectory(atPath: folder / "ViT-B", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: Fixture.model, toPath: place)
        let result = try run("embed", "--text", "a cat", "--model", "ViT-B/32", in: folder.path)
        #expect(result.status == 0, "\(result.error)")
    }

    /// The layout of the cache is documented; archives cannot be imitated, as their hashes are published.
    @Test func `an archive's directory is found by any of its names`() throws {
        let place = folder / "cache/openai--ViT-B-32"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try Data([1, 2]).write(to: URL(fileURLWithPath: place + "/ViT-B-32.pt"))
        let hash = HubServer.sha256([1, 2])
        let manifest =
            #"{"format":1,"model":"ViT-B/32","files":[{"name":"ViT-B-32.pt","size":2,"sha256":"\#(hash)","url":""}]}"#
        try Data(manifest.utf8).write(to: URL(fileURLWithPath: place + "/manifest.json"))
        for name in ["ViT-B/32", "ViT-B-32", "openai/ViT-B-32", "vit-b/32"] {
            #expect(try run("models", "path", name).output == place + "\n")
        }
        #expect(try run("models", "verify", "ViT-B-32").status == 0)
        try FileManager.default.removeItem(atPath: place + "/ViT-B-32.pt")
        expectFailure(
            try run("models", "path", "ViT-B-32"), status: 1, saying: "not completely downloaded",
            "ViT-B-32.pt missing",
            "pull ViT-B/32")
    }

    // MARK: Processes

    @Test func `a killed download continues where it was`() throws {
        let half = size / 2
        server.misbehave(Self.weights, .stall(after: half))
        let partial = directory + "/model.safetensors.partial"
        let first = try Running(["models", "pull", Self.name], environment: environment)
        #expect(first.wait { (FileManager.default.contents(atPath: partial)?.count ?? 0) >= half })
        first.send(SIGKILL)
        #expect(first.end().signal == SIGKILL)
        expectFailure(
            try run("models", "path", Self.name), status: 1, saying: "not completely downloaded",
            "\(Self.weights) missing")
        let second = try run("models", "pull", Self.name)
        #expect(second.status == 0, "\(second.error)")
        #expect(second.error.contains("are there"))
        #expect(server.sent(Self.weights) == size)
        #expect(server.contentRequests.last?.headers["range"] == "bytes=\(half)-")
        #expect(try run("models", "verify", Self.name).status == 0)
    }

    @Test func `an interrupted download says so and continues`() throws {
        server.misbehave(Self.weights, .stall(after: 1000))
        let partial = directory + "/model.safetensors.partial"
        let first = try Running(["models", "pull", Self.name], environment: environment)
        #expect(first.wait { (FileManager.default.contents(atPath: partial)?.count ?? 0) >= 1000 })
        first.send(SIGINT)
        expectFailure(first.end(), status: 130, saying: "interrupted")
        #expect(try run("models", "pull", Self.name).status == 0)
        #expect(server.sent(Self.weights) == size)
    }

    @Test func `two processes share one download`() throws {
        server.misbehave(Self.weights, .cut(after: 1000))
        let both = try (0..<2).map { _ in try Running(["models", "pull", Self.name], environment: environment) }
        for process in both {
            let result = process.end()
            #expect(result.status == 0, "\(result.error)")
        }
        #expect(server.sent(Self.weights) == size)
        #expect(try run("models", "verify", Self.name).status == 0)
    }

    // MARK: Settings

    @Test func `offline says what is missing and connects to nobody`() throws {
        for result in [
            try run("models", "pull", "ViT-B/32", "--offline"),
            try run("models", "pull", "ViT-B/32", with: ["DIPTYCH_OFFLINE": "1"]),
        ] { expectFailure(result, status: 1, saying: "ViT-B-32.pt", "bpe_simple_vocab", "--offline") }
        #expect(server.connections == 0)
        #expect(try run("models", "pull", Self.name).status == 0)
        let connections = server.connections
        #expect(try run("models", "pull", Self.name, "--offline").status == 0)
        #expect(server.connections == connections)
    }

    @Test func `tokens come from a file or a variable`() throws {
        server.require(token: "hf_secret")
        expectFailure(try run("models", "pull", Self.name), status: 1, saying: "--token-file", "HF_TOKEN")
        expectFailure(
            try run("models", "pull", Self.name, "--token-file", folder / "none"), status: 1, saying: folder / "none")
        try Data("hf_secret\n".utf8).write(to: URL(fileURLWithPath: folder / "token"))
        #expect(try run("models", "pull", Self.name, "--token-file", folder / "token").status == 0)
        let result = try run("models", "pull", "--force", Self.name, with: ["HF_TOKEN": "hf_secret"])
        #expect(result.status == 0 && !result.error.contains("hf_secret"))
    }

    @Test func `proxies come from the usual variables`() throws {
        let server = server
        let proxy = try #require(LoopbackServer { request, _ in server.forwarded(request) })
        defer { proxy.stop() }
        let variables = ["DIPTYCH_HUB_ENDPOINT": "http://hub.invalid", "http_proxy": "http://127.0.0.1:\(proxy.port)"]
        let result = try run("models", "pull", Self.name, with: variables.merging(["no_proxy": "example.org"]) { $1 })
        #expect(result.status == 0, "\(result.error)")
        #expect(proxy.paths.allSatisfy { $0.hasPrefix("http://") } && server.connections == 0)
        // Images never come through a proxy, which would connect where addresses cannot be checked.
        let requests = proxy.requests.count
        let image = "http://127.0.0.1:\(server.port)/no.png"
        _ = try run("embed", "--image", image, "--allow-private-urls", with: variables)
        #expect(proxy.requests.count == requests && server.connections == 1)
    }

    @Test func `names and settings that make no sense are explained`() throws {
        expectFailure(try run("models", "pull"), status: 2)
        expectFailure(try run("models", "pull", "nonsense"), status: 1, saying: "nonsense", "models list")
        expectFailure(
            try run("models", "pull", Self.name, "--endpoint", "nowhere"), status: 1, saying: "nowhere", "https://")
        expectFailure(try run("models", "pull", "ViT-B/32", "--revision", "x"), status: 1, saying: "no revisions")
        expectFailure(
            try run("models", "pull", "someone/else"), status: 1, saying: "someone/else", "the name is wrong")
        #expect(!FileManager.default.fileExists(atPath: folder / "cache/someone--else/manifest.json"))
    }

    @Test func `a full disk is explained and the download can be continued`() throws {
        let limited = ["/bin/sh", "-c", "ulimit -f 64; exec \"$0\" \"$@\""]
        let result = try run("models", "pull", Self.name, launcher: limited)
        expectFailure(result, status: 1, saying: Self.weights, "ulimit")
        #expect(try run("models", "pull", Self.name).status == 0)
        #expect(server.contentRequests.last?.headers["range"] != nil)
    }
}
