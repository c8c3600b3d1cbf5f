import DiptychDatasets
import DiptychTestSupport
import Testing

/// Small files that ask for a lot of memory or time.
struct ResourceLimitTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test("A list of millions of empty structures in a footer is refused before it is built")
    func footer() throws {
        let count = 3_000_000
        // Field 2 (the schema) and field 4 (row groups): lists of structures, each of one byte, which ends it.
        for head: UInt8 in [0x29, 0x49] {
            var varint: [UInt8] = []
            var left = count
            while left >= 0x80 {
                varint.append(UInt8(left & 0x7F) | 0x80)
                left >>= 7
            }
            let footer = [head, 0xFC] + varint + [UInt8(left)] + [UInt8](repeating: 0, count: count + 1)
            let size = (0..<4).map { UInt8(truncatingIfNeeded: footer.count >> (8 * $0)) }
            let magic = Array("PAR1".utf8)
            let path = try folder.write(magic + footer + size + magic, to: "bomb.parquet")
            let error = try #require(throws: DatasetError.self) { try ParquetFile(path: path) }
            #expect(error.kind == .tooLarge)
        }
    }

    @Test("A row of millions of JSON values is refused")
    func json() throws {
        let line = "{\"image\": \"a.jpg\", \"x\": [" + String(repeating: "0,", count: 2_000_000) + "0]}\n"
        let path = try folder.write(line + "{\"image\": \"/b.jpg\"}\n", to: "bomb.jsonl")
        let rows = Array(DatasetRows([path]))
        #expect(rows.failures.map(\.place) == ["line 1"])
        #expect(rows.rows.map(\.locator) == ["/b.jpg"])
    }

    @Test("An open quote before very many lines costs its line, and no more time than they are long")
    func openQuote() throws {
        let count = 400_000
        let path = try folder.write(
            "image,caption\n\"/a.jpg,x\n" + String(repeating: "/b,y\n", count: count), to: "bomb.csv")
        let clock = ContinuousClock()
        var (rows, failures) = (0, 0)
        let time = clock.measure {
            for row in DatasetRows([path]) { if case .success = row { rows += 1 } else { failures += 1 } }
        }
        #expect(rows == count)
        #expect(failures == 1)
        // A second or so; with the work growing as the square it was minutes.
        #expect(time < .seconds(60))
    }

    @Test("Bytes that inflate without end are read as far as they are wanted")
    func gzip() throws {
        // Eighty gzip members of a mebibyte of letters each: no line break in them.
        var letters: [UInt8] = []
        for _ in 0..<80 { letters += Self.mebibyteOfLetters }
        let path = try folder.write(letters, to: "bomb.jsonl.gz")
        let rows = Array(DatasetRows([path]))
        #expect(rows.failures.map(\.kind) == [.tooLarge])
    }

    /// A gzip file of 2²⁰ letters, as stored by one deflate block of literals and matches of 258, with fixed codes.
    private static let mebibyteOfLetters: [UInt8] = {
        var bits: [Bool] = []
        func put(_ value: Int, _ count: Int) { for bit in 0..<count { bits.append(value >> bit & 1 == 1) } }
        /// Huffman codes stand with their highest bit first.
        func code(_ value: Int, _ count: Int) {
            for bit in (0..<count).reversed() { bits.append(value >> bit & 1 == 1) }
        }
        put(1, 1)
        put(1, 2)
        // 64 literals of 'a', then 4064 matches of length 258 at distance 1: 64 + 4064 · 258 = 2²⁰.
        for _ in 0..<64 { code(0x30 + 0x61, 8) }
        for _ in 0..<4064 {
            code(0xC5, 8)
            code(0, 5)
        }
        code(0, 7)
        while bits.count % 8 != 0 { bits.append(false) }
        let body = stride(from: 0, to: bits.count, by: 8).map { start in
            (0..<8).reduce(UInt8(0)) { $0 | (bits[start + $1] ? 1 << UInt8($1) : 0) }
        }
        // CRC-32 of 2²⁰ letters, and their number (python3 -c "import zlib; print(hex(zlib.crc32(b'a' * 2**20)))").
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + body + [0x72, 0x56, 0xCD, 0xD7] + [0, 0, 0x10, 0]
    }()
}
