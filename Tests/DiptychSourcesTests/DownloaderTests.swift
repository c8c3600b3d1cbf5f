import DiptychMedia
import DiptychSources
import DiptychTestSupport
import Foundation
import Synchronization
import Testing

/// Lists of URLs: what is downloaded, what is noted, and what a second run does.
struct DownloaderTests {
    private static let image: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0] + Array("an image".utf8)

    private static func options(_ change: (inout DownloadOptions) -> Void = { _ in }) -> DownloadOptions {
        var options = DownloadOptions()
        (options.addresses, options.retryDelay) = (.everywhere, .milliseconds(1))
        change(&options)
        return options
    }

    /// What a server answers, by path; each is asked for one after the other.
    private final class Answers: Sendable {
        let left: Mutex<[String: [LoopbackServer.Answer]]>
        init(_ answers: [String: [LoopbackServer.Answer]]) { left = Mutex(answers) }

        func next(_ path: String) -> LoopbackServer.Answer {
            left.withLock { left in
                guard let answers = left[path], let first = answers.first else { return .response("404 Not Found") }
                if answers.count > 1 { left[path]?.removeFirst() }
                return first
            }
        }
    }

    private static func server(_ answers: [String: [LoopbackServer.Answer]]) throws -> LoopbackServer {
        let answers = Answers(answers)
        let server = LoopbackServer(answer: { request, _ in answers.next(request.path) })
        return try #require(server)
    }

    private static func ok(_ body: [UInt8], _ headers: [String] = []) -> LoopbackServer.Answer {
        .response("200 OK", body: body, headers: headers)
    }

    @Test("Each URL has its end and its reason, and the same run again asks only for what may end otherwise")
    func ends() throws {
        let other = Self.image + [1]
        let server = try Self.server([
            "/a": [Self.ok(Self.image, ["ETag: \"x\""])], "/same": [Self.ok(Self.image)], "/b": [Self.ok(other)],
            "/busy": [.response("503 Busy"), Self.ok(Self.image)],
            "/down": [.response("503 Busy")], "/page": [Self.ok(Array("<html>".utf8), ["Content-Type: text/html"])],
            "/half": [.response("200 OK", body: Self.image, declared: 100)],
            "/empty": [Self.ok([])],
            "/noai": [Self.ok(Self.image, ["X-Robots-Tag: otherbot: noindex", "X-Robots-Tag: noai"])],
            "/notours": [Self.ok(Self.image, ["X-Robots-Tag: otherbot: noai"])],
        ])
        defer { server.stop() }
        let root = "http://127.0.0.1:\(server.port)"
        let directory = try TemporaryDirectory()
        let names = [
            "/a", "/same", "/b", "/busy", "/down", "/page", "/half", "/empty", "/noai", "/notours", "/gone", "/a",
        ]
        let urls: [String?] = names.map { root + $0 } + ["ftp://x/y", nil]
        let downloader = try Downloader(into: directory.path("out"), options: Self.options())
        var told: [String: DownloadRecord] = [:]
        let summary = try downloader.run(urls) { told[$0.url] = $0 }
        #expect(summary.downloaded == 5 && summary.failed == 6 && summary.refused == 1)
        #expect(summary.repeated == 1 && summary.empty == 1)
        func record(_ path: String) throws -> DownloadRecord { try #require(told[root + path]) }
        let first = try record("/a")
        // The SHA-256 of the bytes, by sha256sum.
        #expect(first.hash == "\(Self.hash)")
        #expect(first.path == "images/\(Self.hash.prefix(2))/\(Self.hash).jpg" && first.etag == "x")
        #expect(try directory.bytes("out/" + (first.path ?? "")) == Self.image)
        #expect(try record("/same").path == first.path && record("/busy").status == .downloaded)
        #expect(try record("/down").isTransient && record("/half").isTransient && !record("/gone").isTransient)
        #expect(try record("/gone").reason == "the server answers 404" && record("/gone").httpStatus == 404)
        #expect(try record("/page").reason?.contains("text/html") == true)
        #expect(try record("/noai").reason?.contains("noai") == true)
        #expect(try record("/notours").status == .downloaded)
        try downloader.finish(urls)
        let lines = String(decoding: try directory.bytes("out/downloads.jsonl"), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 12 && lines[0].contains("/a\"") && lines[11].contains("ftp://"))

        let asked = server.requests.count
        let again = try Downloader(into: directory.path("out"), options: Self.options()).run(urls)
        #expect(again.present == 5 && again.downloaded == 0)
        let paths = Set(server.paths.dropFirst(asked))
        #expect(paths == ["/down", "/half"])
        let before = server.requests.count
        _ = try Downloader(into: directory.path("out"), options: Self.options { $0.retry = .failed }).run(urls)
        #expect(Set(server.paths.dropFirst(before)) == ["/down", "/half", "/gone", "/page", "/empty"])
        let heedless = try Downloader(
            into: directory.path("out"), options: Self.options { $0.heedsReservations = false })
        #expect(try heedless.run(urls).downloaded == 1)
    }

    private static let hash = "2fd52d01957c13477e59160756f5d5807ceefec039e63be2c6384b7dc9c2cb44"

    @Test("What a killed run left of a line goes, and the lines before it count")
    func cutState() throws {
        let server = try Self.server(["/a": [Self.ok(Self.image)], "/b": [Self.ok(Self.image)]])
        defer { server.stop() }
        let root = "http://127.0.0.1:\(server.port)"
        let directory = try TemporaryDirectory()
        try directory.makeFolder("out")
        let whole = "{\"url\":\"\(root)/a\",\"status\":\"downloaded\",\"path\":\"images/x.jpg\"}\n"
        try directory.write(whole + "{\"url\":\"\(root)/b\",\"sta", to: "out/downloads.jsonl")
        let downloader = try Downloader(into: directory.path("out"), options: Self.options())
        let summary = try downloader.run(["\(root)/a", "\(root)/b"])
        #expect(summary.present == 1 && summary.downloaded == 1)
        #expect(server.paths == ["/b"])
        // Another process may not write into it meanwhile.
        #expect(throws: SourceError.self) { try Downloader(into: directory.path("out"), options: Self.options()) }
    }

    @Test("Private addresses are refused unless they are allowed, also behind a redirect")
    func privateAddresses() throws {
        let server = try Self.server(["/a": [Self.ok(Self.image)]])
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        let options = Self.options { $0.addresses = .publicOnly }
        var told: [DownloadRecord] = []
        _ = try Downloader(into: directory.path("out"), options: options)
            .run(["http://127.0.0.1:\(server.port)/a", "http://localhost:\(server.port)/a"]) { told.append($0) }
        #expect(told.count == 2 && told.allSatisfy { $0.reason?.contains("not a public address") == true })
        #expect(server.requests.isEmpty)
    }

    @Test("A slow host keeps no other waiting, and a host has so many connections at most")
    func hosts() throws {
        let active = Mutex((now: 0, most: 0))
        let started = LoopbackServer(answer: { _, _ in
            active.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            Thread.sleep(forTimeInterval: 0.05)
            active.withLock { $0.now -= 1 }
            return Self.ok(Self.image)
        })
        let slow = try #require(started)
        let fast = try Self.server(["/a": [Self.ok(Self.image)]])
        defer {
            slow.stop()
            fast.stop()
        }
        let directory = try TemporaryDirectory()
        var order: [String] = []
        let urls = (0..<20).map { "http://127.0.0.1:\(slow.port)/\($0)" } + ["http://127.0.0.1:\(fast.port)/a"]
        let options = Self.options { $0.connectionsPerHost = 2 }
        _ = try Downloader(into: directory.path("out"), options: options).run(urls) { order.append($0.url) }
        #expect(order.count == 21 && order.firstIndex(of: urls[20]) ?? 99 < 15)
        #expect(active.withLock { $0.most } <= 2)
    }

    @Test(
        "Reservations are those of every program or of this one",
        arguments: [
            ("noai", true), ("NoImageAI, max-snippet: 5", true), ("max-image-preview: large, noindex", true),
            ("otherbot: noai, nofollow", false), ("diptych: noai", true), ("nofollow", false),
            ("unavailable_after: 25 Jun 2030", false), ("", false),
        ])
    func reservations(value: String, isReserved: Bool) throws {
        let server = try Self.server(["/a": [Self.ok(Self.image, ["X-Robots-Tag: \(value)"])]])
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        let summary = try Downloader(into: directory.path("out"), options: Self.options())
            .run(["http://127.0.0.1:\(server.port)/a"])
        #expect(summary.refused == (isReserved ? 1 : 0) && summary.downloaded == (isReserved ? 0 : 1))
    }
}
