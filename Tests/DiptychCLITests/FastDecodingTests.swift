import DiptychMedia
import Foundation
import Testing

/// `--decode fast`: what it costs in exactness, and that every command keeps to it.
struct FastDecodingTests {
    private static let demo = ["DIPTYCH_MODEL": "demo"]

    private static func embeddings(_ folder: String, decode: String) throws -> [EmbeddedLine] {
        let result = try Command.run(
            "embed", "--image", folder, "--decode", decode, "--quiet", environment: demo)
        #expect(result.status == 0, "\(result.error)")
        return try result.jsonLines()
    }

    /// A large picture of waves, a disc and noise of `noise` levels, from fixed numbers.
    private static func photograph(width: Int, height: Int, noise: Int, seed: UInt64) throws -> Image {
        var state = seed
        let (cx, cy, radius) = (width * 2 / 5, height * 3 / 7, min(width, height) / 4)
        var bytes = [UInt8]()
        bytes.reserveCapacity(width * height * 3)
        for y in 0..<height {
            for x in 0..<width {
                let inside = (x - cx) * (x - cx) + (y - cy) * (y - cy) < radius * radius
                for channel in 0..<3 {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    let wave = (x * (3 + channel) + y * (5 - channel)) / 16 % 120
                    let level = (inside ? 190 - 70 * channel : 60 + wave) + Int(state >> 40) % (2 * noise + 1) - noise
                    bytes.append(UInt8(min(max(level, 0), 255)))
                }
            }
        }
        return try Image(width: width, height: height, bytes: bytes)
    }

    @Test func `embeddings stay within 5e-3 of exact ones on photographs`() throws {
        let folder = try TemporaryFolder()
        let images = folder / "pictures"
        let drawn = try Command.run("pictures", "--count", "60", "--seed", "909", "--output", images, "--quiet")
        #expect(drawn.status == 0, "\(drawn.error)")
        for (index, (width, height)) in [(1600, 1200), (1203, 1807), (2500, 900), (771, 1025)].enumerated() {
            for noise in [2, 12, 40] {
                try Self.photograph(width: width, height: height, noise: noise, seed: UInt64(index))
                    .writeJPEG(to: images + "/large-\(index)-\(noise).jpg", quality: 60 + 10 * index)
            }
        }
        let exact = try Self.embeddings(images, decode: "exact"), fast = try Self.embeddings(images, decode: "fast")
        #expect(exact.count == 72 && exact.map(\.input) == fast.map(\.input))
        let losses = zip(exact, fast).map { distance($0.embedding, $1.embedding) }
        for (line, loss) in zip(exact, losses) { #expect(loss <= 5e-3, "\(line.input)") }
        // All large ones are reduced, so nothing would be measured if they were equal.
        #expect(losses.filter { $0 > 0 }.count >= 12)
    }

    @Test func `a store keeps to the decoding that it was made with, and says which`() throws {
        struct Info: Decodable { let decode: String }
        let folder = try TemporaryFolder()
        let (images, store) = (folder / "pictures", folder / "store")
        try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
        for seed in 0..<3 {
            try Self.photograph(width: 900 + seed, height: 701, noise: 30, seed: UInt64(seed))
                .writeJPEG(to: images + "/\(seed).jpg")
        }
        let index = ["index", images, "--store", store]
        #expect(try Command.run(index + ["--decode", "fast"], environment: Self.demo).status == 0)
        #expect(try Command.run("store", "info", "--store", store, "--format", "json").json(Info.self).decode == "fast")
        #expect(try Command.run("store", "info", "--format", "json", "--store", store).output.contains("fast"))
        // Nothing said means the store's own; anything else is refused.
        let again = try Command.run(index, environment: Self.demo)
        #expect(again.status == 0 && again.output.contains("unchanged 3"), "\(again.error)")
        expectFailure(
            try Command.run(index + ["--decode", "exact"], environment: Self.demo), status: 1, saying: "--decode fast")

        let query = ["search", "--store", store, "--image", images + "/1.jpg", "--format", "json"]
        let own = try #require(try Command.run(query).json(RankedResults.self).results.first)
        #expect(own.path?.hasSuffix("/1.jpg") == true && own.similarity > 0.999999)
        #expect(own.attributes?.width == 901 && own.attributes?.height == 701)
        let exact = try #require(
            try Command.run(query + ["--decode", "exact"]).json(RankedResults.self).results.first)
        #expect(exact.path == own.path && exact.similarity < own.similarity)

        let plain = folder / "plain"
        #expect(try Command.run("index", images, "--store", plain, environment: Self.demo).status == 0)
        #expect(
            try Command.run("store", "info", "--store", plain, "--format", "json").json(Info.self).decode == "exact")
    }

    @Test func `every command that reads images takes it`() throws {
        let folder = try TemporaryFolder()
        let path = folder / "large.jpg"
        try Self.photograph(width: 1210, height: 905, noise: 40, seed: 4).writeJPEG(to: path)
        let exact = ["similarity", "--query-image", path, "--image", path, "--format", "json", "--decode", "exact"]
        let fast = exact.dropLast() + ["fast"]
        for arguments in [exact, Array(fast)] {
            let result = try Command.run(arguments, environment: Self.demo)
            let best = try #require(try result.json(RankedResults.self).results.first)
            #expect(best.similarity > 0.999999, "\(result.error)")
        }
        func classes(_ decode: String) throws -> String {
            let result = try Command.run(
                "classify", path, "--label", "a disc", "--label", "a star", "--format", "json", "--decode", decode,
                environment: Self.demo)
            #expect(result.status == 0, "\(result.error)")
            return result.output
        }
        let (slow, quick) = (try classes("exact"), try classes("fast"))
        #expect(slow != quick, "the probabilities differ a little")
        let pixels = folder / "pixels.npy"
        let written = try Command.run(
            "preprocess", path, "--output", pixels, "--decode", "fast", environment: Self.demo)
        #expect(written.status == 0, "\(written.error)")
        expectFailure(try Command.run("embed", "--image", path, "--decode", "quick"), status: 2, saying: "quick")
    }
}
