import DiptychCheckpoints
import Foundation
import Testing

/// Mutated files give a file or a clean error: every tensor that is handed out can be read to its last byte.
@Suite struct SafetensorsFuzzTests {
    /// SplitMix64 (Steele et al. 2014): the same mutations on every run.
    struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    static let seed = safetensors(
        header: """
            {"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]},\
            "a.bias":{"dtype":"F16","shape":[4],"data_offsets":[48,56]},\
            "b":{"dtype":"I64","shape":[],"data_offsets":[56,64]},"c":{"dtype":"BF16","shape":[0],"data_offsets":[64,64]}}
            """, data: Data((0..<64).map { UInt8($0) }))

    static let words = [
        "-1", "9223372036854775807", "18446744073709551616", "1e99", "null", "{}", "[]", "\"", "\\u0000", "\\ud800",
        "F64", "BOOL", "[[[[[[", "data_offsets", "0", "4294967296", ",", ":", "\u{FF}", "true",
    ]

    static func mutated(_ original: Data, _ random: inout Random) -> Data {
        var data = original
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !data.isEmpty else { break }
            let at = Int.random(in: 0..<data.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: data[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: data[at] = UInt8.random(in: 0...255, using: &random)
            case 2: data.removeSubrange(at..<min(data.count, at + Int.random(in: 1...12, using: &random)))
            case 3: data.insert(contentsOf: Data((words.randomElement(using: &random) ?? "").utf8), at: at)
            case 4: data = data.prefix(at)
            case 5:
                let end = min(data.count, at + Int.random(in: 1...40, using: &random))
                data.insert(contentsOf: data[at..<end], at: Int.random(in: 0...data.count, using: &random))
            default:
                // The header's length, so that mutations deeper in are often reached with a length that fits.
                if data.count > 8 {
                    data[Int.random(in: 0..<8, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            data = Data(data)
        }
        return data
    }

    /// Puts the length in front that the header has after mutation, which gets half of the files past the first check.
    static func repaired(_ data: Data) -> Data {
        guard data.count > 8, let end = data.lastIndex(of: UInt8(ascii: "}")), end >= 8 else { return data }
        var data = data
        withUnsafeBytes(of: UInt64(end - 7).littleEndian) { data.replaceSubrange(0..<8, with: $0) }
        return data
    }

    @Test func twelveThousandMutatedFilesGiveCleanErrors() throws {
        let directory = try TemporaryDirectory()
        var random = Random(state: 42)
        var (opened, refused) = (0, 0)
        for index in 0..<12_000 {
            var data = Self.mutated(Self.seed, &random)
            if index % 2 == 0 { data = Self.repaired(data) }
            let file = try directory.write(data, "m.safetensors")
            do {
                for view in try SafetensorsFile(url: file).tensors.values {
                    #expect(view.bytes.count == view.count * view.elementType.byteCount)
                    if view.elementType.isFloatingPoint { _ = view.floats() }
                }
                opened += 1
            } catch let error as CheckpointError {
                #expect(error.kind == .malformed && !error.reason.isEmpty)
                refused += 1
            }
        }
        // Both ways were exercised: the mutations are neither all harmless nor all fatal at the first byte.
        #expect(opened > 100 && refused > 5_000, "\(opened) opened, \(refused) refused")
    }
}
