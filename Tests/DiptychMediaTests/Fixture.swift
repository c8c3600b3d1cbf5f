import DiptychMedia
import Foundation
import Testing

/// The files that the scripts in Scripts/fixtures made.
enum Fixture {
    static let directory = Bundle.module.bundlePath + "/Fixtures"

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)")))
    }

    /// The lines of a table, split at tabs.
    static func table(_ name: String) throws -> [[String]] {
        String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }
}

/// A file and the RGB that Pillow reads from it.
struct ExpectedImage: CustomTestStringConvertible {
    let name: String
    let width: Int
    let height: Int
    let bytes: [UInt8]
    let tolerance: Int
    let onWhite: Bool

    var testDescription: String { onWhite ? "\(name) on white" : name }
    var path: String { "\(Fixture.directory)/Pictures/\(name)" }

    static let all: [ExpectedImage] = {
        guard let table = try? Fixture.table("Pictures/expected.tsv"),
            let pixels = try? Fixture.bytes("Pictures/expected.bin")
        else { return [] }
        return table.compactMap { row in
            guard row.count == 5, let width = Int(row[1]), let height = Int(row[2]), let offset = Int(row[3]) else {
                return nil
            }
            return ExpectedImage(
                name: row[0], width: width, height: height, bytes: Array(pixels[offset..<offset + width * height * 3]),
                tolerance: Int(row[4]) ?? 0, onWhite: row[4] == "white")
        }
    }()
}

/// SplitMix64 (Steele, Lea and Flood, 2014), so that a seed means the same bytes everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = next()
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * shift))) }
        }
        return Array(bytes.prefix(count))
    }
}
