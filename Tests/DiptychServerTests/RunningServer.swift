import Diptych
import DiptychSearch
import DiptychServer
import DiptychTestSupport
import Foundation
import Logging
import ServiceLifecycle
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A server of the small model on a free port, with a store of drawn images where a test wants one.
struct RunningServer: Sendable {
    let port: Int
    let model: CLIPModel
    let store: EmbeddedStore?
    let directory: TemporaryDirectory
    let session: URLSession

    /// Serves while `body` runs.
    ///
    /// - Parameters:
    ///   - images: how many images the store holds; nil for no store.
    ///   - change: changes the options.
    static func run<T: Sendable>(
        images: Int? = nil, change: (inout ServerOptions) throws -> Void = { _ in },
        _ body: (RunningServer) async throws -> T
    ) async throws -> T {
        let directory = try TemporaryDirectory()
        let model = try await TinyModel.load()
        var store: EmbeddedStore?
        if let images {
            try directory.makeFolder("pictures")
            for seed in 0..<images {
                var generator = SeededGenerator(UInt64(seed))
                try directory.write(generator.png(width: 60, height: 40), to: "pictures/\(seed).png")
            }
            let opened = try await EmbeddedStore.open(at: directory.url.appendingPathComponent("store"), for: model)
            if images > 0 {
                _ = try await Indexer(store: opened, model: model).index([directory.path("pictures")])
            }
            store = opened
        }
        var options = ServerOptions(models: [ModelSource(name: "tiny") { model }])
        options.port = 0
        options.store = store
        options.folder = store?.directory
        options.showsPaths = true
        try change(&options)
        let (ports, told) = AsyncStream<Int>.makeStream()
        let server = try DiptychServer(options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) {
            told.yield($0)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server)], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let running = Task {
            defer { told.finish() }
            try await group.run()
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            try await running.value
            throw ServerError("the server ended before it listened")
        }
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = 64
        configuration.httpShouldSetCookies = false
        let running2 = RunningServer(
            port: port, model: model, store: store, directory: directory,
            session: URLSession(configuration: configuration))
        let result: Result<T, any Error>
        do { result = .success(try await body(running2)) } catch { result = .failure(error) }
        running2.session.invalidateAndCancel()
        await group.triggerGracefulShutdown()
        try await running.value
        return try result.get()
    }

    // MARK: Asking

    /// What a server answered.
    struct Answer: Sendable {
        let status: Int
        let headers: [String: String]
        let body: Data

        /// The body as JSON.
        var json: [String: Any] {
            get throws {
                try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any], "\(text)")
            }
        }
        var text: String { String(decoding: body, as: UTF8.self) }
        /// The detail of a problem document.
        var problem: String {
            get throws {
                #expect(headers["content-type"] == "application/problem+json")
                let json = try json
                #expect(json["status"] as? Int == status && json["title"] is String && json["request_id"] is String)
                return try #require(json["detail"] as? String)
            }
        }
    }

    func url(_ path: String) throws -> URL { try #require(URL(string: "http://127.0.0.1:\(port)\(path)")) }

    func send(
        _ method: String, _ path: String, body: Data? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var request = URLRequest(url: try url(path))
        request.httpMethod = method
        request.httpBody = body
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await session.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        var fields: [String: String] = [:]
        for (name, value) in http.allHeaderFields { fields["\(name)".lowercased()] = "\(value)" }
        return Answer(status: http.statusCode, headers: fields, body: data)
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await send("GET", path, headers: headers)
    }

    func post(_ path: String, _ json: [String: Any], headers: [String: String] = [:]) async throws -> Answer {
        try await send(
            "POST", path, body: JSONSerialization.data(withJSONObject: json),
            headers: headers.merging(["Content-Type": "application/json"]) { $1 })
    }

    /// A form: each part has a name, maybe a file's name, and bytes.
    func post(_ path: String, form parts: [(String, String?, [UInt8])]) async throws -> Answer {
        var body = Data()
        for (name, file, bytes) in parts {
            let fileName = file.map { "; filename=\"\($0)\"" } ?? ""
            body += Data("--limit\r\nContent-Disposition: form-data; name=\"\(name)\"\(fileName)\r\n\r\n".utf8)
            body += Data(bytes) + Data("\r\n".utf8)
        }
        body += Data("--limit--\r\n".utf8)
        return try await send(
            "POST", path, body: body, headers: ["Content-Type": "multipart/form-data; boundary=limit"])
    }
}

/// The bytes of a drawn image.
func drawn(_ seed: UInt64) throws -> [UInt8] {
    var generator = SeededGenerator(seed)
    return try generator.png(width: 60, height: 40)
}

/// An image as a data URI.
func dataURI(_ bytes: [UInt8]) -> String { "data:image/png;base64,\(Data(bytes).base64EncodedString())" }

/// Numbers of a JSON list.
func floats(_ value: Any?) throws -> [Float] {
    try #require(value as? [Any]).map { try #require(($0 as? NSNumber)?.floatValue) }
}

/// The largest difference.
func distance(_ a: [Float], _ b: [Float]) -> Float {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
}
