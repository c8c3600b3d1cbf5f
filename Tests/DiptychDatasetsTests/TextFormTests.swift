import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// Encodings, line ends, compression, and contents that are not what a name says.
struct TextFormTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func encoded(_ text: String, _ form: String) -> [UInt8] {
        switch form {
        case "utf-8 with a mark": [0xEF, 0xBB, 0xBF] + Array(text.utf8)
        case "utf-16 little": [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        case "utf-16 big": [0xFE, 0xFF] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        case "old mac": Array(text.replacing("\n", with: "\r").utf8)
        case "windows": Array(text.replacing("\n", with: "\r\n").utf8)
        default: Array(text.utf8)
        }
    }

    @Test(
        "Every text is read in every encoding and with every line end",
        arguments: ["utf-8", "utf-8 with a mark", "utf-16 little", "utf-16 big", "old mac", "windows"])
    func encodings(_ form: String) throws {
        let texts = [
            "a.jsonl": "{\"image\": \"/图🦊.jpg\", \"caption\": \"é\"}\n{\"image\": \"/b.jpg\"}",
            "b.json": "[{\"image\": \"/图🦊.jpg\", \"caption\": \"é\"},\n {\"image\": \"/b.jpg\"}]\n",
            "c.csv": "image,caption\n/图🦊.jpg,é\n/b.jpg,\n", "d.tsv": "image\tcaption\n/图🦊.jpg\té\n/b.jpg\t",
            "e.txt": "/图🦊.jpg\n\n/b.jpg",
        ]
        for (name, text) in texts {
            let rows = Array(DatasetRows([try folder.write(encoded(text, form), to: name)]))
            #expect(rows.failures.isEmpty, "\(name)")
            #expect(rows.rows.map(\.locator) == ["/图🦊.jpg", "/b.jpg"], "\(name)")
            if name != "e.txt" { #expect(rows.rows.first?.caption == "é", "\(name)") }
        }
    }

    @Test("UTF-16 in pieces of any size is decoded, with a pair cut in two")
    func pieces() throws {
        // Longer than a piece of a file, in characters of four bytes.
        let line = String(repeating: "🦊", count: 150_001)
        let path = try folder.write(encoded("x" + line + "\n/b", "utf-16 big"), to: "long.txt")
        #expect(Array(DatasetRows([path])).rows.map(\.locator) == ["x" + line, "/b"])
    }

    /// A file that ends within a unit was read without end, into a temporary file that filled the disk.
    @Test("Half a unit at the end of UTF-16 is said once", .timeLimit(.minutes(1)), arguments: ["txt", "csv", "jsonl"])
    func halfUnits(ending: String) throws {
        let text = ["txt": "/a.jpg\n/b", "csv": "image,caption\n/a.jpg,x\n/b,", "jsonl": "{\"image\":\"/a.jpg\"}\n{"]
        let path = try folder.write(encoded(text[ending] ?? "", "utf-16 little") + [0x7B], to: "half." + ending)
        #expect(Array(DatasetRows([path])).rows.first?.locator == "/a.jpg")
        let dataset = try DatasetFiles.open([path])
        #expect(dataset.count == 2)
        _ = try dataset.row(at: 0)
    }

    @Test("A carriage return and a line feed in two pieces are one line end")
    func splitLineEnd() throws {
        let name = String(repeating: "a", count: (1 << 18) - 1)
        let path = try folder.write(name + "\r\n/b\r\n", to: "split.txt")
        var lines = try LineStream(path: path, mayBeJSON: false, advice: "")
        #expect(try lines.next()?.bytes.count == name.count)
        let second = try lines.next()
        #expect(second?.number == 2)
        #expect(second?.bytes == Array("/b".utf8))
    }

    @Test("Line breaks in quoted fields stay what they are")
    func quotedBreaks() throws {
        let path = try folder.write("image,caption\r\n/a,\"x\r\ny\rz\nw\"\r\n", to: "list.csv")
        #expect(Array(DatasetRows([path])).rows.map(\.caption) == ["x\r\ny\rz\nw"])
    }

    @Test("A list may have zero bytes between its entries")
    func zeros() throws {
        let path = try folder.write("/a\nb.jpg\0/c.jpg\0", to: "list.txt")
        #expect(Array(DatasetRows([path], separator: .null)).rows.map(\.locator) == ["/a\nb.jpg", "/c.jpg"])
        let failures = Array(DatasetRows([path])).failures
        #expect(failures.count == 1)
        #expect(failures.first?.reason.contains("--null") == true)
    }

    @Test("Zstandard, as the zstd program writes it, is unpacked; two frames are one file")
    func zstandard() throws {
        // printf '{"image": "/a.jpg"}\n' | zstd, twice.
        let frame: [UInt8] = [
            0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x58, 0xA1, 0x00, 0x00, 0x7B, 0x22, 0x69, 0x6D, 0x61, 0x67, 0x65, 0x22, 0x3A,
            0x20, 0x22, 0x2F, 0x61, 0x2E, 0x6A, 0x70, 0x67, 0x22, 0x7D, 0x0A, 0x3D, 0xCC, 0xE8, 0xA5,
        ]
        let path = try folder.write(frame + frame, to: "x.jsonl.zst")
        #expect(Array(DatasetRows([path])).rows.map(\.locator) == ["/a.jpg", "/a.jpg"])
        let cut = Array(DatasetRows([try folder.write(Array((frame + frame).dropLast(8)), to: "cut.jsonl.zst")]))
        #expect(cut.rows.count == 1)
        #expect(cut.failures.map(\.kind) == [.malformed])
    }

    @Test("What is not a list is refused in one line that says what it is")
    func refused() throws {
        let cases: [(name: String, bytes: [UInt8], word: String)] = [
            ("a.txt", [0xFF, 0xD8, 0xFF, 0xE0, 0, 16], "JPEG"), ("b.txt", [0x50, 0x4B, 3, 4, 20, 0], "ZIP"),
            ("c.jsonl.bz2", Array("BZh91AY&SY".utf8), "bzip2"),
            ("d.csv.xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0], "xz"),
            ("e.txt", Array("SQLite format 3".utf8) + [0], "SQLite"), ("f.list", [0x93] + Array("NUMPY".utf8), "NumPy"),
            ("g", [1, 0, 2, 0], "zero bytes"), ("h.txt", [0xFF, 0xFE, 0, 0, 0x41, 0, 0, 0], "UTF-32"),
            (
                "i.json", Array("{\"info\": {\"year\": 2017}, \"images\": []}".utf8), "COCO"
            ),
            (
                "j.csv", Array("image,caption\na.jpg,".utf8) + [0xB8, 0xDF, 0xBC, 0xB6, 10, 0x62, 0x2C, 0xC0, 0xB6],
                "iconv"
            ),
            ("k.tar", Array("not an archive".utf8), "is not a tar archive"), ("l.parquet", Array("no".utf8), "Parquet"),
        ]
        for (name, bytes, word) in cases {
            let rows = Array(DatasetRows([try folder.write(bytes, to: name)]))
            #expect(rows.rows.isEmpty, "\(name)")
            #expect(rows.failures.count == 1, "\(name)")
            #expect(rows.failures.first?.description.contains(word) == true, "\(name): \(rows.failures)")
        }
    }

    @Test("Lines of a pipe are taken before more of them come", .timeLimit(.minutes(1)))
    func pipe() throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data("/a.jpg\n/b.jpg\n".utf8))
        var iterator = DatasetRows(["/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"]).makeIterator()
        // The pipe stays open: a reader that wants more of it would wait.
        #expect(try iterator.next()?.get().locator == "/a.jpg")
        #expect(try iterator.next()?.get().locator == "/b.jpg")
        try pipe.fileHandleForWriting.close()
        #expect(iterator.next() == nil)
    }

    @Test("A table or an archive is known by its content, whatever its name")
    func misnamed() throws {
        let table = try folder.write(Fixture.bytes("parquet/duckdb.parquet"), to: "table.txt")
        #expect(Array(DatasetRows([table])).rows.count == 100)
        let archive = try folder.write(Fixture.bytes("tar/pax.tar.gz"), to: "archive.jsonl")
        #expect(Array(DatasetRows([archive])).rows.count == 5)
    }

    @Test("JSON over several lines, an array, and an array of paths are read")
    func jsonForms() throws {
        let forms = [
            "[{\"image\": \"/a\", \"n\": [1, {\"x\": \"]}\\\"\"}]}\n, {\"image\": \"/b\"}]",
            "{\n  \"image\": \"/a\",\n  \"n\": 1\n}\n{\n \"image\": \"/b\"\n}\n", "[\"/a\", \"/b\"]",
            " \n[\n  {\"image\": \"/a\"},\n  {\"image\": \"/b\"}\n]\n",
        ]
        for (index, text) in forms.enumerated() {
            for name in ["\(index).json", "\(index).txt"] {
                let rows = Array(DatasetRows([try folder.write(text, to: name)]))
                #expect(rows.failures.isEmpty, "\(text)")
                #expect(rows.rows.map(\.locator) == ["/a", "/b"], "\(text)")
            }
        }
        let cut = Array(DatasetRows([try folder.write("[{\"image\": \"/a\"}, {\"image\"", to: "cut.json")]))
        #expect(cut.rows.map(\.locator) == ["/a"])
        #expect(cut.failures.count == 1)
        // An item that is none costs itself.
        let bad = Array(DatasetRows([try folder.write("[5, {\"image\": \"/b\"}, tru]", to: "bad.json")]))
        #expect(bad.rows.map(\.locator) == ["/b"])
        #expect(bad.failures.map(\.place) == ["item 1", "item 3"])
    }

    @Test("Python's NaN and infinities are null, and counted once")
    func notFinite() throws {
        let notes = DatasetNotes()
        let text = "{\"image\": \"/a\", \"x\": NaN}\n{\"image\": \"/b\", \"x\": [-Infinity, Infinity, 1e999, 1]}\n"
        let rows = Array(DatasetRows([try folder.write(text, to: "nan.jsonl")], notes: notes))
        #expect(rows.failures.isEmpty)
        #expect(rows.rows.map(\.attributes) == [[], [.init("x", try .of("[null, null, null, 1]"))]])
        #expect(notes.all.map(\.count) == [4])
        #expect(notes.all.map(\.place) == ["line 1"])
    }

    @Test("Chinese-CLIP's images are read in both alphabets, with their texts beside them")
    func chineseClip() throws {
        // base64 of 0xFB 0xEF 0xFF and of 33 more bytes of 0xFB: both alphabets differ in it.
        let usual = "++//" + String(repeating: "+/v7", count: 11)
        let safe = usual.replacing("+", with: "-").replacing("/", with: "_")
        let path = try folder.write("1000\t\(usual)\n1001\t\(safe)\r\n1000\t\(usual)\nx\tA\n", to: "cn_imgs.tsv")
        try folder.write(
            "{\"text_id\": 0, \"text\": \"高级感\", \"image_ids\": [1001, 1000]}\n"
                + "{\"text_id\": 1, \"text\": \"二\", \"image_ids\": [1001]}\n", to: "cn_texts.jsonl")
        let rows = Array(DatasetRows([path]))
        #expect(rows.rows.map(\.locator) == [path + "#1000", path + "#1001"])
        #expect(rows.rows.map(\.caption) == ["高级感", "高级感"])
        #expect(
            rows.rows.last?.attributes == [.init("image_id", .int(1001)), .init("texts", try .of(#"["高级感","二"]"#))])
        #expect(rows.rows.first?.image == rows.rows.last?.image)
        guard case .bytes(let bytes)? = rows.rows.first?.image else { Issue.record("no bytes"); return }
        #expect(bytes.prefix(6) == [0xFB, 0xEF, 0xFF, 0xFB, 0xFB, 0xFB])
        #expect(rows.failures.map(\.place) == ["line 3", "line 4"])
        let texts = Array(DatasetRows([folder.path("cn_texts.jsonl")]))
        #expect(texts.failures.count == 1)
        #expect(texts.failures.first?.reason.contains("_imgs.tsv") == true)
    }
}
