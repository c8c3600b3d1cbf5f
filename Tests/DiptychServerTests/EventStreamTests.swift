import DiptychServer
import Foundation
import Synchronization
import Testing

/// Streams of events: the feed, one listener, and the server's own stream over a socket.
@Suite struct EventStreamTests {
    // MARK: The feed

    @Test func eventsAsTheStandardWritesThem() {
        let feed = EventFeed()
        feed.send("one\ntwo\r\nthree\r", name: "note")
        feed.send("")
        let listener = feed.listen {}
        let event = feed.events(after: 0, for: listener).events[0]
        #expect(EventStreams.text(of: event, identifier: "7") == "id: 7\ndata: \n\n")
        let first = EventFeed(keeping: 2)
        first.send("one\ntwo\r\nthree\r", name: "note")
        let note = first.events(after: 0, for: first.listen {}).events[0]
        #expect(
            EventStreams.text(of: note, identifier: "a-1")
                == "id: a-1\nevent: note\ndata: one\ndata: two\ndata: three\ndata: \n\n")
    }

    @Test func aFeedKeepsItsLastEvents() {
        let feed = EventFeed(keeping: 3)
        for number in 1...10 { feed.send("\(number)") }
        let listener = feed.listen {}
        let (events, areAll) = feed.events(after: 0, for: listener)
        #expect(events.map(\.data) == ["8", "9", "10"] && !areAll)
        #expect(feed.events(after: 9, for: listener).events.map(\.data) == ["10"])
        // Who comes back says which one was the last; what another process said means nothing here.
        #expect(feed.number(of: feed.identifier(of: events[1])) == 9)
        let other = EventFeed()
        for _ in 1...9 { other.send("") }
        for wrong in [other.identifier(of: events[1]), "9", "", "-", feed.identifier(of: events[2]) + "0", nil] {
            #expect(feed.number(of: wrong) == 0)
        }
        feed.finish()
        #expect(feed.events(after: 10, for: listener) == ([], true))
    }

    @Test func aSourceWorksWhileSomebodyListens() async throws {
        let runs = Mutex((begun: 0, ended: 0))
        let feed = EventFeed { feed in
            let run = runs.withLock { runs in
                runs.begun += 1
                return runs.begun
            }
            defer { runs.withLock { $0.ended += 1 } }
            feed.send("run \(run)")
            // The third one fails.
            if run == 3 { throw CancellationError() }
            try await Task.sleep(for: .seconds(60))
        }
        try await Task.sleep(for: .milliseconds(50))
        #expect(runs.withLock { $0.begun } == 0)
        func heard(_ listener: EventFeed.Listener, _ wanted: String) async -> Bool {
            await until { feed.events(after: 0, for: listener).events.map(\.data) == [wanted] }
        }
        let one = feed.listen {}
        #expect(await heard(one, "run 1"))
        let two = feed.listen {}
        #expect(feed.events(after: 0, for: two).events.map(\.data) == ["run 1"])
        feed.leave(one)
        #expect(runs.withLock { $0.ended } == 0 && feed.isHeard)
        feed.leave(two)
        #expect(await until { runs.withLock { $0.ended } == 1 })
        // What was said before is not told to who comes later.
        let three = feed.listen {}
        #expect(await heard(three, "run 2"))
        feed.leave(three)
        let four = feed.listen {}
        #expect(await until { feed.events(after: 0, for: four).areAll })
        // A listener that comes after a failure begins again, also while others have not left yet.
        let five = feed.listen {}
        #expect(await until { runs.withLock { $0.begun } == 4 })
        #expect(!feed.events(after: 0, for: five).areAll && feed.events(after: 0, for: four).areAll)
    }

    // MARK: One listener

    private static let limits = EventLimits(listeners: 2, heartbeat: .seconds(60), slowest: .milliseconds(300))

    @Test func whoReadsNothingIsDropped() async throws {
        let streams = EventStreams(Self.limits), feed = EventFeed()
        let (stuck, told) = AsyncStream<Void>.makeStream()
        let written = Mutex(0)
        let begin = ContinuousClock.now
        await #expect(throws: CancellationError.self) {
            try await streams.follow(
                feed, after: 0, watch: { _ in for number in 1...10_000 { feed.send("\(number)") } }, isWanted: { true },
                drop: { told.finish() }
            ) { text in
                written.withLock { $0 += text.utf8.count }
                guard text.hasPrefix("id: ") else { return }
                for await _ in stuck {}
                throw CancellationError()
            }
        }
        #expect((.milliseconds(250) ... .seconds(5)).contains(ContinuousClock.now - begin))
        // One event was on its way, and no others waited.
        #expect(written.withLock { $0 } < 100)
        #expect(!feed.isHeard)
    }

    @Test func whoReadsSlowlyGetsTheNewest() async throws {
        let streams = EventStreams(Self.limits), feed = EventFeed()
        let sending = Task {
            for number in 1...100 {
                feed.send("\(number)")
                try await Task.sleep(for: .milliseconds(2))
            }
            feed.finish()
        }
        let written = Mutex<[String]>([])
        try await streams.follow(feed, after: 0, watch: { _ in }, isWanted: { true }, drop: {}) { text in
            if let data = text.firstMatch(of: /data: (\d+)/) { written.withLock { $0.append(String(data.1)) } }
            try await Task.sleep(for: .milliseconds(40))
        }
        try await sending.value
        let texts = written.withLock { $0 }
        #expect(texts.last == "100" && texts.count < 50)
        #expect(texts == texts.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) })
    }

    @Test func placesAreLimitedAndComeBack() throws {
        let streams = EventStreams(Self.limits)
        var places = [try streams.place(), try streams.place()]
        #expect(throws: (any Error).self) { try streams.place() }
        #expect(streams.count == 2)
        places.removeLast()
        #expect(streams.count == 1)
        places.append(try streams.place())
        streams.close()
        places.removeAll()
        #expect(streams.count == 0)
        #expect(throws: (any Error).self) { try streams.place() }
    }

    // MARK: The server's stream

    private static let path = "/v1/status/events"

    @Test func theStatusIsToldWhenItChanges() async throws {
        try await RunningServer.run(images: 2) { server in
            let client = try RawClient(server.port)
            defer { client.close() }
            client.send("GET \(Self.path) HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
            #expect(await client.read { $0.contains("\nevent: status\ndata: {") && $0.hasSuffix("\n\n\r\n") })
            let head = client.text.components(separatedBy: "\r\n\r\n")[0].lowercased()
            #expect(head.hasPrefix("http/1.1 200") && head.contains("\r\ncontent-type: text/event-stream\r\n"))
            #expect(head.contains("cache-control: no-store") && head.contains("x-content-type-options: nosniff"))
            #expect(!head.contains("content-encoding") && !head.contains("content-length"))
            #expect(client.text.contains("retry: 2000\n\n"))
            let said = try client.events[0], asked = try await server.get("/v1/status").json
            #expect(Set(said.keys) == Set(asked.keys))
            // At most once a second, however much happens.
            let begin = ContinuousClock.now
            var last = 0
            while ContinuousClock.now - begin < .seconds(3) {
                #expect(try await server.post("/v1/embeddings", ["input": "text \(last)"]).status == 200)
                last += 1
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(
                await client.read { _ in
                    let requests = (try? client.events.last)?["requests"] as? [String: Any]
                    return requests?["total"] as? Int ?? 0 >= last
                })
            let count = try client.events.count
            #expect((2...6).contains(count), "\(count)")
        }
    }

    @Test func silenceIsBrokenAndTheDeadlineDoesNotCount() async throws {
        try await RunningServer.run(change: {
            $0.eventHeartbeat = .milliseconds(200)
            $0.limits.deadline = .milliseconds(500)
        }) { server in
            let client = try RawClient(server.port)
            defer { client.close() }
            client.send("GET \(Self.path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(await client.read { $0.components(separatedBy: "\r\n:\n\n").count > 5 })
            #expect(!client.isOver)
        }
    }

    @Test func whoLeavesMakesRoomAndHeadTakesNone() async throws {
        try await RunningServer.run(change: { $0.eventListeners = 2 }) { server in
            for _ in 0..<5 {
                let head = try await server.send("HEAD", Self.path)
                #expect(head.status == 200 && head.body.isEmpty)
                #expect(head.headers["content-type"] == "text/event-stream")
                #expect(head.headers["content-length"] == nil)
            }
            // Heads alone, without a byte of a body, so that other requests may follow.
            let headed = try RawClient(server.port)
            defer { headed.close() }
            for _ in 0..<2 { headed.send("HEAD \(Self.path) HTTP/1.1\r\nHost: localhost\r\n\r\n") }
            headed.send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            #expect(await headed.read { _ in headed.isOver })
            let answers = headed.text.components(separatedBy: "\r\n\r\n")
            #expect(answers.count == 4 && answers.dropLast().allSatisfy { $0.hasPrefix("HTTP/1.1 200") }, "\(answers)")
            let method = try await server.send("POST", Self.path)
            #expect(method.status == 405 && method.headers["allow"] == "GET, HEAD")
            #expect(try await server.get(Self.path + "?x=1").status == 400)
            let clients = [try RawClient(server.port), try RawClient(server.port)]
            for client in clients {
                client.send("GET \(Self.path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(await client.read { $0.contains("event: status") })
            }
            let refused = try await server.get(Self.path)
            #expect(try refused.status == 503 && refused.problem.contains("2 event streams"))
            #expect(refused.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
            let listeners = try await server.get("/v1/status").json["events"] as? [String: Int]
            #expect(listeners == ["listeners": 2, "limit": 2])
            #expect(try await server.get("/metrics").text.contains("\ndiptych_event_listeners 2.0\n"))
            // One closes its connection, the other its half of it.
            clients[0].close()
            clients[1].endSending()
            #expect(
                await until {
                    (try? await server.get("/v1/status").json["events"] as? [String: Int])?["listeners"] == 0
                })
            #expect(await clients[1].read { _ in clients[1].isOver })
            clients[1].close()
        }
    }

    @Test func openStreamsDoNotKeepTheServer() async throws {
        var clients: [RawClient] = []
        let end = try await RunningServer.run { server in
            for _ in 0..<8 {
                clients.append(try RawClient(server.port))
                clients.last?.send("GET \(Self.path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            }
            for client in clients { #expect(await client.read { $0.contains("event: status") }) }
            return ContinuousClock.now
        }
        // The limit is eight seconds, for those who have something to finish.
        #expect(ContinuousClock.now - end < .seconds(4))
        for client in clients {
            #expect(await client.read { _ in client.isOver })
            // It ended as HTTP has it.
            #expect(client.text.hasSuffix("0\r\n\r\n"))
            client.close()
        }
    }

    @Test func aKeyIsNeededAndCanBeTakenBack() async throws {
        let folder = NSTemporaryDirectory() + "diptych-keys-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (mine, other) = (try APIKeys.make(name: "a", scopes: [.read]), try APIKeys.make(name: "b", scopes: [.read]))
        let path = folder + "/keys.txt"
        try (mine.line + "\n" + other.line + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        let keys = try APIKeys(file: path)
        try await RunningServer.run(change: {
            $0.keys = keys
            $0.eventHeartbeat = .milliseconds(200)
        }) { server in
            #expect(try await server.get(Self.path).status == 401)
            let clients = [try RawClient(server.port), try RawClient(server.port)]
            for (client, key) in zip(clients, [mine.key, other.key]) {
                client.send("GET \(Self.path) HTTP/1.1\r\nHost: localhost\r\nX-API-Key: \(key)\r\n\r\n")
                #expect(await client.read { $0.contains("event: status") })
            }
            try await Task.sleep(for: .milliseconds(1100))
            try (other.line + "\n").write(toFile: path, atomically: true, encoding: .utf8)
            #expect(await clients[0].read { $0.hasSuffix("0\r\n\r\n") })
            #expect(!clients[1].isOver)
            for client in clients { client.close() }
        }
    }
}

/// Waits until something is so, for ten seconds.
func until(_ isSo: () async -> Bool) async -> Bool {
    let end = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < end {
        if await isSo() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}
