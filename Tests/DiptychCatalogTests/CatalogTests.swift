import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

import DiptychCatalog

@Suite struct CatalogTests {
    private let folder: TemporaryDirectory
    private let catalog: Catalog

    init() throws {
        folder = try TemporaryDirectory()
        catalog = try Catalog.open(at: folder.url.appendingPathComponent("catalog"))
    }

    private func table(_ rows: [[DatasetValue]], _ columns: [DatasetColumn]) throws -> CatalogTable {
        try catalog.table(of: MemoryDataset(columns: columns, rows: rows))
    }

    private func numbers(_ range: Range<Int64>) throws -> CatalogTable {
        try table(
            range.map { [.integer($0), .text("row \($0)")] },
            [DatasetColumn("n", .integer), DatasetColumn("name", .text)])
    }

    private func values(_ table: CatalogTable, _ column: String) throws -> [DatasetValue] {
        try (0..<table.count).map { try table.row(at: $0)[column] ?? .null }
    }

    @Test func everyKindOfValueComesBackAsItWas() throws {
        let columns: [DatasetColumn] = [
            .init("truth", .boolean), .init("whole", .integer), .init("float", .float), .init("double", .double),
            .init("decimal", .decimal), .init("text", .text), .init("bytes", .bytes), .init("date", .date),
            .init("moment", .timestamp), .init("texts", .list(.text)), .init("scores", .list(.float)),
            .init("structure", .structure([.init("point", .integer), .init("text", .text)])), .init("image", .image),
            .init("vector", .vector), .init("odd \"name\"", .text), .init("any", .any),
        ]
        let moment = DatasetTimestamp(seconds: -1, nanoseconds: 5, isUTC: true)
        let rows: [[DatasetValue]] = [
            [
                .boolean(true), .integer(.min), .float(0.1), .double(-0.0), .decimal("0.30"), .text(""), .bytes([]),
                .date(day: -1), .timestamp(moment), .list([.text(""), .null]), .floats([0.1, -0.0]),
                .structure([.init("point", .integer(1)), .init("text", .text("7"))]), .image(.bytes([1, 2])),
                .floats([0.1, .infinity]), .text("a\0b"), .text("007"),
            ],
            [DatasetValue](repeating: .null, count: 16),
            [
                .boolean(false), .integer(.max), .float(.infinity), .double(1e300), .decimal("12345678901234567890"),
                .text("汉字 😀"), .bytes([0, 255]), .date(day: 20_000),
                .timestamp(.init(seconds: 1, nanoseconds: 0, isUTC: false)), .list([]), .list([]),
                .structure([.init("point", .null), .init("text", .null)]), .image(.file("/elsewhere/x.jpg")),
                .floats([]),
                .text("7"), .integer(7),
            ],
        ]
        let saved = try table(rows, columns).save(as: "kinds")
        #expect(saved.columns == columns)
        for (index, row) in rows.enumerated() {
            let read = try catalog.table("kinds").row(at: index).values
            for (column, (wanted, got)) in zip(columns, zip(row, read)) {
                // A list without elements says nothing of their type.
                if column.name == "scores", wanted == .list([]) { continue }
                #expect(got == wanted, "\(column.name) of row \(index)")
            }
        }
        #expect(try saved.isWhole())
    }

    @Test func versionsAreNumberedAndNeverChange() throws {
        let first = try numbers(0..<5).save(as: "numbers")
        let second = try numbers(0..<9).save(as: "numbers")
        #expect(first.version?.name.description == "numbers@1" && second.version?.name.description == "numbers@2")
        #expect(try catalog.table("numbers").count == 9)
        #expect(try catalog.table("numbers@1").count == 5)
        #expect(try catalog.table("NUMBERS@1").count == 5)
        try catalog.remove("numbers@2")
        // A number is given once.
        #expect(try numbers(0..<3).save(as: "numbers").version?.name.version == 3)
        #expect(throws: CatalogError.self) { try catalog.table("numbers@2") }
        #expect(throws: CatalogError.self) { try catalog.table("numbers@9") }
        #expect(try catalog.versions(of: "numbers").map(\.isRemoved) == [false, true, false])
    }

    @Test func theSameRowsHaveTheSameContent() throws {
        let (a, b) = (try numbers(0..<5), try numbers(0..<5))
        #expect(a.content == b.content)
        #expect(try a.shuffled(seed: 1).content != a.content)
        let nulls = try table([[.null, .text("")]], [.init("n", .integer), .init("name", .text)])
        let empty = try table([[.null, .null]], [.init("n", .integer), .init("name", .text)])
        #expect(nulls.content != empty.content)
    }

    @Test func garbageIsCollectedAndNothingElse() throws {
        try numbers(0..<5).save(as: "kept")
        let rows = try numbers(0..<6).save(as: "gone")
        let version = try #require(rows.version)
        let files = [catalog.file(of: version, .sqlite).path, catalog.file(of: version, .parquet).path]
        try catalog.remove("gone")
        let garbage = try catalog.collectGarbage()
        #expect(garbage.files == 2 && garbage.bytes > 0)
        #expect(files.allSatisfy { !FileManager.default.fileExists(atPath: $0) })
        #expect(try catalog.table("kept").count == 5)
        #expect(throws: CatalogError.self) { try catalog.table("gone") }
    }

    @Test func aCatalogIsMovedWithItsImages() throws {
        try folder.makeFolder("album/cats")
        try folder.write("jpeg", to: "album/cats/a.jpg")
        let inside = try Catalog.open(at: folder.url.appendingPathComponent("album/catalog"))
        try inside.create("cats", from: [folder.path("album/cats")])
        try FileManager.default.moveItem(atPath: folder.path("album"), toPath: folder.path("moved"))
        let moved = try Catalog.open(at: folder.url.appendingPathComponent("moved/catalog"))
        let row = try moved.table("cats").row(at: 0)
        #expect(row["image"] == .image(.file(folder.path("moved/cats/a.jpg"))))
        #expect(row["file.source"] == .text("cats") && row["file.path"] == .text("a.jpg"))
        // The images alone: the root is told.
        try FileManager.default.moveItem(atPath: folder.path("moved/cats"), toPath: folder.path("elsewhere"))
        try moved.moveRoot("cats", to: folder.path("elsewhere"))
        #expect(try moved.table("cats").row(at: 0)["image"] == .image(.file(folder.path("elsewhere/a.jpg"))))
    }

    @Test func updateReadsWhatIsNewOrChanged() throws {
        try folder.makeFolder("images")
        try folder.write("one", to: "images/a.jpg")
        try folder.write("two", to: "images/b.jpg")
        let table = try folder.write("id,word\n1,one\n2,two\n", to: "words.csv")
        let first = try catalog.update("images", from: [folder.path("images")])
        #expect(first.summary.changes == nil && first.table.count == 2)
        let same = try catalog.update("images")
        #expect(same.table.version?.name.version == 1)
        #expect(same.summary.changes.map { [$0.added, $0.changed, $0.removed] } == [0, 0, 0])
        try folder.write("three", to: "images/c.jpg")
        try folder.write("another", to: "images/a.jpg")
        try FileManager.default.removeItem(atPath: folder.path("images/b.jpg"))
        let next = try catalog.update("images")
        #expect(next.table.version?.name.version == 2)
        #expect(next.summary.changes.map { [$0.added, $0.changed, $0.removed] } == [1, 1, 1])
        try catalog.create("words", from: [table])
        let unread = try catalog.update("words")
        #expect(unread.summary.unread == 1 && unread.table.version?.name.version == 1)
        try folder.write("id,word\n1,one\n2,two\n3,three\n", to: "words.csv")
        let read = try catalog.update("words")
        #expect(read.summary.unread == 0 && read.table.count == 3)
    }

    @Test func rowsThatFailAreReadAgain() throws {
        let path = try folder.write("{\"id\":1}\n{broken\n{\"id\":3}\n", to: "rows.jsonl")
        var skipped: [DatasetError] = []
        let table = try catalog.create("rows", from: [path]) { skipped.append($0) }
        #expect(table.count == 2 && skipped.count == 1 && table.version?.inputs.first?.failed == 1)
        // The file is as it was, and is read again because a row failed.
        skipped = []
        let result = try catalog.update("rows") { skipped.append($0) }
        #expect(skipped.count == 1 && result.summary.unread == 0 && result.summary.failed == 1)
    }

    @Test func lineageGoesBackToTheSources() throws {
        let words = try folder.write("n,word\n1,one\n2,two\n", to: "words.csv")
        try numbers(0..<5).save(as: "numbers")
        try catalog.create("words", from: [words])
        try catalog.table("numbers").join(catalog.table("words"), on: "n = n").filter("n > 1").save(
            as: "joined", command: "typed")
        let lineage = try catalog.lineage(of: "joined")
        #expect(lineage.map(\.name.description) == ["joined@1", "numbers@1", "words@1"])
        #expect(lineage[0].steps.map { $0["operation"]?.string } == ["join", "filter"])
        #expect(lineage[0].command == "typed")
        #expect(lineage[2].inputs.first?.path.hasSuffix("words.csv") == true)
    }

    @Test func columnsThatDifferByCaseKeepTheirValues() throws {
        let path = try folder.write("a,A,,b\n1,2,3,4\n", to: "case.csv")
        let notes = DatasetNotes()
        var options = DatasetOptions()
        options.notes = notes
        let table = try catalog.create("case", from: [path], options: options)
        #expect(table.columns.map(\.name) == ["a", "A_2", "column_3", "b"])
        #expect(try table.row(at: 0).values == [.integer(1), .integer(2), .integer(3), .integer(4)])
        #expect(notes.all.count == 2)
    }

    @Test(.timeLimit(.minutes(1))) func aPipeIsRefusedWithoutWaiting() throws {
        for name in ["rows.jsonl", "images.csv"] {
            #expect(mkfifo(folder.path(name), 0o600) == 0)
            #expect(throws: DatasetError.self) { try DatasetFiles.open([folder.path(name)]) }
        }
    }

    @Test func aLinkedFolderIsRead() throws {
        try folder.makeFolder("images")
        try folder.write("one", to: "images/a.jpg")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("linked"), withDestinationPath: folder.path("images"))
        #expect(try DatasetFiles.open([folder.path("linked")]).count == 1)
    }

    @Test func aCatalogOfOthersLeadsNotOutOfItsRoots() throws {
        try folder.makeFolder("images")
        try folder.write("one", to: "images/a.jpg")
        try catalog.create("images", from: [folder.path("images")])
        let table = try catalog.query("SELECT 'root://images/../../etc/passwd' AS x, image FROM images")
        #expect(try table.row(at: 0)["x"] == .text("root://images/../../etc/passwd"))
        let rows = MemoryDataset(
            columns: [.init("image", .image)], rows: [[.image(.file("root://images/../../etc/passwd"))]])
        #expect(try catalog.table(of: rows).row(at: 0)["image"] != .image(.file("/etc/passwd")))
    }

    @Test(arguments: [
        "number = 'x'", "columns = x'ff'", "created = 'x'", "count = 'x'", "steps = '{'",
    ])
    func valuesOfOtherKindsAreErrors(change: String) throws {
        try numbers(0..<5).save(as: "numbers")
        try catalog.damage("UPDATE versions SET \(change)")
        #expect(throws: CatalogError.self) { try catalog.datasets() }
    }

    @Test func anEmptyCatalogBesideVersionsIsRefused() throws {
        try numbers(0..<5).save(as: "numbers")
        try folder.write([], to: "catalog/catalog.sqlite")
        #expect(throws: CatalogError.self) { try Catalog.open(at: catalog.directory) }
    }

    @Test func aDamagedFileIsNamed() throws {
        let table = try numbers(0..<2000).save(as: "numbers")
        let path = catalog.file(of: try #require(table.version), .sqlite).path
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        for index in 100..<bytes.count where index % 7 == 0 { bytes[index] ^= 0x55 }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(throws: CatalogError.self) { try Catalog.open(at: catalog.directory).table("numbers") }
        try FileManager.default.removeItem(atPath: path)
        let error = #expect(throws: CatalogError.self) { try Catalog.open(at: catalog.directory).table("numbers") }
        #expect(error?.description.contains(path) == true)
    }

    @Test func aCatalogOfANewerProgramIsRefused() throws {
        let path = folder.path("catalog/catalog.sqlite")
        var bytes = try folder.bytes("catalog/catalog.sqlite")
        // SQLite's user version: four bytes at 60.
        bytes[63] = 9
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(throws: CatalogError.self) { try Catalog.open(at: catalog.directory) }
    }

    @Test(arguments: ["", "1a", "a b", "a@0", "a@x", "a/b", "ä-1.x@3", "x@99999999999999999999"])
    func names(text: String) {
        let isName = (try? DatasetName(text)) != nil
        #expect(isName == (text == "ä-1.x@3"))
    }
}
