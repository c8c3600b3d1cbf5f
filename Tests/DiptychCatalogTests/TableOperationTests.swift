import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

import DiptychCatalog

@Suite struct TableOperationTests {
    private let folder: TemporaryDirectory
    private let catalog: Catalog

    init() throws {
        folder = try TemporaryDirectory()
        catalog = try Catalog.open(at: folder.url.appendingPathComponent("catalog"))
    }

    private func table(_ columns: [DatasetColumn], _ rows: [DatasetValue]...) throws -> CatalogTable {
        try catalog.table(of: MemoryDataset(columns: columns, rows: rows))
    }

    private func words() throws -> CatalogTable {
        try table(
            [.init("file.path", .text), .init("label", .text), .init("scores", .list(.double))],
            [.text("cats/a.jpg"), .text("A"), .list([.double(0.5), .double(0.25)])],
            [.text("cats/b.png"), .text("B"), .list([.double(0.125), .double(1)])],
            [.text("dogs/c.jpg"), .null, .null])
    }

    private func column(_ table: CatalogTable, _ name: String) throws -> [DatasetValue] {
        try (0..<table.count).map { try table.row(at: $0)[name] ?? .null }
    }

    @Test func filterTakesPathsListsAndNulls() throws {
        let words = try words()
        #expect(
            try column(words.filter("extension(file.path) = 'jpg'"), "file.path") == [
                .text("cats/a.jpg"), .text("dogs/c.jpg"),
            ])
        #expect(try words.filter("folder(file.path) = 'cats' AND scores ->> 1 = 1").count == 1)
        #expect(try words.filter("label IS NULL").count == 1)
        #expect(try words.filter("label = 'A' -- a remark").count == 1)
    }

    @Test(arguments: [
        ("widht > 3", "column 1: no such column: widht"), ("label = ", "syntax error"),
        ("1 = 1); DROP TABLE rows; --", "one statement"),
        ("scores ->> 0 > ?", "column 16: '?'"),
    ])
    func aBadConditionIsOneLineWithItsPlace(condition: String, words: String) throws {
        let error = #expect(throws: CatalogError.self) { try self.words().filter(condition) }
        #expect(
            error?.description.contains(words) == true && error?.description.contains("\n") == false,
            "\(String(describing: error))")
    }

    @Test func queriesKeepTypesAndFindThem() throws {
        try words().save(as: "words")
        let rows = try catalog.query("SELECT *, instr('AB', label) - 1 AS place FROM words WHERE label IS NOT NULL")
        #expect(rows.columns.map(\.type) == [.text, .text, .list(.double), .integer])
        let means = try catalog.query(
            "SELECT avg(scores ->> place) AS mean FROM (SELECT *, instr('AB', label) - 1 AS place FROM words WHERE label IS NOT NULL)"
        )
        #expect(try means.row(at: 0).values == [.double(0.75)])
        #expect(means.columns == [DatasetColumn("mean", .double)])
        #expect(try catalog.query("SELECT name(w.file.path) AS n FROM words@1 w").row(at: 0)["n"] == .text("a.jpg"))
    }

    @Test(arguments: [
        "DELETE FROM words", "ATTACH 'x' AS y", "PRAGMA user_version", "SELECT 1; SELECT 2", "", "CREATE TABLE x (y)",
        "WITH x AS (SELECT 1) DELETE FROM words", "SELECT * FROM nothing", "SELECT load_extension('x')",
        "INSERT INTO words VALUES (1)", "VACUUM", "SELECT * FROM words@7", "SELECT similarity('a', 'b') FROM words",
        "DROP VIEW words", "UPDATE words SET label = 1",
    ])
    func onlyStatementsThatReadAreRun(sql: String) throws {
        try words().save(as: "words")
        #expect(throws: CatalogError.self) { try catalog.query(sql) }
        #expect(try catalog.table("words").isWhole())
    }

    @Test func aMistypedNameIsSaid() throws {
        try words().save(as: "words")
        func message(_ sql: String) -> String {
            (#expect(throws: CatalogError.self) { try catalog.query(sql) })?.description ?? ""
        }
        #expect(message("SELECT lable FROM words") == "column 8: no such column: lable; did you mean 'label'?")
        #expect(message("SELECT * FROM wrods") == "no such table: wrods; did you mean 'words'?")
    }

    @Test func functionsOfSQL() throws {
        let row = try catalog.query(
            """
            SELECT stem('a/b.c.jpg') AS s, hash('x') = hash('x') AS same, hash('x') = hash('y') AS other, hash(NULL) AS missing,
                similarity('[3,4]', '[4,3]') AS cosine, similarity(NULL, '[1]') AS none
            """
        ).row(at: 0)
        #expect(row.values == [.text("b.c"), .integer(1), .integer(0), .null, .double(0.96), .null])
    }

    @Test func joinsKeepOrderAndSayWhatHasNoPartner() throws {
        let left = try words()
        let right = try table(
            [.init("filename", .text), .init("label", .text), .init("n", .integer)],
            [.text("b.png"), .text("x"), .integer(1)],
            [.text("a.jpg"), .text("y"), .integer(2)], [.text("a.jpg"), .text("z"), .integer(3)],
            [.null, .text("w"), .integer(4)])
        var summary: JoinSummary?
        let inner = try left.join(right, on: "name(file.path) = filename") { summary = $0 }
        #expect(try column(inner, "n") == [.integer(2), .integer(3), .integer(1)])
        #expect(inner.columns.map(\.name) == ["file.path", "label", "scores", "filename", "right_label", "n"])
        #expect(summary?.unmatchedLeft == 1 && summary?.unmatchedRight == 1 && summary?.count == 3)
        #expect(summary?.renamed.map(\.to) == ["right_label"])
        // The other way round, and all of the left.
        let outer = try left.join(right, on: "filename = name(file.path)", kind: .left)
        #expect(try column(outer, "n") == [.integer(2), .integer(3), .integer(1), .null])
        #expect(throws: CatalogError.self) { try left.join(right, on: "filename") }
        #expect(throws: CatalogError.self) { try left.join(right, on: "count(*) = 1") }
        #expect(throws: CatalogError.self) { try left.join(right, on: "file.path = nothing") }
    }

    @Test func aJoinOfTextsAndNumbersSaysWhyNothingMatches() throws {
        let left = try table([.init("id", .integer)], [.integer(1)])
        let right = try table([.init("id", .text)], [.text("1")])
        var summary: JoinSummary?
        #expect(try left.join(right, on: "id = id") { summary = $0 }.count == 0)
        #expect(summary?.hint == "id gives numbers, and id gives texts: compare with CAST(… AS TEXT)")
        let joined = try left.join(right, on: "CAST(id AS TEXT) = id")
        #expect(joined.count == 1)
    }

    @Test func samplesShufflesAndDistinctRows() throws {
        let rows = try catalog.table(
            of: MemoryDataset(
                columns: [.init("n", .integer), .init("k", .integer)],
                rows: (0..<100).map { [.integer($0), .integer($0 % 7)] }))
        let sample = try rows.sample(10, seed: 3)
        #expect(sample.count == 10)
        let numbers = try column(sample, "n").compactMap(\.integer)
        #expect(numbers == numbers.sorted() && Set(numbers).count == 10)
        #expect(try rows.sample(10, seed: 3).content == sample.content)
        #expect(try rows.sample(10, seed: 4).content != sample.content)
        #expect(try rows.sample(1000).count == 100)
        let shuffled = try rows.shuffled(seed: 1)
        #expect(try column(shuffled, "n").compactMap(\.integer).sorted() == (0..<100).map { Int64($0) })
        #expect(try column(rows.distinct(on: ["k"]), "n") == (0..<7).map { .integer($0) })
        let groups = try rows.group(by: ["k"], computing: ["count(*) AS count", "max(n) AS last"])
        #expect(try column(groups, "k") == (0..<7).map { .integer($0) })
        #expect(try column(groups, "count").compactMap(\.integer).reduce(0, +) == 100)
        #expect(groups.columns.map(\.type) == [.integer, .integer, .integer])
    }

    @Test func differencesAreByKey() throws {
        func made(_ rows: [(Int64, String)]) throws -> CatalogTable {
            try catalog.table(
                of: MemoryDataset(
                    columns: [.init("id", .integer), .init("word", .text)],
                    rows: rows.map { [.integer($0.0), .text($0.1)] }))
        }
        let (a, b) = (
            try made([(1, "one"), (2, "two"), (3, "three")]), try made([(3, "three"), (2, "zwei"), (4, "four")])
        )
        let difference = try a.difference(from: b)
        #expect((difference.added, difference.removed, difference.changed, difference.equal) == (1, 1, 1, 1))
        #expect(difference.keys == ["id"])
        #expect(try a.difference(from: a.shuffled(seed: 1)).isEmpty)
        let other = try table([.init("r", .integer)], [.integer(2)])
        #expect(try a.difference(from: other).added == 1 && a.difference(from: other).removed == 3)
    }
}
