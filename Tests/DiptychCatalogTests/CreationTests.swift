import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

import DiptychCatalog

/// What versions are made of, and what keeps one from being made.
@Suite struct CreationTests {
    private let folder: TemporaryDirectory
    private let catalog: Catalog

    init() throws {
        folder = try TemporaryDirectory()
        catalog = try Catalog.open(at: folder.url.appendingPathComponent("catalog"))
    }

    private func create(_ sources: [String], imageColumn: String? = nil) throws -> CatalogTable {
        var options = DatasetOptions()
        options.columns = ColumnNames(image: imageColumn, caption: nil)
        return try catalog.create("made", from: sources, options: options)
    }

    @Test func aColumnOfImagesThatIsNotThereIsRefused() throws {
        let table = try folder.write("image,n\na.jpg,1\n", to: "rows.csv")
        try folder.makeFolder("images")
        try folder.write("jpeg", to: "images/a.jpg")
        for source in [table, folder.path("images")] {
            let error = #expect(throws: CatalogError.self) { try create([source], imageColumn: "nope") }
            #expect(error?.description.contains("has no column 'nope'; it has image") == true)
        }
        #expect(!catalog.has("made"))
    }

    @Test func aMissingFileInTheFirstRowsLeavesTheColumnOfImages() throws {
        try folder.write("jpeg", to: "b.jpg")
        let lines = ["none.jpg", "gone.jpg", "b.jpg"].map { #"{"image": "\#($0)"}"# }
        let path = try folder.write(lines.joined(separator: "\n") + "\n", to: "rows.jsonl")
        let table = try create([path])
        #expect(table.count == 3 && table.columns.first == DatasetColumn("image", .image))
        #expect(try table.row(at: 2)["file.size"] == .integer(4) && table.row(at: 0)["file.size"] == .null)
        // A column that was named holds images, whatever is there.
        let named = try create([folder.write("mine\nx.jpg\n", to: "named.csv")], imageColumn: "mine")
        #expect(named.columns.first == DatasetColumn("image", .image))
    }

    @Test func ofTwoUpdatesAtOnceOneSaysSo() throws {
        let path = try folder.write("n\n1\n", to: "rows.csv")
        try catalog.create("rows", from: [path])
        try folder.write("n\n1\n2\n", to: "rows.csv")
        // Another process makes a version while this one reads: here, when a row is skipped.
        let bad = try folder.write("{\"n\": 3}\n{\n", to: "bad.jsonl")
        let other = try Catalog.open(at: catalog.directory)
        let error = #expect(throws: CatalogError.self) {
            try catalog.update("rows", from: [path, bad]) { _ in _ = try? other.update("rows", from: [path]) }
        }
        #expect(error?.description.hasPrefix("rows@2 was made meanwhile by another process") == true)
        #expect(try catalog.versions(of: "rows").count == 2)
        #expect(try catalog.table("rows").count == 2)
    }

    @Test(arguments: ["sqlite_master", "SQLITE_x", "sqlite_", "rows@2"]) func namesThatCannotBeNew(name: String) throws
    {
        let rows = try catalog.table(of: MemoryDataset(columns: [.init("n", .integer)], rows: [[.integer(1)]]))
        let error = #expect(throws: CatalogError.self) { try rows.save(as: name) }
        #expect(error?.kind == .invalid && error?.description.contains(name) == true)
        #expect(throws: CatalogError.self) { try catalog.create(name, from: [folder.write("n\n1\n", to: "rows.csv")]) }
    }

    @Test(.timeLimit(.minutes(1))) func aQueryStopsAtItsLimit() throws {
        let endless = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT n FROM x"
        let table = try catalog.query(endless, limit: 3)
        #expect(try table.rows(0..<table.count).map { $0["n"] } == [.integer(1), .integer(2), .integer(3)])
        #expect(try catalog.query("SELECT 1 AS n", limit: 0).count == 0)
    }

    @Test(arguments: ["path = x'ff00'", "name = x'ff'", "beside = 3.5"]) func damagedRootsAreOneLine(change: String)
        throws
    {
        try folder.makeFolder("images")
        try folder.write("jpeg", to: "images/a.jpg")
        try catalog.create("images", from: [folder.path("images")])
        try catalog.damage("UPDATE roots SET \(change)")
        do {
            let table = try Catalog.open(at: catalog.directory).table("images")
            // SQLite's own conversions may make a text of a number.
            #expect(table.count == 1 && change.hasPrefix("beside"))
        } catch let error as CatalogError {
            #expect(error.kind == .damaged && error.description.contains("catalog.sqlite"))
        }
    }

    @Test func namedDatasetsAreSources() throws {
        var options = DatasetOptions()
        options.named["store:x"] = MemoryDataset(columns: [.init("n", .integer)], rows: [[.integer(1)], [.integer(2)]])
        let table = try catalog.create("named", from: ["store:x"], options: options)
        #expect(table.count == 2 && table.version?.inputs.map(\.path) == ["store:x"])
        options.named["store:x"] = MemoryDataset(columns: [.init("n", .integer)], rows: [[.integer(1)]])
        let result = try catalog.update("named", options: options)
        #expect(result.summary.changes?.removed == 1 && result.table.count == 1)
    }
}
