import DiptychSources
import DiptychTestSupport
import Foundation
import Synchronization

/// A server of buckets that answers as Amazon's protocol says it, and misbehaves on request.
final class BucketServer: Sendable {
    enum Fault: Sendable {
        /// This status.
        case status(String, body: String = "", headers: [String] = [])
        /// The connection ends after so many bytes of the body.
        case cut(after: Int)
    }

    private struct State {
        var objects: [String: [UInt8]] = [:]
        var faults: [String: [Fault]] = [:]
        var pageSize = 1000
    }

    private let state = Mutex(State())
    private let server = Mutex<LoopbackServer?>(nil)

    init?() {
        guard
            let started = LoopbackServer(answer: { [weak self] request, _ in
                self?.answer(request) ?? .response("500 Gone")
            })
        else { return nil }
        server.withLock { $0 = started }
    }

    deinit { server.withLock { $0?.stop() } }

    var endpoint: String { "http://127.0.0.1:\(server.withLock { $0?.port ?? 0 })" }
    var requests: [LoopbackServer.Request] { server.withLock { $0?.requests ?? [] } }

    func put(_ key: String, _ bytes: [UInt8]) { state.withLock { $0.objects[key] = bytes } }
    func pages(of size: Int) { state.withLock { $0.pageSize = size } }

    /// Lets the next answers about a key go wrong, one after the other; a list is called by its prefix and `?`.
    func misbehave(_ key: String, _ faults: [Fault]) { state.withLock { $0.faults[key] = faults } }

    /// Options that reach it, without waiting between attempts.
    var options: SourceOptions {
        var options = SourceOptions()
        options.amazon.endpoint = endpoint
        options.retryDelay = .milliseconds(1)
        options.longestRetryDelay = .milliseconds(50)
        return options
    }

    private func answer(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
        let parts = request.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = parts.first?.split(separator: "/").first, bucket == "bucket" else {
            return .response("404 Not Found", body: Array("<Error><Code>NoSuchBucket</Code></Error>".utf8))
        }
        let key = String(parts[0].dropFirst("/bucket/".count)).removingPercentEncoding ?? ""
        let query = Dictionary(
            (parts.count > 1 ? parts[1].split(separator: "&") : []).map { pair in
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(sides[0]), String(sides.last ?? "").removingPercentEncoding ?? "")
            }
        ) { $1 }
        let isList = query["list-type"] == "2"
        let name = isList ? (query["prefix"] ?? "") + "?" : key
        let fault = state.withLock { state -> Fault? in
            guard var faults = state.faults[name], !faults.isEmpty else { return nil }
            let first = faults.removeFirst()
            state.faults[name] = faults
            return first
        }
        if case .status(let status, let body, let headers)? = fault {
            return .response(status, body: Array(body.utf8), headers: headers)
        }
        return isList ? list(query) : object(key, request, fault)
    }

    private func list(_ query: [String: String]) -> LoopbackServer.Answer {
        let (keys, pageSize) = state.withLock { ($0.objects, $0.pageSize) }
        let prefix = query["prefix"] ?? ""
        let after = query["continuation-token"] ?? ""
        var names = keys.keys.filter { $0.hasPrefix(prefix) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var folders: [String] = []
        if query["delimiter"] == "/" {
            folders = Set(
                names.compactMap { name in
                    name.dropFirst(prefix.count).firstIndex(of: "/").map { String(name[...$0]) }
                }
            ).sorted()
            names = names.filter { !$0.dropFirst(prefix.count).contains("/") }
        }
        names = names.filter { after.isEmpty || after.utf8.lexicographicallyPrecedes($0.utf8) }
        let page = names.prefix(pageSize)
        func quoted(_ text: String) -> String {
            (text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "").replacing("%20", with: "+")
        }
        var xml = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><EncodingType>url</EncodingType>"
        xml += "<Prefix>\(quoted(prefix))</Prefix><IsTruncated>\(names.count > page.count)</IsTruncated>"
        if names.count > page.count { xml += "<NextContinuationToken>\(page.last ?? "")</NextContinuationToken>" }
        for name in page {
            xml += "<Contents><Key>\(quoted(name))</Key><LastModified>2024-05-01T12:30:00.000Z</LastModified>"
            xml += "<ETag>&quot;\(name.count)&quot;</ETag><Size>\(keys[name]?.count ?? 0)</Size></Contents>"
        }
        for folder in folders { xml += "<CommonPrefixes><Prefix>\(quoted(folder))</Prefix></CommonPrefixes>" }
        return .response("200 OK", body: Array((xml + "</ListBucketResult>").utf8))
    }

    private func object(
        _ key: String, _ request: LoopbackServer.Request, _ fault: Fault?
    ) -> LoopbackServer.Answer {
        guard let bytes = state.withLock({ $0.objects[key] }) else {
            return .response("404 Not Found", body: Array("<Error><Code>NoSuchKey</Code></Error>".utf8))
        }
        var (status, part, headers) = ("200 OK", bytes, ["ETag: \"\(key.count)\"", "Accept-Ranges: bytes"])
        if let range = request.headers["range"]?.dropFirst("bytes=".count).split(
            separator: "-", omittingEmptySubsequences: false), range.count == 2, let start = Int(range[0])
        {
            guard start < bytes.count else { return .response("416 Range Not Satisfiable") }
            let end = min(Int(range[1]) ?? .max - 1, bytes.count - 1)
            part = Array(bytes[start...end])
            (status, headers) = (
                "206 Partial Content", headers + ["Content-Range: bytes \(start)-\(end)/\(bytes.count)"]
            )
        }
        let whole = part.count
        if case .cut(let count)? = fault { part = Array(part.prefix(count)) }
        return .response(status, body: part, headers: headers, declared: whole)
    }
}
