import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// A store that is large enough to have codes survives `kill -9` while it is added to, while things are removed, while it is
/// compacted and while its codes are made anew.
@Suite(.serialized) struct LargeStoreDurabilityTests {
    private static let base = 10_000
    private static let trials = 16

    /// A store with codes, made once, and images to add to it.
    private struct World {
        let folder: TemporaryFolder
        var store: String { folder / "store" }
        var images: String { folder / "pictures" }

        init() async throws {
            folder = try TemporaryFolder()
            let drawn = try Command.run(
                "pictures", "--count", "40", "--seed", "6", "--output", folder / "pictures", "--quiet")
            try #require(drawn.status == 0, "\(drawn.error)")
            let model = try await CLIPModel.load(Fixture.model)
            let store = try await EmbeddedStore.open(
                at: URL(fileURLWithPath: folder / "store", isDirectory: true), for: model)
            var generator = SeededGenerator(5)
            for start in stride(from: 0, to: LargeStoreDurabilityTests.base, by: 1_000) {
                try await store.put(
                    (start..<start + 1_000).map { number in
                        ItemRecord(
                            path: "/random/\(number % 10)/\(number)", content: ContentHash(of: Array("\(number)".utf8)),
                            embedding: Embedding(values: generator.unitVector(model.dimension)),
                            caption: number % 3 == 0 ? "the number \(number)" : nil,
                            attributes: ["number": .integer(Int64(number))])
                    })
            }
        }

        var codes: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: store + "/codes")) ?? []).sorted().filter { name in
                let facts = try? FileManager.default.attributesOfItem(atPath: store + "/codes/" + name)
                return ((facts?[.size] as? NSNumber)?.intValue ?? 0) > 1_000
            }
        }

        /// A copy of the store as it is, under a name of its own.
        func copy(_ name: String, of source: String? = nil) throws -> String {
            let copy = folder / name
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: source ?? store, toPath: copy)
            return copy
        }
    }

    private struct Info: Decodable { let count: Int }
    private struct Found: Decodable {
        struct Result: Decodable { let id: String }
        let results: [Result]
    }

    private func count(_ store: String) throws -> Int {
        let result = try Command.run("store", "info", "--store", store, "--format", "json")
        try #require(result.status == 0, "\(result.error)")
        return try result.json(Info.self).count
    }

    /// Whether the store is whole, and a search by codes finds what a comparison with everything finds.
    private func check(_ store: String) throws {
        let verified = try Command.run("store", "verify", "--store", store)
        #expect(verified.status == 0, "\(verified.output) \(verified.error)")
        let ids = try [[], ["--exact"], ["--filter", "number >= 5000 or not exists number"]].map { options in
            let result = try Command.run(
                ["search", "--store", store, "a cat", "-k", "20", "--format", "json"] + options)
            try #require(result.status == 0, "\(result.error)")
            return try result.json(Found.self).results.map(\.id)
        }
        #expect(ids[0].count == 20 && Set(ids[0]).intersection(ids[1]).count >= 19, "codes lost what is near")
        #expect(ids[2].count == 20)
    }

    /// Runs `diptych` and kills it after a while that differs from trial to trial, up to `longest`.
    private func kill(
        _ arguments: [String], after share: Double, of longest: Duration
    ) throws -> Command.Result {
        let running = try Running(arguments)
        let microseconds = share * Double(longest / .microseconds(1))
        usleep(UInt32(microseconds))
        Foundation.kill(running.process.processIdentifier, SIGKILL)
        return running.end()
    }

    /// How long a command takes when nobody disturbs it.
    private func duration(_ arguments: [String]) throws -> Duration {
        let start = ContinuousClock.now
        let result = try Command.run(arguments)
        try #require(result.status == 0, "\(result.error)")
        return ContinuousClock.now - start
    }

    @Test func `dies at any moment and loses nothing`() async throws {
        let world = try await World()
        #expect(!world.codes.isEmpty, "the store has no codes, so this would prove little")
        try check(world.store)
        let whole = try count(world.store)
        #expect(whole == Self.base)

        // What is done, and which numbers of items the store may have afterwards.
        let removed = try world.copy("removed")
        let gone = (0..<6).map { "/random/\($0)" }
        #expect(try Command.run(["store", "remove", "--store", removed] + gone).status == 0)
        let addition = ["index", world.images, "--quiet", "--store"]
        let removal = ["store", "remove"] + gone + ["--store"]
        var killed = 0
        for (name, source, arguments, counts) in [
            ("add", world.store, addition, whole...whole + 40), ("remove", world.store, removal, whole - 6_000...whole),
            ("compact", removed, ["store", "compact", "--store"], whole - 6_000...whole - 6_000),
            ("rebuild", world.store, ["search", "a cat", "--quiet", "--store"], whole...whole),
        ] {
            let rehearsal = try world.copy("rehearsal", of: source)
            if name == "rebuild" { try FileManager.default.removeItem(atPath: rehearsal + "/codes") }
            var longest = try duration(arguments + [rehearsal])
            for trial in 0..<Self.trials {
                let store = try world.copy("trial", of: source)
                if name == "rebuild" { try FileManager.default.removeItem(atPath: store + "/codes") }
                let result = try kill(
                    arguments + [store], after: (Double(trial) + 0.5) / Double(Self.trials), of: longest)
                if result.signal == SIGKILL {
                    killed += 1
                } else {
                    // The rehearsal met a busier machine.
                    longest = longest * 9 / 10
                }
                try check(store)
                let left = try count(store)
                #expect(counts.contains(left), "\(name), trial \(trial): \(left) items")
                // The same again, to its end.
                let again = try Command.run(arguments + [store])
                #expect([0, 3].contains(again.status), "\(name): \(again.error)")
                #expect(try Command.run("store", "verify", "--store", store).status == 0)
                let end = name == "add" ? whole + 40 : name == "remove" ? whole - 6_000 : left
                #expect(try count(store) == end, "\(name), trial \(trial)")
            }
        }
        print("\(killed) of \(4 * Self.trials) runs were killed")
        #expect(killed >= 50)
    }

    @Test func `torn, foreign and missing code files are made anew`() async throws {
        let world = try await World()
        try #require(!world.codes.isEmpty)
        var generator = SeededGenerator(9)
        for trial in 0..<12 {
            let store = try world.copy("trial")
            let name = world.codes[Int.random(in: 0..<world.codes.count, using: &generator)]
            let path = store + "/codes/" + name
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            switch trial % 4 {
            case 0: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
            case 1: bytes = Data((0..<bytes.count).map { _ in UInt8.random(in: 0...255, using: &generator) })
            case 2: bytes = Data()
            default:
                // A byte of the header.
                bytes[Int.random(in: 0..<32, using: &generator)] ^= 0xFF
            }
            try bytes.write(to: URL(fileURLWithPath: path))
            try checkAfterDamage(store)
        }
    }

    /// Finds the right things first, whatever the files are like; afterwards the store is whole.
    private func checkAfterDamage(_ store: String) throws {
        let found = try Command.run("search", "--store", store, "a cat", "-k", "20", "--format", "json")
        let exact = try Command.run("search", "--store", store, "a cat", "-k", "20", "--exact", "--format", "json")
        #expect(found.status == 0 && exact.status == 0, "\(found.error) \(exact.error)")
        let (a, b) = (try found.json(Found.self).results.map(\.id), try exact.json(Found.self).results.map(\.id))
        #expect(Set(a).intersection(b).count >= 19)
        try check(store)
    }

    @Test func `two writers do not meet`() async throws {
        let world = try await World()
        let first = try Running(["index", world.images, "--quiet", "--store", world.store])
        let others = try (0..<3).map { _ in try Command.run("index", world.images, "--quiet", "--store", world.store)
        }
        let result = first.end()
        #expect(result.status == 0 || result.error.contains("another process"), "\(result.error)")
        for other in others where other.status != 0 {
            #expect(other.status == 1 && other.error.contains("another process"), "\(other.error)")
        }
        let last = try Command.run("index", world.images, "--quiet", "--store", world.store)
        #expect(last.status == 0, "\(last.error)")
        #expect(try count(world.store) == Self.base + 40)
        try check(world.store)
    }
}
