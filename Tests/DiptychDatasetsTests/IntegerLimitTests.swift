import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// Files with every number in turn at and beyond the limits of the integers that hold it: they are read or refused, never
/// trap, and take no memory that they only announce.
struct IntegerLimitTests {
    private let folder: TemporaryDirectory

    /// The numbers that have made programs fail.
    private static let limits: [Int64] = [
        0, 1, -1, 2, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, Int64(Int32.max), Int64(Int32.max) + 1,
        Int64(UInt32.max), Int64(UInt32.max) + 1, 1 << 40, 1 << 50, Int64.max - 1, Int64.max, Int64.min, Int64.min + 1,
        Int64(Int32.min), Int64(Int32.min) - 1,
    ]

    /// A gibibyte: pages may have half of one.
    private static let mostMemory = 1 << 20

    init() throws { folder = try TemporaryDirectory() }

    /// The most memory that the process has had, in kibibytes.
    private static func peak() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    private func read(_ bytes: [UInt8], as name: String) throws {
        // A new file each time: truncating a written one makes ext4 flush it, which thousands of files feel.
        unlink(folder.path(name))
        let path = try folder.write(bytes, to: name)
        for row in DatasetRows([path]).prefix(200) { if case .success(let row) = row { _ = try? row.loaded } }
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (left, bytes): (UInt64, [UInt8]) = (value, [])
        repeat {
            bytes.append(UInt8(left & 0x7F) | (left > 0x7F ? 0x80 : 0))
            left >>= 7
        } while left > 0
        return bytes
    }

    private static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value) << 1 ^ (value < 0 ? .max : 0)
    }

    /// The number that begins at `place`, replaced.
    private static func replacing(_ bytes: [UInt8], at place: Int, with number: [UInt8]) -> [UInt8] {
        let end = bytes[place...].firstIndex { $0 < 0x80 } ?? bytes.count - 1
        return Array(bytes[..<place]) + number + bytes[(end + 1)...]
    }

    @Test(
        "Each number of a Parquet footer", arguments: ["parquet-types/duckdb.parquet", "parquet/plain-gzip-v2.parquet"])
    func footers(_ name: String) throws {
        let before = Self.peak()
        let bytes = try Fixture.bytes(name)
        let length = bytes[(bytes.count - 8)...].prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        let start = bytes.count - 8 - length
        let footer = Array(bytes[start..<bytes.count - 8])
        for place in footer.indices {
            // Every number at each place would take minutes.
            for limit in Self.limits.indices where (place + limit) % 8 == 0 {
                let number = Self.varint(Self.zigzag(Self.limits[limit]))
                let damaged = Self.replacing(footer, at: place, with: number)
                let size = (0..<4).map { UInt8(truncatingIfNeeded: damaged.count >> (8 * $0)) }
                try read(bytes[..<start] + damaged + size + Array("PAR1".utf8), as: "limit.parquet")
            }
        }
        #expect(Self.peak() - before < Self.mostMemory)
    }

    @Test(
        "Each number of a page's header and of its levels",
        arguments: [
            "parquet-types/fastparquet.parquet", "parquet/plain-none-v1.parquet", "parquet/dictionary-none-v2.parquet",
            "parquet/plain-gzip-v1.parquet",
        ])
    func pages(_ name: String) throws {
        let before = Self.peak()
        let bytes = try Fixture.bytes(name)
        for place in 4..<160 {
            for limit in Self.limits.indices.filter({ (place + $0) % 4 == 0 }).map({ Self.limits[$0] }) {
                // With the bytes behind it where they were, so that offsets of the footer stay right.
                for number in [Self.varint(Self.zigzag(limit)), Self.varint(UInt64(bitPattern: limit))] {
                    var damaged = bytes
                    for (index, byte) in number.enumerated() { damaged[place + index] = byte }
                    try read(damaged, as: "limit.parquet")
                }
            }
        }
        #expect(Self.peak() - before < Self.mostMemory)
    }

    @Test("Each number of a tar header, in octal digits and in binary")
    func archives() throws {
        let before = Self.peak()
        let bytes = try Fixture.bytes("tar/gnu.tar")
        let fields = [(100, 8), (108, 8), (116, 8), (124, 12), (136, 12), (148, 8), (329, 8), (337, 8)]
        let headers = stride(from: 0, to: bytes.count, by: 512).filter { place in
            bytes[(place + 257)..<(place + 262)].elementsEqual("ustar".utf8)
        }
        for header in headers {
            for (place, width) in fields {
                var values = Self.limits.map { limit in
                    [UInt8(limit < 0 ? 0xFF : 0x80)]
                        + (0..<width - 1).reversed().map { UInt8(truncatingIfNeeded: limit >> Int64(min(63, 8 * $0))) }
                }
                values += ["7", "0", "8", "-", " "].map { Array(String(repeating: $0, count: width).utf8) }
                for value in values {
                    var damaged = bytes
                    damaged.replaceSubrange(header + place..<header + place + width, with: value)
                    if place != 148 {
                        damaged.replaceSubrange(header + 148..<header + 156, with: Array("        ".utf8))
                        let sum = String(damaged[header..<header + 512].reduce(0) { $0 + Int($1) }, radix: 8)
                        let field = String(repeating: "0", count: 6 - sum.count) + sum + "\0 "
                        damaged.replaceSubrange(header + 148..<header + 156, with: Array(field.utf8))
                    }
                    try read(damaged, as: "limit.tar")
                }
            }
        }
        #expect(Self.peak() - before < Self.mostMemory)
    }

    @Test("The lengths and sizes of pax headers")
    func paxRecords() throws {
        let bytes = try Fixture.bytes("tar/pax.tar")
        // The records of the first pax header: they begin with their length.
        let header = try #require(
            stride(from: 0, to: bytes.count, by: 512).first { bytes[$0 + 156] == UInt8(ascii: "x") })
        let texts = Self.limits.map(String.init) + ["18446744073709551616", "+5", "0x10", "99999999999999999999999"]
        for text in texts {
            for record in ["\(text) path=a.jpg\n", "20 size=\(text)\n", "\(9 + text.utf8.count) size=\(text)\n"] {
                var damaged = bytes
                let content = Array(record.utf8) + [UInt8](repeating: 0, count: 512 - record.utf8.count)
                damaged.replaceSubrange(header + 512..<header + 1024, with: content)
                try read(damaged, as: "limit.tar")
            }
        }
    }

    @Test("The numbers of a NumPy file")
    func matrices() throws {
        let bytes = try Fixture.bytes("npy/float32.npy")
        let numbers = Self.limits.map(String.init) + ["18446744073709551616", "4.5", ""]
        for first in numbers {
            for second in numbers {
                let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(first), \(second)), }"
                let padded = header + String(repeating: " ", count: max(0, 118 - header.utf8.count))
                let path = try folder.write(
                    Array(bytes[..<8]) + [118, 0] + Array(padded.utf8.prefix(118)) + bytes[128...], to: "limit.npy")
                guard let matrix = try? NumpyMatrix(path: path) else { continue }
                _ = try matrix.rows(from: 0, count: min(matrix.rowCount, 4))
            }
        }
        for place in 6..<12 {
            for value in [UInt8(0), 1, 127, 128, 255] {
                var damaged = bytes
                damaged[place] = value
                _ = try? NumpyMatrix(path: folder.write(damaged, to: "limit.npy"))
            }
        }
    }

    @Test("Numbers in JSON and in patterns of names")
    func texts() throws {
        let numbers =
            Self.limits.map(String.init) + ["18446744073709551616", "1e400", "-1e400", "1e-400", "9e999999999"]
        for number in numbers {
            #expect(throws: Never.self) { try JSONValue.of("[\(number)]") }
            let line = "{\"text\": \"x\", \"image_ids\": [\(number)]}\n"
            try folder.write(line, to: "n_texts.jsonl")
            try read(Array("1\tAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n".utf8), as: "n_imgs.tsv")
            for other in numbers { _ = try? BracePattern.expand("a{\(number)..\(other)}") }
        }
    }
}
