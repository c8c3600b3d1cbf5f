import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

import DiptychCatalog

/// Versions as Parquet. Scripts/parity/datasets.py reads such files with other programs.
@Suite struct ParquetCopyTests {
    private let folder: TemporaryDirectory
    private let catalog: Catalog

    init() throws {
        folder = try TemporaryDirectory()
        catalog = try Catalog.open(at: folder.url.appendingPathComponent("catalog"))
    }

    /// The rows of a version's Parquet file.
    private func copy(of values: [DatasetValue], _ type: DatasetType) throws -> any Dataset {
        let table = try catalog.table(of: MemoryDataset(columns: [.init("x", type)], rows: values.map { [$0] }))
            .save(as: "copied")
        return try DatasetFiles.open([catalog.file(of: #require(table.version), .parquet).path])
    }

    private func values(_ rows: any Dataset) throws -> [DatasetValue] {
        try (0..<rows.count).map { try rows.row(at: $0)["x"] ?? .null }
    }

    @Test func daysMomentsAndDecimalsHaveParquetsTypes() throws {
        let moment = DatasetTimestamp(seconds: -1, nanoseconds: 123_456_000, isUTC: true)
        let fine = DatasetTimestamp(seconds: 1_700_000_000, nanoseconds: 5, isUTC: false)
        let cases: [(DatasetType, [DatasetValue])] = [
            (.date, [.date(day: -1), .null, .date(day: 20_000)]),
            (.timestamp, [.timestamp(moment), .null]), (.timestamp, [.null, .timestamp(fine)]),
            (.decimal, [.decimal("1.3"), .null, .decimal("-123.45"), .decimal("0.001")]),
            (.decimal, [.decimal("999999999999999999")]),
        ]
        for (type, wanted) in cases {
            let rows = try copy(of: wanted, type)
            #expect(rows.columns == [DatasetColumn("x", type)])
            #expect(try values(rows) == wanted)
        }
    }

    @Test func whatOneTypeDoesNotHoldStaysText() throws {
        let world = DatasetTimestamp(seconds: 1, isUTC: true), clock = DatasetTimestamp(seconds: 1, isUTC: false)
        let far = DatasetTimestamp(seconds: 1 << 40, nanoseconds: 1, isUTC: true)
        let cases: [(DatasetType, [DatasetValue])] = [
            (.timestamp, [.timestamp(world), .timestamp(clock)]), (.timestamp, [.timestamp(far)]),
            (.date, [.date(day: 1 << 40)]), (.decimal, [.decimal("12345678901234567890")]),
            (.decimal, [.decimal("1234567890123456"), .decimal("0.123")]), (.decimal, [.null]),
        ]
        for (type, wanted) in cases {
            let rows = try copy(of: wanted, type)
            #expect(rows.columns == [DatasetColumn("x", .text)], "\(wanted)")
            #expect(try values(rows).map(\.text) == wanted.map { $0.json?.string })
        }
    }
}
