import DiptychHub
import DiptychTestSupport
import Foundation
import Synchronization
import Testing

/// A hub with one small model, and an empty cache.
struct Workplace {
    static let repository = "someone/tiny-clip"
    static let weights = "model.safetensors"

    let server: HubServer
    let folder: TemporaryDirectory
    let files: [String: [UInt8]]
    var options = HubOptions()

    init() throws {
        server = try #require(HubServer())
        folder = try TemporaryDirectory()
        files = [
            "config.json": Array(#"{"model_type": "clip"}"#.utf8), "tokenizer.json": Array("{}".utf8),
            "preprocessor_config.json": Array(#"{"size": 8}"#.utf8), Self.weights: Self.bytes(5000),
        ]
        // What a repository has besides, and nobody needs.
        let others = ["README.md", "pytorch_model.bin", ".gitattributes", "onnx/model.onnx", "flax_model.msgpack"]
        server.add(
            Self.repository, files.merging(others.map { ($0, Self.bytes(2000, seed: 9)) }, uniquingKeysWith: { $1 }))
        options.endpoint = server.endpoint
        options.retryDelay = .milliseconds(1)
        options.longestRetryDelay = .milliseconds(300)
        options.attempts = 3
    }

    /// Bytes that differ from place to place.
    static func bytes(_ count: Int, seed: Int = 1) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31 &+ seed) ^ ($0 >> 5)) }
    }

    var cache: ModelCache { ModelCache(directory: folder.url.appendingPathComponent("cache")) }
    var name: ModelName { get throws { try ModelName(Self.repository) } }

    func path(_ file: String) throws -> String { try cache.directory(of: name).appendingPathComponent(file).path }

    /// The bytes of a file of the model, or of what is beside it.
    func stored(_ file: String) throws -> [UInt8]? {
        FileManager.default.contents(atPath: try path(file)).map { Array($0) }
    }

    @discardableResult
    func pull(
        _ name: ModelName? = nil, isForced: Bool = false, event: @escaping @Sendable (PullEvent) -> Void = { _ in }
    ) async throws -> ModelCache.Model {
        try await ModelHub(cache: cache, options: options).pull(name ?? self.name, isForced: isForced, event: event)
    }

    /// The error of a pull that has to fail, which must leave no model behind.
    func failure(
        _ name: ModelName? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> HubError {
        let error = try await #require(throws: HubError.self, sourceLocation: sourceLocation) { try await pull(name) }
        #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
        #expect(cache.model(try name ?? self.name) == nil, sourceLocation: sourceLocation)
        return error
    }

    /// The ranges that the host of the large files was asked for.
    var ranges: [String?] { server.contentRequests.map { $0.headers["range"] } }
}

/// Events of a pull, gathered from its thread.
final class Events: Sendable {
    private let list = Mutex<[PullEvent]>([])

    func note(_ event: PullEvent) { list.withLock { $0.append(event) } }

    var all: [PullEvent] { list.withLock { $0 } }

    var retries: Int {
        all.count {
            if case .retrying = $0 { true } else { false }
        }
    }
}
