import Testing

import DiptychCatalog

@Suite struct SQLTokenTests {
    private func text(_ sql: String, _ columns: [String] = ["file.path", "file.size", "label"]) throws -> String {
        try SQLText(sql, columns: columns) { name, number in name == "pairs" && number == 2 ? "pairs@2" : nil }.sql
    }

    @Test func columnsWithDotsAreQuoted() throws {
        #expect(try text("name(file.path) = 'a'") == #"name("file.path") = 'a'"#)
        #expect(try text("FILE.Size > 3") == #""file.size" > 3"#)
        #expect(try text("t.label = file.sizes") == "t.label = file.sizes")
    }

    @Test func textsCommentsAndQuotedNamesStay() throws {
        for sql in [
            "'file.path'", "\"file.path\"", "[file.path]", "1 -- file.path\n+ 1", "/* file.path */ 1",
            "'it''s file.path'",
        ] {
            #expect(try text(sql) == sql)
        }
    }

    @Test func versionsAreQuoted() throws {
        #expect(try text("SELECT * FROM pairs@2") == #"SELECT * FROM "pairs@2""#)
        #expect(throws: CatalogError(.query, "column 15: there is no pairs@3")) { try text("SELECT * FROM pairs@3") }
    }

    @Test(arguments: ["? + 1", ":a", "@a"])
    func parametersAreRefused(sql: String) {
        #expect(throws: CatalogError.self) { try text(sql) }
    }

    @Test func placesAreThoseOfWhatWasWritten() throws {
        let text = try SQLText("é file.path widht", columns: ["file.path"]) { _, _ in nil }
        let offset = text.sql.utf8.count - "widht".utf8.count
        #expect(text.column(at: offset) == 13)
        #expect(text.inside("SELECT ", " x").column(at: offset + 7) == 13)
    }

    @Test(arguments: [
        ("root://photos/cats/a.b.jpg", "a.b.jpg", "a.b", "jpg", "root://photos/cats"),
        ("root://photos/shard.tar#512+100", "shard.tar", "shard", "tar", "root://photos"),
        ("root://photos/a#b.jpg", "a#b.jpg", "a#b", "jpg", "root://photos"),
        ("https://host/x/y.png?size=3", "y.png", "y", "png", "https://host/x"),
        ("plain", "plain", "plain", "", ""),
        (".hidden", ".hidden", ".hidden", "", ""),
        ("/a/b/", "", "", "", "/a/b"),
    ])
    func partsOfPaths(path: String, name: String, stem: String, ending: String, folder: String) {
        #expect(PathPart.name.of(path) == name)
        #expect(PathPart.stem.of(path) == stem)
        #expect(PathPart.extension.of(path) == ending)
        #expect(PathPart.folder.of(path) == folder)
    }
}
