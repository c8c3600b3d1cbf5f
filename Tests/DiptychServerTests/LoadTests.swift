import Diptych
import DiptychServer
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// What happens when many come at once, come slowly, or leave.
@Suite struct LoadTests {
    @Test func concurrentRequestsShareWork() async throws {
        try await RunningServer.run { server in
            let expected = try await server.model.embed(texts: (0..<40).map { "text \($0)" })
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let answer = try await server.post("/v1/embeddings", ["input": "text \(number % 40)"])
                        let data = try #require(try answer.json["data"] as? [[String: Any]])
                        #expect(try distance(floats(data[0]["embedding"]), expected[number % 40].values) < 1e-5)
                    }
                }
                try await group.waitForAll()
            }
            let status = try await server.get("/v1/status").json
            let cache = try #require(status["cache"] as? [String: Any])
            #expect(cache["misses"] as? Int == 40 && cache["hits"] as? Int == 160)
            let requests = try #require(status["requests"] as? [String: Any])
            #expect(requests["total"] as? Int ?? 0 >= 200 && requests["failed"] as? Int == 0)
            let latency = try #require(status["latency"] as? [String: [String: Any]])
            #expect(latency["/v1/embeddings"]?["count"] as? Int == 200)
        }
    }

    @Test func metricsAreCounted() async throws {
        try await RunningServer.run(images: 1) { server in
            _ = try await server.post("/v1/search", ["text": "a cat"])
            _ = try await server.post("/v1/search", ["text": ""])
            let text = try await server.get("/metrics").text
            for line in [
                #"diptych_requests_total{route="/v1/search",method="POST",status="200"} 1"#,
                #"diptych_requests_total{route="/v1/search",method="POST",status="400"} 1"#,
                #"diptych_request_seconds_count{route="/v1/search"} 2"#,
                #"diptych_stage_seconds_count{stage="search"} 1"#, #"diptych_batch_size_count{of="texts"} 1"#,
                "diptych_queue_depth 0.0", "# TYPE diptych_request_seconds histogram",
            ] { #expect(text.contains(line), "\(line)\n\(text)") }
            // No two lines of one series, and no type twice.
            let names = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ")[0] }
            #expect(Set(names).count == names.count)
        }
    }

    @Test func aDeadlineEndsARequest() async throws {
        try await RunningServer.run(change: { options in
            options.limits.deadline = .milliseconds(300)
            options.models = [
                ModelSource(name: "never", loadsAtStart: false) {
                    try await Task.sleep(for: .seconds(3))
                    throw ServerError("too late")
                }
            ]
        }) { server in
            let begin = ContinuousClock.now
            let answer = try await server.post("/v1/embeddings", ["input": "a"])
            #expect(try answer.status == 504 && answer.problem.contains("0.3 seconds"))
            #expect(.now - begin < .seconds(2))
            #expect(try await server.get("/health").status == 200)
        }
    }

    @Test func idleAndSlowConnectionsDoNotHinderOthers() async throws {
        try await RunningServer.run(change: { $0.idleTimeout = .seconds(1) }) { server in
            var sockets: [Int32] = []
            defer { for socket in sockets { close(socket) } }
            for number in 0..<300 {
                let descriptor = try connect(to: server.port)
                sockets.append(descriptor)
                // Nothing at all, half a head, half a body.
                let text = [
                    "", "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-",
                    "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"text\"",
                ][number % 3]
                _ = text.withCString { Glibc.send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
            }
            let begin = ContinuousClock.now
            #expect(try await server.post("/v1/embeddings", ["input": "a"]).status == 200)
            #expect(.now - begin < .seconds(2))
            // Those that said nothing are closed.
            try await Task.sleep(for: .seconds(2))
            var byte: UInt8 = 0
            #expect(recv(sockets[0], &byte, 1, Int32(MSG_DONTWAIT)) == 0)
        }
    }

    @Test func clientsThatLeaveTakeTheirWorkAlong() async throws {
        try await RunningServer.run(change: { $0.batches.largestBatch = 1 }) { server in
            let begin = try await misses(server)
            for seed in 0..<60 {
                let descriptor = try connect(to: server.port)
                let body = "{\"input\": \"\(dataURI(try drawn(UInt64(1000 + seed))))\", \"modality\": \"image\"}"
                let text =
                    "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                _ = text.withCString { Glibc.send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                close(descriptor)
            }
            for _ in 0..<100 {
                let status = try await server.get("/v1/status").json
                let requests = try #require(status["requests"] as? [String: Any])
                let queue = try #require(status["queue"] as? [String: Any])
                if requests["active"] as? Int == 1, queue["pictures"] as? Int == 0 { break }
                try await Task.sleep(for: .milliseconds(50))
            }
            let status = try await server.get("/v1/status").json
            #expect((status["requests"] as? [String: Any])?["active"] as? Int == 1)
            #expect((status["queue"] as? [String: Any])?["pictures"] as? Int == 0)
            #expect(try await misses(server) - begin <= 60)
            #expect(try await server.post("/v1/embeddings", ["input": "a"]).status == 200)
        }
    }

    @Test func requestsThatAreCutAreNoFaultOfTheServer() async throws {
        try await RunningServer.run { server in
            let head = "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            for text in [
                head + "Content-Length: 100\r\n\r\n{\"input\"", head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"inp",
                head + "Transfer-Encoding: chunked\r\n\r\nno length\r\n", head + "Content-Le",
            ] {
                let descriptor = try connect(to: server.port)
                defer { close(descriptor) }
                _ = text.withCString { Glibc.send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                shutdown(descriptor, Int32(SHUT_WR))
                // Until the server has closed it, too.
                var bytes = [UInt8](repeating: 0, count: 4096)
                while recv(descriptor, &bytes, bytes.count, 0) > 0 {}
            }
            let requests = try #require(try await server.get("/v1/status").json["requests"] as? [String: Any])
            #expect(requests["failed"] as? Int == 0 && requests["active"] as? Int == 1)
        }
    }

    @Test func stoppingFinishesWhatWasAccepted() async throws {
        let answers = try await RunningServer.run { server in
            let asking = (0..<20).map { number in
                Task {
                    try await server.post("/v1/embeddings", ["input": (0..<20).map { "\(number) and \($0)" }]).status
                }
            }
            var statuses: [Int] = []
            for one in asking { statuses.append(try await one.value) }
            return statuses
        }
        #expect(answers == [Int](repeating: 200, count: 20))
    }

    private func misses(_ server: RunningServer) async throws -> Int {
        let cache = try #require(try await server.get("/v1/status").json["cache"] as? [String: Any])
        return try #require(cache["misses"] as? Int)
    }

    private func connect(to port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        return descriptor
    }
}
