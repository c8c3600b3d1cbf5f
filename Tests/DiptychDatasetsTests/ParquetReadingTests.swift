import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// Files that pyarrow and DuckDB wrote, against what pyarrow says they hold.
struct ParquetReadingTests {
    static let files =
        names(["plain", "dictionary"], ["none", "snappy", "gzip", "zstd"])
        + names(["delta", "split"], ["none", "brotli", "lz4"])

    private static func names(_ encodings: [String], _ codecs: [String]) -> [String] {
        encodings.flatMap { encoding in
            codecs.flatMap { codec in ["v1", "v2"].map { "parquet/\(encoding)-\(codec)-\($0).parquet" } }
        }
    }

    @Test("Each encoding, compression and page version reads as pyarrow does", arguments: files)
    func everyKind(_ name: String) throws {
        let file = try ParquetFile(path: Fixture.path(name))
        let expected = try JSONValue(parsing: Fixture.bytes("parquet/table.json"), name: "table.json")
        guard case .array(let table) = expected, case .object(let first)? = table.first else {
            Issue.record("the table is none")
            return
        }
        #expect(file.rowCount == table.count)
        #expect(Set(file.columns.map(\.name)) == Set(first.map(\.name) + ["price"]))
        #expect(file.unsupportedColumns.isEmpty)
        var rows = file.rows(of: file.columns)
        for (number, row) in table.enumerated() {
            let cells = try #require(try rows.next())
            for (column, cell) in zip(file.columns, cells) {
                // Decimals are none of this table: see ParquetTypesTests.
                guard column.name != "price" else { continue }
                let value = try #require(row[column.name])
                #expect(Self.matches(cell, value, column), "row \(number), \(column.name): \(cell) for \(value)")
            }
        }
        #expect(try rows.next() == nil)
    }

    private static func matches(_ cell: ParquetValue, _ value: JSONValue, _ column: ParquetColumn) -> Bool {
        switch (cell, value) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.float(let a), .double(let b)): Double(a) == b
        case (.double(let a), .double(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.bytes(let a), .object): value["base64"]?.string == Data(a).base64EncodedString()
        case (.floats(let a), .array(let b)): a.map { JSONValue.double(Double($0)) } == b
        case (.list(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { matches($0, $1, column) }
        default: false
        }
    }

    @Test("A table that DuckDB wrote gives rows with captions and attributes")
    func duckdb() throws {
        let path = try Fixture.path("parquet/duckdb.parquet")
        let rows = Array(DatasetRows([path]))
        #expect(rows.failures.isEmpty)
        let expected = (0..<100).map { number in
            DatasetRow(
                locator: "http://example.org/\(number).jpg", image: .url("http://example.org/\(number).jpg"),
                caption: number % 3 == 0 ? nil : "picture \(number)",
                attributes: [.init("key", .int(Int64(number))), .init("width", .double(Double(number) / 8))])
        }
        #expect(rows.rows == expected)
    }

    @Test("Images inside a table are rows that are known by their place")
    func images() throws {
        let path = try Fixture.path("parquet/plain-zstd-v1.parquet")
        let rows = Array(DatasetRows([path]))
        #expect(rows.rows.count + rows.failures.count == 24)
        // Each ninth row has no image.
        #expect(rows.failures.map(\.place) == ["row 9", "row 18"])
        let first = try #require(rows.rows.first)
        #expect(first.locator == path + "#1")
        guard case .bytes(let bytes) = first.image else { Issue.record("no bytes"); return }
        #expect(bytes.count == 4)
        #expect(!first.attributes.contains { ["raw", "image.bytes"].contains($0.name) })
        #expect(first.attributes.contains { $0.name == "tags" })
    }

    @Test("Small files of other encodings and codecs are read, and what is not read says so by name")
    func others() throws {
        for name in ["brotli", "delta"] {
            let file = try ParquetFile(path: Fixture.path("parquet/\(name).parquet"))
            var rows = file.rows(of: file.columns)
            #expect(try rows.next()?.first == .int(0))
        }
        let file = try ParquetFile(path: Fixture.path("parquet/delta.parquet"))
        #expect(throws: DatasetError.self) { try file.columns(["nowhere"]) }
        // LZO by its number, 3, where the footer says Brotli's, 4: a byte of zigzag behind the list of encodings.
        var bytes = try Fixture.bytes("parquet/brotli.parquet")
        for place in bytes.indices.dropLast(2) where bytes[place] == 0x15 && bytes[place + 1] == 8 {
            bytes[place + 1] = 6
        }
        let folder = try TemporaryDirectory()
        let damaged = try ParquetFile(path: folder.write(bytes, to: "lzo.parquet"))
        var rows = damaged.rows(of: damaged.columns)
        let error = try #require(throws: DatasetError.self) { _ = try rows.next() }
        #expect(error.kind == .unsupported)
        #expect(error.description.contains("LZO"))
        #expect(error.place == "column row, row 1")
        #expect(try rows.next() == nil)
    }

    @Test("Damaged tables never stop the process")
    func hostile() throws {
        var random = SeededGenerator(91)
        let folder = try TemporaryDirectory()
        var outcomes = (good: 0, bad: 0)
        let names = Self.files + ["parquet/duckdb.parquet", "parquet/delta.parquet"]
        for round in 0..<2000 {
            var bytes = try Fixture.bytes(names[round % names.count])
            switch round % 4 {
            case 0: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            case 1:
                // In the footer, where sizes, offsets and the schema stand.
                for _ in 0..<4 {
                    let place = bytes.count - Int.random(in: 9..<min(2000, bytes.count), using: &random)
                    bytes[place] = UInt8.random(in: 0...255, using: &random)
                }
            default:
                for _ in 0...Int.random(in: 0..<8, using: &random) {
                    bytes[Int.random(in: 4..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            let path = try folder.write(bytes, to: "damaged.parquet")
            do throws(DatasetError) {
                let file = try ParquetFile(path: path)
                var rows = file.rows(of: file.columns)
                for _ in 0..<200 { if try rows.next() == nil { break } }
                outcomes.good += 1
            } catch { outcomes.bad += 1 }
            for row in DatasetRows([path]).prefix(100) { _ = row }
        }
        // Some changes hit values alone; most must be noticed.
        #expect(outcomes.bad > 700)
        #expect(outcomes.good > 10)
    }
}
