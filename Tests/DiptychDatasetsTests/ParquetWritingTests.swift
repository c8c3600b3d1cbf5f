import DiptychDatasets
import DiptychCheckpoints
import DiptychTestSupport
import Testing

/// Tables that are written and read back. Scripts/parity/datasets.py reads them with other programs.
struct ParquetWritingTests {
    static let columns: [ParquetWriter.Column] = [
        .init("flag", .bool), .init("number", .int), .init("ratio", .float), .init("score", .double),
        .init("text", .string), .init("raw", .bytes),
    ]

    static func row(_ number: Int) -> [ParquetValue] {
        func some(_ every: Int, _ value: ParquetValue) -> ParquetValue { number % every == 0 ? .null : value }
        return [
            some(3, .bool(number % 7 < 3)), some(5, .int(Int64(number) * -1_000_003)),
            some(2, .float(Float(number) / 8)), some(11, .double(Double(number) / 3)),
            some(4, .string(number % 6 == 1 ? "" : "行 \(number)")),
            some(9, .bytes([UInt8](repeating: 7, count: number % 9))),
        ]
    }

    @Test("Rows come back as they were written", arguments: [ParquetCompression.none, .snappy, .zstd])
    func roundTrip(_ compression: ParquetCompression) throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("table.parquet")
        // More rows than a row group and than a page hold.
        let count = 70_000
        let writer = try ParquetWriter(
            path: path, columns: Self.columns, compression: compression, rowsPerGroup: 66_000)
        for number in 0..<count { try writer.append(Self.row(number)) }
        try writer.finish()
        let file = try ParquetFile(path: path)
        #expect(file.rowCount == count)
        #expect(file.columns.map(\.name) == Self.columns.map(\.name))
        #expect(file.columns.map(\.kind) == Self.columns.map(\.kind))
        var rows = file.rows(of: file.columns)
        for number in 0..<count {
            let cells = try rows.next()
            if cells != Self.row(number) {
                Issue.record("row \(number): \(String(describing: cells))")
                return
            }
        }
        #expect(try rows.next() == nil)
        // Some of the columns, in another order.
        var few = file.rows(of: try file.columns(["text", "number"]))
        #expect(try few.next() == [.null, .null])
        #expect(try few.next() == [.string(""), .int(-1_000_003)])
    }

    @Test("An empty table is a table, and a wrong value is refused")
    func edges() throws {
        let folder = try TemporaryDirectory()
        try ParquetWriter(path: folder.path("empty.parquet"), columns: Self.columns).finish()
        let file = try ParquetFile(path: folder.path("empty.parquet"))
        #expect(file.rowCount == 0)
        var rows = file.rows(of: file.columns)
        #expect(try rows.next() == nil)

        let writer = try ParquetWriter(path: folder.path("wrong.parquet"), columns: [.init("text", .string)])
        #expect(throws: FileWriteError.self) { try writer.append([.int(1)]) }
        #expect(throws: DatasetError.self) { try ParquetFile(path: folder.path("wrong.parquet")) }
    }
}
