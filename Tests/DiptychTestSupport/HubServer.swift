import Crypto
import Foundation
import Synchronization

/// A model hub on this machine, which speaks the protocol of the Hugging Face hub: lists of files, hashes in headers,
/// large files by redirect to another host, ranges. It misbehaves on request.
public final class HubServer: Sendable {
    /// How one response goes wrong.
    public enum Fault: Sendable {
        /// This status, such as "503 Busy", with these headers.
        case status(String, [String] = [])
        /// The connection ends after so many bytes of the body.
        case cut(after: Int)
        /// The connection says nothing more after so many bytes of the body.
        case stall(after: Int)
        /// These bytes in place of the file's, with a length that is right for them.
        case bytes([UInt8])
        /// The file, and after it, without an announced length, so many bytes more.
        case endless(Int)
        /// A redirect to this URL.
        case redirect(String)
        /// Another range than the one asked for.
        case wrongRange
    }

    private struct State {
        var repositories: [String: [String: [UInt8]]] = [:]
        var archives: [String: [UInt8]] = [:]
        var faults: [String: [Fault]] = [:]
        var sent: [String: Int] = [:]
        var token: String?
        var listsHashes = true
        var announcedSizes: [String: Int] = [:]
        var blobs: [String: (name: String, bytes: [UInt8])] = [:]
    }

    private let state = Mutex(State())
    private let servers = Mutex<(hub: LoopbackServer, content: LoopbackServer)?>(nil)

    /// The commit that every revision stands for.
    public static let commit = String(repeating: "0123abcd", count: 5)
    /// Files from this size on come from the other host.
    public static let largeSize = 1000

    /// A hub without repositories, on two free ports; nil when there are none.
    public init?() {
        guard
            let hub = LoopbackServer(answer: { [weak self] request, _ in
                self?.answer(request) ?? .response("500 Gone")
            }),
            let content = LoopbackServer(answer: { [weak self] request, _ in
                self?.content(request) ?? .response("500 Gone")
            })
        else { return nil }
        servers.withLock { $0 = (hub, content) }
    }

    deinit { stop() }

    /// Answers nobody any more.
    public func stop() {
        servers.withLock {
            $0?.hub.stop()
            $0?.content.stop()
            $0 = nil
        }
    }

    // MARK: What it has

    /// Adds a repository.
    public func add(_ repository: String, _ files: [String: [UInt8]]) {
        state.withLock { $0.repositories[repository] = files }
    }

    /// Adds a file outside the hub.
    public func addArchive(_ path: String, _ bytes: [UInt8]) { state.withLock { $0.archives[path] = bytes } }

    /// Lets the next responses that carry the file go wrong, one after the other. A list of files is called "list".
    public func misbehave(_ file: String, _ faults: Fault...) { state.withLock { $0.faults[file] = faults } }

    /// Asks for a token from now on.
    public func require(token: String) { state.withLock { $0.token = token } }

    /// Says nothing of sizes and hashes in lists from now on, as a simple mirror does.
    public func hideHashesInLists() { state.withLock { $0.listsHashes = false } }

    /// Announces a size that a file does not have.
    public func announce(_ file: String, size: Int) { state.withLock { $0.announcedSizes[file] = size } }

    // MARK: What was asked of it

    /// What names stand for.
    public var endpoint: String { "http://127.0.0.1:\(port)" }
    /// The port of the hub itself.
    public var port: Int { servers.withLock { $0?.hub.port ?? 0 } }
    /// The port of the host that has the large files.
    public var contentPort: Int { servers.withLock { $0?.content.port ?? 0 } }

    /// The requests to the hub itself.
    public var requests: [LoopbackServer.Request] { servers.withLock { $0?.hub.requests ?? [] } }
    /// The requests to the host that has the large files.
    public var contentRequests: [LoopbackServer.Request] { servers.withLock { $0?.content.requests ?? [] } }
    /// The connections to either.
    public var connections: Int { servers.withLock { ($0?.hub.connections ?? 0) + ($0?.content.connections ?? 0) } }

    /// How many bytes of a file's content were sent.
    public func sent(_ file: String) -> Int { state.withLock { $0.sent[file] ?? 0 } }

    // MARK: The hub

    /// The answer of the hub itself; also what a proxy in front of it gives.
    public func answer(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
        let (token, archives) = state.withLock { ($0.token, $0.archives) }
        let path = request.path.split(separator: "?").first.map(String.init) ?? ""
        if let bytes = archives[path] {
            return file((path as NSString).lastPathComponent, bytes, tag: "\"archive\"", request)
        }
        if let token, request.headers["authorization"] != "Bearer \(token)" {
            return .response("401 Unauthorized", headers: ["X-Error-Code: GatedRepo"])
        }
        let parts = path.split(separator: "/").map { String($0).removingPercentEncoding ?? "" }
        if parts.count == 6, parts[0] == "api", parts[1] == "models", parts[4] == "revision" {
            return list("\(parts[2])/\(parts[3])")
        }
        guard parts.count == 5, parts[2] == "resolve" else { return .response("404 Not Found") }
        guard let files = state.withLock({ $0.repositories["\(parts[0])/\(parts[1])"] }) else {
            return .response("401 Unauthorized", headers: ["X-Error-Code: RepoNotFound"])
        }
        guard let bytes = files[parts[4]] else {
            return .response("404 Not Found", headers: ["X-Error-Code: EntryNotFound"])
        }
        let commit = "X-Repo-Commit: \(Self.commit)"
        guard bytes.count >= Self.largeSize else {
            return file(parts[4], bytes, tag: "\"\(Self.gitBlob(bytes))\"", request, headers: [commit])
        }
        let digits = Self.sha256(bytes)
        state.withLock { $0.blobs[digits] = (parts[4], bytes) }
        return .response(
            "302 Found", body: Array("Found. Redirecting".utf8),
            headers: [
                commit, "ETag: \"other\"", "X-Linked-ETag: \"\(digits)\"", "X-Linked-Size: \(size(parts[4], bytes))",
                "Location: http://127.0.0.1:\(contentPort)/\(digits)?signature=secret",
            ])
    }

    /// What a proxy answers that forwards to the hub, under whatever name, and to the host of the large files.
    public func forwarded(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
        guard let url = URL(string: request.path), url.scheme == "http" else { return .response("400 Bad Request") }
        let query = url.query.map { "?\($0)" } ?? ""
        let inner = LoopbackServer.Request(path: url.path(percentEncoded: true) + query, headers: request.headers)
        return url.port == contentPort ? content(inner) : answer(inner)
    }

    private func size(_ name: String, _ bytes: [UInt8]) -> Int {
        state.withLock { $0.announcedSizes[name] } ?? bytes.count
    }

    private func list(_ repository: String) -> LoopbackServer.Answer {
        if let fault = nextFault("list") { return answer(fault, [], "", headers: []) }
        guard let files = state.withLock({ $0.repositories[repository] }) else {
            return .response("401 Unauthorized", headers: ["X-Error-Code: RepoNotFound"])
        }
        let listsHashes = state.withLock { $0.listsHashes }
        let siblings = files.map { name, bytes -> [String: Any] in
            guard listsHashes else { return ["rfilename": name] }
            var sibling: [String: Any] = [
                "rfilename": name, "size": size(name, bytes), "blobId": Self.gitBlob(bytes),
            ]
            if bytes.count >= Self.largeSize {
                sibling["lfs"] = ["sha256": Self.sha256(bytes), "size": size(name, bytes), "pointerSize": 134]
            }
            return sibling
        }
        let document: [String: Any] = ["id": repository, "sha": Self.commit, "siblings": siblings]
        let json = (try? JSONSerialization.data(withJSONObject: document)) ?? Data()
        return .response("200 OK", body: Array(json), headers: ["Content-Type: application/json"])
    }

    // MARK: Content

    private func content(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
        let digits = String(request.path.dropFirst().prefix { $0 != "?" })
        guard let blob = state.withLock({ $0.blobs[digits] }) else { return .response("404 Not Found") }
        return file(blob.name, blob.bytes, tag: "\"content-\(digits.prefix(8))\"", request)
    }

    private func nextFault(_ name: String) -> Fault? {
        state.withLock { state in
            guard let first = state.faults[name]?.first else { return nil }
            state.faults[name]?.removeFirst()
            return first
        }
    }

    private func file(
        _ name: String, _ bytes: [UInt8], tag: String, _ request: LoopbackServer.Request, headers: [String] = []
    ) -> LoopbackServer.Answer {
        var headers = headers + ["ETag: \(tag)", "Accept-Ranges: bytes"]
        var status = "200 OK"
        var body = bytes
        let isSame = request.headers["if-range"].map { $0 == tag } ?? true
        if isSame, let range = request.headers["range"], let first = Int(range.dropFirst(6).prefix { $0.isNumber }) {
            guard first < bytes.count else {
                return .response("416 Range Not Satisfiable", headers: ["Content-Range: bytes */\(bytes.count)"])
            }
            status = "206 Partial Content"
            body = Array(bytes[first...])
            headers.append("Content-Range: bytes \(first)-\(bytes.count - 1)/\(bytes.count)")
        }
        if let fault = nextFault(name) {
            let answer = answer(fault, body, status, headers: headers)
            if case .cut(let count) = fault { tally(name, count) }
            if case .stall(let count) = fault { tally(name, count) }
            return answer
        }
        tally(name, body.count)
        return .response(status, body: body, headers: headers)
    }

    private func tally(_ name: String, _ bytes: Int) { state.withLock { $0.sent[name, default: 0] += bytes } }

    private func answer(
        _ fault: Fault, _ body: [UInt8], _ status: String, headers: [String]
    ) -> LoopbackServer.Answer {
        switch fault {
        case .status(let status, let more): return .response(status, body: Array("no".utf8), headers: more)
        case .cut(let count):
            return .response(status, body: Array(body.prefix(count)), headers: headers, declared: body.count)
        case .stall(let count):
            var answer = LoopbackServer.Answer.response(
                status, body: Array(body.prefix(count)), headers: headers, declared: body.count)
            answer.isHeld = true
            return answer
        case .bytes(let bytes): return .response("200 OK", body: bytes, headers: headers)
        case .endless(let more):
            let head = (["HTTP/1.1 200 OK", "Connection: close"] + headers + ["", ""]).joined(separator: "\r\n")
            return LoopbackServer.Answer(bytes: Array(head.utf8) + body + [UInt8](repeating: 7, count: more))
        case .redirect(let url): return .response("302 Found", headers: ["Location: \(url)"])
        case .wrongRange:
            let others = headers.filter { !$0.hasPrefix("Content-Range") } + ["Content-Range: bytes 1-9/10"]
            return .response("206 Partial Content", body: body, headers: others)
        }
    }

    // MARK: Hashes

    /// The SHA-256 of bytes, in hexadecimal.
    public static func sha256(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

    /// Git's name for bytes.
    public static func gitBlob(_ bytes: [UInt8]) -> String {
        hexadecimal(Insecure.SHA1.hash(data: Array("blob \(bytes.count)\0".utf8) + bytes))
    }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        digest.map { String(format: "%02x", $0) }.joined()
    }
}
