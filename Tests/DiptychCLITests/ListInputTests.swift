import Foundation
import Testing

/// Lists, labels, templates and texts in files of every encoding, and entries that end with zero bytes.
struct ListInputTests {
    private let folder: TemporaryFolder
    private static let forms = ["utf-8", "utf-8 with a mark", "utf-16 little", "utf-16 big", "old mac", "windows"]

    init() throws { folder = try TemporaryFolder() }

    private func write(_ text: String, _ form: String = "utf-8", to name: String) throws -> String {
        let data: Data =
            switch form {
            case "utf-8 with a mark": Data([0xEF, 0xBB, 0xBF]) + Data(text.utf8)
            case "utf-16 little": Data([0xFF, 0xFE]) + Data(text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
            case "utf-16 big": Data([0xFE, 0xFF]) + Data(text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] })
            case "old mac": Data(text.replacing("\n", with: "\r").utf8)
            case "windows": Data(text.replacing("\n", with: "\r\n").utf8)
            default: Data(text.utf8)
            }
        try data.write(to: URL(fileURLWithPath: folder / name))
        return folder / name
    }

    @Test("Texts of a file give the tokens that they give as arguments", arguments: forms)
    func tokenize(_ form: String) throws {
        let texts = ["a photo of a cat", "", "一张 照片 🦊", "é"]
        let expected = try Command.run(["tokenize"] + texts)
        #expect(expected.lines.count == texts.count)
        let file = try write(texts.joined(separator: "\n"), form, to: "texts.txt")
        #expect(try Command.run("tokenize", "--input", file).output == expected.output)
        let zeros = try write(texts.map { $0 + "\0" }.joined(), to: "zeros")
        #expect(try Command.run("tokenize", "--input", zeros, "-0").output == expected.output)
        #expect(try Command.run("tokenize", "--input", zeros, "--null").output == expected.output)
    }

    @Test("Labels and templates of a file are what they are as options", arguments: forms)
    func labels(_ form: String) throws {
        let image = try #require(try Fixture.expected().pictures.first?.file)
        let path = Fixture.images + "/" + image
        let options = ["classify", "--format", "json", "--quiet", path]
        let expected = try Command.run(
            options + ["--label", "red", "--label", "蓝 色", "--template", "a {}", "--template", "图 {}"])
        #expect(expected.status == 0)
        let labels = try write("red\n\n蓝 色\n", form, to: "labels.txt")
        let templates = try write("a {}\n图 {}", form, to: "templates.txt")
        let result = try Command.run(options + ["--labels", labels, "--template-file", templates])
        #expect(result.output == expected.output)
    }

    @Test("Images of a list are classified as those of arguments are, and embedded", arguments: forms)
    func images(_ form: String) throws {
        let paths = try Fixture.expected().pictures.prefix(2).map { Fixture.images + "/" + $0.file }
        let options = ["classify", "--format", "json", "--quiet", "--label", "red", "--label", "blue"]
        let expected = try Command.run(options + paths)
        #expect(expected.status == 0)
        let list = try write(paths.joined(separator: "\n"), form, to: "list.txt")
        #expect(try Command.run(options + ["--input", list]).output == expected.output)
        let zeros = try write(paths.map { $0 + "\0" }.joined(), to: "zeros")
        #expect(try Command.run(options + ["--input", zeros, "-0"]).output == expected.output)
        let images = ["embed", "--quiet"] + paths.flatMap { ["--image", $0] }
        #expect(try Command.run("embed", "--quiet", "-0", "--input", zeros).output == Command.run(images).output)
        #expect(try Command.run("embed", "--quiet", "--input", list).output == Command.run(images).output)
    }

    @Test("A file that is not a list is refused in one line that says what it is")
    func refused() throws {
        let jsons = try write("[{\"image\": \"a.jpg\"}]", to: "list.json")
        let zeros = try write("a.jpg\0b.jpg\0", to: "zeros.txt")
        let image = try #require(try Fixture.expected().pictures.first?.file)
        let cases = [
            (["embed", "--input", jsons], "JSON"), (["embed", "--input", zeros], "zero bytes"),
            (["embed", "--input", Fixture.images + "/" + image], "picture"),
            (["classify", "--labels", jsons, "a.jpg"], "JSON"),
        ]
        for (arguments, word) in cases {
            let result = try Command.run(arguments + ["--quiet"])
            #expect(result.status == 1)
            #expect(result.error.contains(word), "\(arguments): \(result.error)")
            #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
        }
    }

    @Test("What an index leaves out of a table is named on standard error and in the summary")
    func notes() throws {
        let image = try #require(try Fixture.expected().pictures.first?.file)
        let path = Fixture.images + "/" + image
        let list = try write("{\"image\": \"\(path)\", \"x\": NaN}\n", to: "list.jsonl")
        let result = try Command.run(
            "index", "--from", list, "--store", folder / "store", "--format", "json", "--quiet")
        #expect(result.status == 0)
        #expect(result.error.contains("note: \(list): line 1: NaN"))
        let summary = try #require(
            JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let notes = try #require(summary["notes"] as? [[String: Any]])
        #expect(notes.count == 1)
        #expect(notes.first?["count"] as? Int == 1)
    }
}
