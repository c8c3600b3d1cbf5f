import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// What is left out without the loss of a row is said, once and with its number.
struct LeftOutNotesTests {
    private let folder: TemporaryDirectory
    private let notes = DatasetNotes()

    init() throws { folder = try TemporaryDirectory() }

    private var options: DatasetOptions {
        var options = DatasetOptions()
        options.notes = notes
        return options
    }

    @Test("Members of a shard that are not read are one note", arguments: ["ustar.tar", "pax.tar.gz"])
    func members(name: String) throws {
        _ = try DatasetFiles.open([Fixture.path("tar/\(name)")], options: options)
        let found = notes.all.filter { $0.reason == "entries ending in .cls are not read" }
        #expect(found.map(\.count) == [1] && found.first?.place == "000001.cls")
        #expect(found.first?.path.hasSuffix(name) == true)
    }

    @Test("Texts that name no image are counted once, however often the files are opened")
    func textsWithoutImages() throws {
        try folder.write("1\tiVBORw0KGgo=\n", to: "train_imgs.tsv")
        let lines = [#"[1]"#, "[]", "[7]", "[1, 7]"].enumerated().map {
            #"{"text_id": \#($0.offset), "text": "text", "image_ids": \#($0.element)}"#
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "train_texts.jsonl")
        for _ in 0..<3 {
            let rows = try DatasetFiles.open([folder.path], options: options)
            #expect(try rows.row(at: 0)["texts"] == .list([.text("text"), .text("text")]))
        }
        #expect(notes.all.map(\.count) == [2] && notes.all.first?.place == "row 2", "\(notes.all)")
        #expect(notes.all.first?.path.hasSuffix("train_texts.jsonl") == true)
    }

    @Test("A link to a folder is not followed, and said; links to files are read")
    func links() throws {
        try folder.makeFolder("images/cats")
        try folder.makeFolder("elsewhere")
        try folder.write("jpeg", to: "images/cats/a.jpg")
        try folder.write("jpeg", to: "elsewhere/b.jpg")
        let manager = FileManager.default
        try manager.createSymbolicLink(
            atPath: folder.path("images/dogs"), withDestinationPath: folder.path("elsewhere"))
        try manager.createSymbolicLink(
            atPath: folder.path("images/cats/c.jpg"), withDestinationPath: folder.path("elsewhere/b.jpg"))
        let rows = try DatasetFiles.open([folder.path("images")], options: options)
        #expect(rows.count == 2)
        #expect(notes.all.map(\.place) == ["dogs"] && notes.all.first?.reason.contains("links to folders") == true)
    }

    @Test("Numbers that are not finite are counted where a form has none", arguments: [DatasetFormat.jsonl, .csv])
    func notFinite(format: DatasetFormat) throws {
        let rows = MemoryDataset(
            columns: [.init("n", .double), .init("list", .list(.float))],
            rows: [[.double(1), .floats([1, 2])], [.double(.infinity), .floats([.nan, -.infinity])]])
        var options = options
        options.named["rows"] = rows
        var conversion = DatasetConversion(to: format, output: folder.path("out"))
        conversion.notes = notes
        for part in try DatasetFiles.splits(["rows"], options: options) {
            _ = try conversion.write(part, as: "train", skip: { Issue.record("\($0)") })
        }
        #expect(notes.all.map(\.count) == [3] && notes.all.first?.place == "row 2", "\(notes.all)")
    }
}
