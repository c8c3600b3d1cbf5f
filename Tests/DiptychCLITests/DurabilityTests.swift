import Foundation
import Testing

/// A store survives the death of the process that writes it, at any moment.
@Suite(.serialized) struct DurabilityTests {
    private struct Stored: Decodable {
        let path: String
        let status: String
    }

    private struct Item: Decodable {
        let path: String
        let embedding: [Float]
    }

    /// Images, and the embeddings of an index that nobody interrupted.
    private struct World {
        let folder: TemporaryFolder
        let reference: [String: [Float]]
        /// How long the undisturbed index took.
        let duration: Duration
        var images: String { folder / "pictures" }

        init(count: Int) throws {
            folder = try TemporaryFolder()
            let drawn = try Command.run(
                "pictures", "--count", "\(count)", "--seed", "5", "--output", folder / "pictures", "--quiet")
            try #require(drawn.status == 0, "\(drawn.error)")
            let start = ContinuousClock.now
            let indexed = try Command.run(
                "index", folder / "pictures", "--store", folder / "reference", "--threads", "1")
            try #require(indexed.status == 0, "\(indexed.error)")
            duration = ContinuousClock.now - start
            reference = try World.export(folder / "reference", in: folder)
            try #require(reference.count == count)
        }

        /// The embeddings of a store by path.
        static func export(_ store: String, in folder: TemporaryFolder) throws -> [String: [Float]] {
            let file = folder / "export.jsonl"
            let result = try Command.run("store", "export", "--store", store, "--output", file)
            try #require(result.status == 0, "\(result.error)")
            let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            return try Dictionary(
                lines.map { try JSONDecoder().decode(Item.self, from: Data($0.utf8)) }.map { ($0.path, $0.embedding) },
                uniquingKeysWith: { first, _ in first })
        }

        /// Checks a store against the reference; `reported` must be in it.
        func check(_ store: String, reported: Set<String>) throws {
            let verified = try Command.run("store", "verify", "--store", store)
            #expect(verified.status == 0, "\(verified.output) \(verified.error)")
            let held = try World.export(store, in: folder)
            #expect(reported.subtracting(held.keys).isEmpty, "reported as stored, and lost")
            for (path, embedding) in held {
                let expected = try #require(reference[path], "\(path) was never indexed")
                #expect(distance(embedding, expected) <= 1e-6, "\(path)")
            }
        }
    }

    /// The paths of whole lines of `index --list`.
    private static func paths(_ output: String) throws -> [String] {
        guard let end = output.lastIndex(of: "\n") else { return [] }
        return try output[...end].split(separator: "\n").filter { $0.hasPrefix("{") }.map {
            try JSONDecoder().decode(Stored.self, from: Data($0.utf8)).path
        }
    }

    /// SplitMix64 (Steele et al. 2014), so that a failure can be repeated.
    private struct Delays {
        var state: UInt64
        /// The longest delay in microseconds: at most 400 ms, and less where indexing would be done by then.
        let longest: UInt64

        init(seed: UInt64, for duration: Duration) {
            state = seed
            longest = UInt64(min(400_000, max(30_000, duration / .microseconds(1))))
        }

        mutating func next() -> UInt32 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return 5_000 + UInt32((z ^ (z >> 31)) % (longest - 5_000))
        }
    }

    /// Half of them at random moments, half at the sharpest.
    private static let kills = 40

    @Test func `kill -9 loses nothing that was reported as stored`() throws {
        let world = try World(count: 120)
        var delays = Delays(seed: 20, for: world.duration)
        var (kills, unfinished, round) = (0, 0, 0)
        while kills < Self.kills {
            round += 1
            try #require(round < 40, "indexing is too fast to be killed: \(kills) kills")
            let store = world.folder / "store-\(round)"
            var reported: Set<String> = []
            while true {
                let run = try Running(["index", world.images, "--store", store, "--list", "--threads", "1"])
                if kills % 2 == 0 {
                    usleep(delays.next())
                } else {
                    // The sharpest moment: the instant at which something new is reported.
                    let lines = Int(delays.next() % 40)
                    while run.process.isRunning, run.outputSize < lines * 60 + 1 { usleep(50) }
                }
                run.send(SIGKILL)
                let result = run.end()
                reported.formUnion(try Self.paths(result.output))
                if result.signal == nil {
                    #expect(result.status == 0, "\(result.error)")
                    break
                }
                kills += 1
                if reported.count < world.reference.count { unfinished += 1 }
                // Before the first transaction there may be no store yet.
                if FileManager.default.fileExists(atPath: store + "/store.sqlite"), !reported.isEmpty {
                    try world.check(store, reported: reported)
                }
                if kills >= Self.kills {
                    let finished = try Command.run("index", world.images, "--store", store, "--list")
                    #expect(finished.status == 0, "\(finished.error)")
                    reported.formUnion(try Self.paths(finished.output))
                    break
                }
            }
            #expect(reported == Set(world.reference.keys))
            try world.check(store, reported: reported)
        }
        #expect(unfinished >= 5, "too few kills in the middle of the work")
    }

    @Test(arguments: [SIGINT, SIGTERM]) func `an interrupt leaves a valid store`(_ signal: Int32) throws {
        let world = try World(count: 160)
        let store = world.folder / "store"
        let run = try Running(["index", world.images, "--store", store, "--list", "--threads", "1"])
        try #require(run.wait { run.output.contains("\n") })
        run.send(signal)
        let result = run.end()
        let paths = Set(try Self.paths(result.output))
        #expect(result.signal == nil && result.output.hasSuffix("\n"))
        #expect(result.status == 128 + signal && result.error.contains("stopped after"), "\(result.error)")
        #expect(paths.count < 160)
        try world.check(store, reported: paths)
        #expect(try Command.run("index", world.images, "--store", store).status == 0)
        try world.check(store, reported: Set(world.reference.keys))
    }

    @Test func `an interrupted embed leaves no file`() throws {
        let folder = try TemporaryFolder()
        let pipe = Pipe()
        let run = try Running(
            ["embed", "--input", "-", "--output", folder / "e.npy"], inputHandle: pipe.fileHandleForReading)
        // What the list is written in shows with its first line.
        pipe.fileHandleForWriting.write(Data((Fixture.images + "/tiny.png\n").utf8))
        try #require(run.wait { !folder.names.isEmpty })
        run.send(SIGINT)
        let result = run.end()
        #expect(result.status == 130 && result.error.contains("was not written"), "\(result.error)")
        #expect(folder.names.isEmpty)
        try pipe.fileHandleForWriting.close()
    }
}
