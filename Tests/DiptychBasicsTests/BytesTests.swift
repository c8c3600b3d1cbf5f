import DiptychBasics
import Foundation
import Testing

/// Inflating, check sums, seeded numbers and threads, against Python's.
struct BytesTests {
    // Python: zlib.compress, and two members of gzip.compress, of "seven times seven " twenty times.
    private static let text = Array(String(repeating: "seven times seven ", count: 20).utf8)
    private static let zlib = bytes("eJwrTi1LzVMoycxNLVYoBrOLR0VoIAIAnhGHUQ==")
    private static let gzip = bytes(
        "H4sIAAAAAAACAytOLUvNUyjJzE0tVigGs4sHvQgAr0qFcLQAAAAfiwgAAAAAAAIDK04tS81TKMnMTS1WKAaziwe9CACvSoVwtAAAAA==")

    private static func bytes(_ text: String) -> [UInt8] { [UInt8](Data(base64Encoded: text) ?? Data()) }

    @Test("Both forms inflate, of several members, and with zeros behind them")
    func inflates() throws {
        #expect(try Inflater.inflate(Self.zlib, .zlib, limit: 360) == Self.text)
        #expect(try Inflater.inflate(Self.gzip, .gzip, limit: 360) == Self.text)
        #expect(try Inflater.inflate(Self.gzip + [0, 0], .gzip, limit: 360) == Self.text)
        var whole = [UInt8](repeating: 0, count: 360)
        #expect(whole.withUnsafeMutableBufferPointer { Inflater.inflate(Self.gzip[...], .gzip, exactlyInto: $0) })
        #expect(whole == Self.text)
    }

    @Test("What is longer than its limit, cut at any byte, changed or of the other form is refused")
    func refuses() {
        #expect(throws: Inflater.Failure.self) { try Inflater.inflate(Self.zlib, .zlib, limit: 359) }
        #expect(throws: Inflater.Failure.self) { try Inflater.inflate(Self.zlib, .gzip, limit: 1000) }
        #expect(throws: Inflater.Failure.self) { try Inflater.inflate([], .zlib, limit: 1000) }
        for end in Self.zlib.indices {
            #expect(throws: Inflater.Failure.self, "\(end)") {
                try Inflater.inflate(Array(Self.zlib[..<end]), .zlib, limit: 1000)
            }
        }
        var changed = Self.zlib
        changed[changed.count - 1] ^= 1
        #expect(throws: Inflater.Failure.self) { try Inflater.inflate(changed, .zlib, limit: 1000) }
        for count in [359, 361] {
            var other = [UInt8](repeating: 0, count: count)
            #expect(
                !other.withUnsafeMutableBufferPointer { Inflater.inflate(Self.gzip[...], .gzip, exactlyInto: $0) })
        }
    }

    @Test("The check sum is Python's zlib.crc32")
    func checksum() {
        #expect(Self.text.withUnsafeBytes(CRC32.checksum) == 0x5DE1_6983)
        #expect([UInt8]().withUnsafeBytes(CRC32.checksum) == 0)
    }

    @Test("Seeded numbers are those of the paper's generator")
    func seeded() {
        var generator = SplitMix64(seed: 0)
        #expect(
            (0..<3).map { _ in generator.next() } == [
                0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F,
            ])
    }

    @Test("A file appears whole or not at all, and over what was there")
    func wholeFiles() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("basics-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a").path
        try AtomicFile.write("first".utf8, to: path, isDurable: false)
        do {
            let file = try AtomicFile(path: path)
            try file.write("second".utf8)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "first")
        try AtomicFile.write("third".utf8, to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "third")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
        let error = #expect(throws: FileWriteError.self) { try AtomicFile.write([1], to: path + "/b") }
        #expect(error?.code == ENOTDIR)
    }

    @Test("Work that blocks on many threads keeps no task waiting")
    func blocking() async throws {
        let count = 4 * ProcessInfo.processInfo.activeProcessorCount + 8
        let clock = ContinuousClock()
        let start = clock.now
        // More of it than Swift's own threads could hold at a time.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask { try await WorkerThreads.shared.value { Thread.sleep(forTimeInterval: 0.3) } }
            }
            try await group.waitForAll()
        }
        #expect(clock.now - start < .seconds(2))
        await #expect(throws: CancellationError.self) {
            try await WorkerThreads.shared.value { throw CancellationError() }
        }
    }
}
