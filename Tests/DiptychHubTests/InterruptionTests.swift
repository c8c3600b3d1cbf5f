import DiptychHub
import DiptychTestSupport
import Foundation
import Testing

/// Connections that end, servers that are busy: what was transferred is not transferred again.
struct InterruptionTests {
    let work: Workplace

    init() throws { work = try Workplace() }

    @Test func `a cut connection is continued`() async throws {
        work.server.misbehave(Workplace.weights, .cut(after: 1000), .cut(after: 1500))
        let events = Events()
        try await work.pull { events.note($0) }
        #expect(try work.stored(Workplace.weights) == work.files[Workplace.weights])
        #expect(work.ranges == [nil, "bytes=1000-", "bytes=2500-"])
        let tag = "\"content-\(HubServer.sha256(Workplace.bytes(5000)).prefix(8))\""
        #expect(work.server.contentRequests.map { $0.headers["if-range"] } == [nil, tag, tag])
        #expect(work.server.sent(Workplace.weights) == 5000)
        #expect(events.retries == 2)
    }

    @Test func `a later run continues where an earlier one ended`() async throws {
        var once = work
        once.options.attempts = 1
        work.server.misbehave(Workplace.weights, .cut(after: 3200))
        let error = try await once.failure()
        #expect(error.kind == .network && error.subject.contains(Workplace.weights))
        #expect(try work.stored(Workplace.weights) == nil)
        #expect(try work.stored("model.safetensors.partial")?.count == 3200)
        #expect(try work.cache.isPartial(work.name))
        #expect(try work.cache.missingFiles(of: work.name) == [Workplace.weights])
        let events = Events()
        try await work.pull { events.note($0) }
        #expect(work.server.sent(Workplace.weights) == 5000)
        #expect(work.server.sent("config.json") == work.files["config.json"]?.count)
        #expect(try work.stored(Workplace.weights) == work.files[Workplace.weights])
        let small = work.files.values.reduce(-5000) { $0 + $1.count }
        #expect(events.all.first == .started(files: 4, bytes: 5000 + small, present: 3200 + small))
    }

    @Test func `a download that was complete but not in place is only verified`() async throws {
        try await work.pull()
        try FileManager.default.moveItem(
            atPath: work.path(Workplace.weights), toPath: work.path("model.safetensors.partial"))
        let tag = "SHA-256 \(HubServer.sha256(Workplace.bytes(5000)))\n"
        try Data(tag.utf8).write(to: URL(fileURLWithPath: work.path("model.safetensors.partial.tag")))
        let connections = work.server.contentRequests.count
        try await work.pull()
        #expect(work.server.contentRequests.count == connections)
        #expect(try work.stored(Workplace.weights) == work.files[Workplace.weights])
    }

    @Test func `what belongs to other bytes is not continued`() async throws {
        var once = work
        once.options.attempts = 1
        work.server.misbehave(Workplace.weights, .cut(after: 3200))
        _ = try await once.failure()
        let newer = Workplace.bytes(5000, seed: 77)
        work.server.add(Workplace.repository, work.files.merging([Workplace.weights: newer]) { $1 })
        try await work.pull()
        #expect(try work.stored(Workplace.weights) == newer)
        #expect(work.ranges == [nil, nil])
    }

    @Test func `a damaged beginning is noticed, and all of it fetched again`() async throws {
        var once = work
        once.options.attempts = 1
        work.server.misbehave(Workplace.weights, .cut(after: 3200))
        _ = try await once.failure()
        let partial = try work.path("model.safetensors.partial")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: partial))
        try #require(bytes.count == 3200)
        bytes[17] ^= 1
        try bytes.write(to: URL(fileURLWithPath: partial))
        try await work.pull()
        #expect(try work.stored(Workplace.weights) == work.files[Workplace.weights])
        #expect(work.ranges == [nil, "bytes=3200-", nil])
    }

    @Test func `a server that sends another range is not believed`() async throws {
        work.server.misbehave(Workplace.weights, .cut(after: 1000), .wrongRange)
        try await work.pull()
        #expect(try work.stored(Workplace.weights) == work.files[Workplace.weights])
        #expect(work.ranges == [nil, "bytes=1000-", nil])
    }

    @Test func `a refused range means starting over`() async throws {
        work.server.misbehave(Workplace.weights, .cut(after: 1000), .status("416 Range Not Satisfiable"))
        try await work.pull()
        #expect(try work.stored(Workplace.weights) == work.files[Workplace.weights])
        #expect(work.ranges == [nil, "bytes=1000-", nil])
    }

    @Test func `a stalled connection is given up and continued`() async throws {
        var work = work
        work.options.stallTimeout = .milliseconds(100)
        work.server.misbehave(Workplace.weights, .stall(after: 1000))
        try await work.pull()
        #expect(work.ranges == [nil, "bytes=1000-"])
    }

    @Test func `a short file that claims to be whole is completed`() async throws {
        work.server.misbehave(Workplace.weights, .bytes(Array(Workplace.bytes(5000).prefix(2000))))
        try await work.pull()
        #expect(try work.stored(Workplace.weights) == work.files[Workplace.weights])
        #expect(work.ranges == [nil, "bytes=2000-"])
    }

    // MARK: Busy servers

    @Test func `a busy server is asked again, a few times`() async throws {
        let busy = HubServer.Fault.status("503 Busy")
        work.server.misbehave("list", busy, .status("500 Oops"))
        work.server.misbehave(Workplace.weights, busy, busy)
        try await work.pull()
        #expect(work.server.contentRequests.count == 3)
        work.server.add("a/b", work.files)
        work.server.misbehave("list", busy, busy, busy, busy)
        let error = try await work.failure(ModelName("a/b"))
        #expect(error.kind == .server && error.reason.contains("503") && error.reason.contains("3 attempts"))
        #expect(work.server.requests.count { $0.path.hasPrefix("/api/models/a/b/") } == 3)
    }

    @Test(arguments: [false, true])
    func `a server's wish to wait is heard, within bounds`(_ isDate: Bool) async throws {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let wish = isDate ? formatter.string(from: Date(timeIntervalSinceNow: 3600)) : "3600"
        work.server.misbehave("list", .status("429 Too Many Requests", ["Retry-After: \(wish)"]))
        let events = Events()
        let start = ContinuousClock.now
        try await work.pull { events.note($0) }
        // Without the header the wait would be about a millisecond; an hour is too long.
        #expect(ContinuousClock.now - start >= .milliseconds(300))
        #expect(
            events.all.contains {
                if case .retrying(let reason, let delay) = $0 {
                    reason.contains("429") && delay == .milliseconds(300)
                } else {
                    false
                }
            })
    }

    @Test func `nobody there`() async throws {
        var work = work
        work.server.stop()
        work.options.endpoint = "http://127.0.0.1:9"
        let error = try await work.failure()
        #expect(error.kind == .network && error.reason.contains("127.0.0.1:9"), "\(error)")
    }
}
