#if Milvus
    import DiptychMilvus
    import Foundation
    import Testing

    /// A server that is killed, away or slow: nothing acknowledged is lost, and work goes on by itself.
    @Suite("Milvus faults", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing), .serialized)
    struct FaultTests {
        private let dimension = 8

        @Test func aServerKilledDuringWritesLosesNothingAcknowledged() async throws {
            let server = try await MilvusServer(start: 2)
            let collection = MilvusCollection(
                client: try MilvusClient(try server.address("killed")), layout: .items(dimension: dimension))
            try await collection.create(description: "{}")
            let dimension = dimension
            // Batches go on through the server's death and return; each is acknowledged at last.
            let writer = Task {
                for batch in 0..<120 {
                    let rows = Rows(batch * 50..<(batch + 1) * 50, dimension: dimension)
                    try await collection.upsert(rows.columns, rows: rows.count)
                    if batch < 60 { try await Task.sleep(for: .milliseconds(20)) }
                }
            }
            try await Task.sleep(for: .milliseconds(700))
            try await server.crash()
            try await Task.sleep(for: .milliseconds(500))
            try await server.restart()
            try await writer.value
            #expect(try await collection.count("id > 0") == 6000)
            // All of them are found, too, after a second death without any write between.
            try await server.crash()
            try await server.restart()
            #expect(try await collection.count("id > 0") == 6000)
            let rows = Rows(0..<6000, dimension: dimension)
            let found = try await collection.search(
                [rows.vector(4321)], limit: 1, filter: "", fields: ["path"], everywhere: true)
            #expect(try found.table.texts("path") == [rows.paths[4321]])
            try await server.crash()
        }

        @Test func aServerThatIsAwayOrSlowIsSaidAndComesBack() async throws {
            let server = try await MilvusServer(start: 3)
            let address = try server.address("slow")
            let collection = MilvusCollection(client: try MilvusClient(address), layout: .items(dimension: dimension))
            try await collection.create(description: "{}")
            try await collection.upsert(Rows(0..<10, dimension: dimension).columns, rows: 10)
            // Held for less than its session lasts (5 s), or its parts would lose each other.
            await server.freeze()
            let late = Task { [dimension] in
                try await collection.upsert(Rows(10..<20, dimension: dimension).columns, rows: 10)
            }
            try await Task.sleep(for: .seconds(1))
            await server.thaw()
            try await late.value
            #expect(try await collection.count("id > 0") == 20)
            await server.freeze()
            let start = ContinuousClock.now
            let error = await #expect(throws: MilvusError.self) {
                try await MilvusClient(address).connect(within: .seconds(1))
            }
            #expect(error?.kind == .unreachable)
            #expect(start.duration(to: .now) < .seconds(6))
            await server.thaw()
            #expect(try await collection.count("id > 0") == 20)
            // A call that waits ends at once when its task is cancelled.
            await server.freeze()
            let waiting = Task { try await collection.count("id > 0") }
            try await Task.sleep(for: .milliseconds(200))
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            await server.thaw()
            try await server.crash()
        }

        @Test func writersAndSearchersAtTheSameTime() async throws {
            let address = try await MilvusServer.shared.value.address("crowd")
            let collection = MilvusCollection(client: try MilvusClient(address), layout: .items(dimension: dimension))
            try await collection.create(description: "{}")
            let dimension = dimension
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        // Each through its own connection; two write the same rows.
                        let own = MilvusCollection(
                            client: try MilvusClient(address), layout: .items(dimension: dimension))
                        for batch in 0..<10 {
                            let first = (writer / 2) * 500 + batch * 50
                            let rows = Rows(first..<first + 50, dimension: dimension)
                            try await own.upsert(rows.columns, rows: rows.count)
                        }
                    }
                }
                for searcher in 0..<2 {
                    group.addTask {
                        for number in 0..<50 {
                            _ = try await collection.search(
                                [Rows.unit(dimension, seed: UInt64(searcher * 100 + number))], limit: 5, filter: "",
                                fields: [],
                                everywhere: false)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await collection.count("id > 0") == 1000)
            try await collection.drop()
        }
    }
#endif
