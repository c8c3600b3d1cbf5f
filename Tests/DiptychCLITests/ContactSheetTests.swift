import DiptychMedia
import Foundation
import Testing

/// Several searches as one image.
struct ContactSheetTests {
    private struct Found: Decodable {
        struct Result: Decodable {
            let query: String
            let rank: Int
            let path: String
            let similarity: Float
        }
        let results: [Result]
    }

    /// A folder with images and a store of them.
    private func world() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: Fixture.images, toPath: folder / "pictures")
        let result = try Command.run("index", folder / "pictures", "--store", folder / "store")
        #expect(result.status == 0, "\(result.error)")
        return folder
    }

    @Test(arguments: ["png", "JPG", "jpeg"]) func `it shows what search finds`(_ kind: String) throws {
        let folder = try world()
        let sheet = folder / "sheet.\(kind)"
        let result = try Command.run(
            "contact-sheet", "--store", folder / "store", "--output", sheet, "-k", "3", "--format", "json", "a cat",
            "一只猫")
        #expect(result.status == 0 && result.error.contains("contact sheet: \(sheet)"), "\(result.error)")
        let found = try result.json(Found.self).results
        #expect(found.map(\.query) == ["a cat", "a cat", "a cat", "一只猫", "一只猫", "一只猫"])
        #expect(found.map(\.rank) == [1, 2, 3, 1, 2, 3])
        let search = try Command.run("search", "--format", "json", "--store", folder / "store", "-k", "3", "一只猫")
        let alone = try search.json(RankedResults.self).results
        #expect(found.suffix(3).map(\.path) == alone.compactMap(\.path))
        #expect(zip(found.suffix(3), alone).allSatisfy { abs($0.similarity - $1.similarity) < 1e-6 })

        let image = try Image.decode(file: sheet)
        #expect(image.width > 3 * 150 && image.height > 2 * 150)
        // More than a frame and text: most of the cells is not white.
        #expect(image.bytes.count { $0 < 200 } > image.bytes.count / 10)
        #expect(folder.names == ["pictures", "sheet.\(kind)", "store"])
    }

    @Test func `images that are gone or damaged leave their names`() throws {
        let folder = try world()
        let (gone, damaged) = (folder / "pictures/wide.jpg", folder / "pictures/tall.png")
        try FileManager.default.removeItem(atPath: gone)
        try Data("no image".utf8).write(to: URL(fileURLWithPath: damaged))
        let result = try Command.run(
            "contact-sheet", "--store", folder / "store", "--output", folder / "sheet.png", "--format", "jsonl", "a",
            "b")
        #expect(result.signal == nil && result.status == 3, "\(result.error)")
        #expect(result.lines.count == 10)
        for path in [gone, damaged] { #expect(result.error.contains("skipped \(path): "), "\(result.error)") }
        #expect(result.error.contains("2 of 5 inputs skipped"), "\(result.error)")
        #expect(try Image.decode(file: folder / "sheet.png").height > 2 * 150)
    }

    @Test func `what cannot be drawn is refused before any work`() throws {
        for output in ["sheet.bmp", "sheet", "", "png"] {
            let result = try Command.run(
                "contact-sheet", "--format", "json", "--store", "/nowhere", "--output", output, "a cat")
            expectFailure(result, status: 2, saying: "--output", ".png")
        }
        for arguments in [[], [""], ["a", "-k", "0"], ["a", "-k", "11"], [String](repeating: "a", count: 41)] {
            let result = try Command.run(
                ["contact-sheet", "--format", "json", "--store", "/nowhere", "--output", "x.png"] + arguments)
            expectFailure(result, status: 2)
        }
    }

    @Test func `a store or a directory that is missing is named`() throws {
        let folder = try world()
        let none = try Command.run(
            "contact-sheet", "--format", "json", "--store", folder / "none", "--output", folder / "x.png", "a cat")
        expectFailure(none, status: 1, saying: folder / "none", "diptych index")
        let sheet = folder / "no/sheet.png"
        let result = try Command.run(
            "contact-sheet", "--format", "json", "--store", folder / "store", "--output", sheet, "a cat")
        expectFailure(result, status: 1, saying: sheet, "directory")
        // No results either: they would look like a success.
        #expect(result.output.isEmpty)
        #expect(folder.names == ["pictures", "store"])
    }
}
