import DiptychHub
import DiptychTestSupport
import Foundation
import Testing

struct PullTests {
    let work: Workplace

    init() throws { work = try Workplace() }

    @Test func `the files of one layout come, verified, and nothing else`() async throws {
        let events = Events()
        let model = try await work.pull { events.note($0) }
        for (file, bytes) in work.files { #expect(try work.stored(file) == bytes, "\(file)") }
        let names = try FileManager.default.contentsOfDirectory(atPath: model.directory.path)
        #expect(Set(names) == Set(work.files.keys).union(["manifest.json"]))
        #expect(model.directory == work.cache.directory.appendingPathComponent("someone--tiny-clip"))
        #expect(model.manifest.commit == HubServer.commit && model.manifest.revision == "main")
        for file in model.manifest.files {
            #expect(file.sha256 == HubServer.sha256(try #require(work.files[file.name])))
            #expect(file.url.contains("/resolve/\(HubServer.commit)/"))
        }
        let total = work.files.values.reduce(0) { $0 + $1.count }
        #expect(events.all.first == .started(files: 4, bytes: total, present: 0))
        #expect(events.all.last == .progress(bytes: total))
    }

    @Test func `a model that is there needs no connection`() async throws {
        try await work.pull()
        let connections = work.server.connections
        let model = try await work.pull()
        #expect(work.server.connections == connections)
        #expect(model.manifest.files.count == 4)
        #expect(work.cache.models().map(\.name.description) == [Workplace.repository])
    }

    @Test func `a mirror that lists no hashes will do, as headers have them`() async throws {
        work.server.hideHashesInLists()
        let model = try await work.pull()
        #expect(model.manifest.files.count == 4)
        #expect(try work.stored(Workplace.weights) == work.files[Workplace.weights])
        #expect(try work.stored("config.json") == work.files["config.json"])
    }

    @Test func `a revision has a directory of its own`() async throws {
        let name = try ModelName(Workplace.repository, revision: "refs/pr/1")
        let model = try await work.pull(name)
        #expect(model.directory.lastPathComponent == "someone--tiny-clip@refs--pr--1")
        #expect(work.server.requests.first?.path.contains("/revision/refs%2Fpr%2F1") == true)
        #expect(try work.cache.model(work.name) == nil)
        #expect(work.cache.models().map(\.name) == [name])
    }

    // MARK: Which files

    @Test(arguments: [
        (["config.json", "pytorch_model.bin"], ["config.json", "pytorch_model.bin"]),
        (
            ["config.json", "pytorch_model.bin", "open_clip_config.json", "open_clip_model.safetensors", "vocab.json"],
            ["open_clip_config.json", "open_clip_model.safetensors", "vocab.json"]
        ),
        (
            ["config.json", "model.safetensors", "open_clip_config.json", "open_clip_pytorch_model.bin", "vocab.json"],
            ["open_clip_config.json", "open_clip_pytorch_model.bin", "vocab.json"]
        ),
        (
            [
                "open_clip_config.json", "open_clip_model.safetensors", "config.json", "model.safetensors",
                "preprocessor_config.json", "merges.txt",
            ], ["config.json", "model.safetensors", "preprocessor_config.json", "merges.txt"]
        ),
        (
            ["open_clip_config.json", "open_clip_pytorch_model.bin", "tokenizer.json"],
            ["open_clip_config.json", "open_clip_pytorch_model.bin", "tokenizer.json"]
        ),
    ])
    func `one layout is chosen`(_ there: [String], _ chosen: [String]) async throws {
        work.server.add("a/b", Dictionary(uniqueKeysWithValues: there.map { ($0, Workplace.bytes(1200)) }))
        let model = try await work.pull(ModelName("a/b"))
        #expect(Set(model.manifest.files.map(\.name)) == Set(chosen))
    }

    @Test func `an open_clip repository without a vocabulary gets OpenAI's`() async throws {
        var work = work
        work.options.archiveEndpoint = work.server.endpoint
        work.server.add(
            "a/b",
            ["open_clip_config.json": [1], "open_clip_model.safetensors": Workplace.bytes(1200), "merges.txt": [2]])
        let error = try await work.failure(ModelName("a/b"))
        #expect(error.subject.contains("bpe_simple_vocab_16e6.txt.gz"), "\(error)")
        #expect(work.server.requests.last?.path.hasPrefix("/openai/CLIP/") == true)
    }

    @Test func `a repository without a model is refused`() async throws {
        work.server.add("a/b", ["config.json": [1], "model.onnx": [2]])
        let error = try await work.failure(ModelName("a/b"))
        #expect(error.kind == .notFound && error.reason.contains("model.safetensors"))
    }

    @Test func `weights in parts come by their index`() async throws {
        let parts = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
        let index = #"{"weight_map": {"a": "\#(parts[0])", "b": "\#(parts[1])", "c": "\#(parts[0])"}}"#
        work.server.add(
            "a/b",
            [
                "config.json": [1], "model.safetensors.index.json": Array(index.utf8),
                parts[0]: Workplace.bytes(3000), parts[1]: Workplace.bytes(1500, seed: 4), "other.safetensors": [5],
            ])
        let model = try await work.pull(ModelName("a/b"))
        #expect(
            Set(model.manifest.files.map(\.name)) == Set(parts + ["config.json", "model.safetensors.index.json"]))
    }

    @Test(arguments: [
        "../../outside.safetensors", "/etc/outside.safetensors", "a/../../outside.safetensors", ".hidden.safetensors",
        "manifest.json", "a\\\\b.safetensors", "missing.safetensors",
    ])
    func `an index cannot name files elsewhere`(_ part: String) async throws {
        work.server.add(
            "a/b",
            [
                "config.json": [1], part: [2],
                "model.safetensors.index.json": Array(#"{"weight_map": {"x": "\#(part)"}}"#.utf8),
            ].filter { $0.key != "missing.safetensors" })
        let error = try await work.failure(ModelName("a/b"))
        #expect([.untrusted, .notFound].contains(error.kind), "\(error)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: work.folder.path) == ["cache"])
    }

    // MARK: Files outside the hub

    private func archive(_ bytes: [UInt8]) -> PublicModel {
        let url = ModelFile.Origin.url("https://archive.invalid/models/x.pt", sha256: HubServer.sha256(bytes))
        return PublicModel(
            "Test/1", .clip, "a test", parameters: (1, 1), dimension: 1, resolution: 1, contextLength: 1,
            licence: "none",
            source: .files([
                ModelFile("x.pt", url),
                ModelFile(
                    "weights.pt", .hub(repository: Workplace.repository, path: Workplace.weights)),
            ]), directoryName: "test--1")
    }

    @Test func `archives come from a mirror, with the registry's hash`() async throws {
        let bytes = Workplace.bytes(4000, seed: 7)
        var work = work
        work.options.archiveEndpoint = work.server.endpoint + "/"
        work.server.addArchive("/models/x.pt", bytes)
        let name = ModelName(archive(bytes))
        let model = try await work.pull(name)
        #expect(model.manifest.files.map(\.name) == ["x.pt", "weights.pt"])
        #expect(try Data(contentsOf: model.directory.appendingPathComponent("x.pt")) == Data(bytes))
    }

    @Test func `an archive with other bytes is refused`() async throws {
        var work = work
        work.options.archiveEndpoint = work.server.endpoint
        work.server.addArchive("/models/x.pt", Workplace.bytes(4000, seed: 8))
        let name = ModelName(archive(Workplace.bytes(4000, seed: 7)))
        let error = try await work.failure(name)
        #expect(error.kind == .mismatch && error.subject.contains("x.pt"))
        let left = try FileManager.default.contentsOfDirectory(atPath: work.cache.directory(of: name).path)
        #expect(!left.contains("x.pt"))
    }

    // MARK: Several at a time

    @Test func `two pulls of a model do the work once`() async throws {
        work.server.misbehave(Workplace.weights, .cut(after: 2000))
        // The first one, in the middle of its work, goes on once the second one waits.
        let isWaiting = DispatchSemaphore(value: 0)
        let (stream, signal) = AsyncStream<Void>.makeStream()
        let first = Task {
            try await work.pull {
                guard case .retrying = $0 else { return }
                signal.yield()
                #expect(isWaiting.wait(timeout: .now() + 20) == .success)
            }
        }
        for await _ in stream { break }
        let second = Task {
            try await work.pull {
                if $0 == .waiting { isWaiting.signal() }
            }
        }
        #expect(try await first.value.manifest == second.value.manifest)
        #expect(work.server.sent(Workplace.weights) == 5000)
        #expect(work.server.sent("config.json") == work.files["config.json"]?.count)
    }

    @Test func `a cancelled pull ends soon and can be continued`() async throws {
        work.server.misbehave(Workplace.weights, .stall(after: 3000))
        let (stream, signal) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await work.pull {
                if case .progress(let bytes) = $0, bytes >= 3000 { signal.yield() }
            }
        }
        for await _ in stream { break }
        let start = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // A stalled connection alone would be given up after half a minute.
        #expect(ContinuousClock.now - start < .seconds(15))
        try await work.pull()
        #expect(work.server.sent(Workplace.weights) == 5000)
    }
}
