import DiptychDatasets
import DiptychTestSupport
import Testing

struct ManifestTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test("JSON lines give paths, URLs, captions and everything else in order")
    func jsonLines() throws {
        let path = try folder.write(
            """
            \u{FEFF}{"image": "a.jpg", "caption": "a cat", "n": 3, "deep": {"x": [1, 2.5, null]}, "gone": null}

            {"path": "/abs/b.png", "text": "两\\ud83e\\udd8a"}\r
            {"url": "HTTPS://example.org/c.jpg", "caption": "", "caption_zh": "三"}
            {"file": "d.jpg"
            [1]
            {"caption": "no image"}
            {"image": 5}
            {"image": "data:image/png;base64,AAAA"}
            {"image": "", "url": "http://e"}
            """, to: "list.jsonl")
        let rows = Array(DatasetRows([path]))
        let here = folder.path + "/"
        let expected = [
            DatasetRow(
                locator: here + "a.jpg", image: .file(here + "a.jpg"), caption: "a cat",
                attributes: [.init("n", .int(3)), .init("deep", try .of(#"{"x":[1,2.5,null]}"#))]),
            DatasetRow(locator: "/abs/b.png", image: .file("/abs/b.png"), caption: "两🦊"),
            DatasetRow(
                locator: "HTTPS://example.org/c.jpg", image: .url("HTTPS://example.org/c.jpg"), caption: nil,
                attributes: [.init("caption", .string("")), .init("caption_zh", .string("三"))]),
            DatasetRow(locator: path + "#9", image: .url("data:image/png;base64,AAAA")),
            DatasetRow(
                locator: "http://e", image: .url("http://e"), attributes: [.init("image", .string(""))]),
        ]
        #expect(rows.rows == expected)
        #expect(rows.failures.map(\.place) == ["line 5", "line 6", "line 7", "line 8"])
        #expect(rows.failures.map(\.kind) == [.malformed, .malformed, .incomplete, .malformed])
    }

    @Test("Quoted fields hold separators, quotes and line breaks")
    func csv() throws {
        let path = try folder.write(
            "path,caption,width\r\na.jpg,\"one, two\",5\r\n\"b \"\"x\"\".jpg\",\"line\nbreak\",\n\nc.jpg,x\nd.jpg,\"y\"z,1\n"
                + "e.jpg,,7\n", to: "list.csv")
        let rows = Array(DatasetRows([path]))
        let here = folder.path + "/"
        #expect(
            rows.rows == [
                DatasetRow(
                    locator: here + "a.jpg", image: .file(here + "a.jpg"), caption: "one, two",
                    attributes: [.init("width", .string("5"))]),
                // Its table has a column of attributes, which is empty here.
                DatasetRow(
                    locator: here + "b \"x\".jpg", image: .file(here + "b \"x\".jpg"), caption: "line\nbreak",
                    saysAttributes: true),
                DatasetRow(
                    locator: here + "e.jpg", image: .file(here + "e.jpg"), attributes: [.init("width", .string("7"))]),
            ])
        #expect(rows.failures.map(\.place) == ["line 6", "line 7"])
    }

    @Test("A quote that never ends costs its line alone")
    func openQuote() throws {
        let path = try folder.write("url\tTEXT\nhttp://a\t\"inches\nhttp://b\tx\nhttp://c\ty\n", to: "list.tsv")
        let rows = Array(DatasetRows([path]))
        #expect(rows.failures.map(\.place) == ["line 2"])
        #expect(rows.rows.map(\.locator) == ["http://b", "http://c"])
        #expect(rows.rows.map(\.caption) == ["x", "y"])
    }

    @Test("Columns can be called otherwise, and a table without images is refused")
    func columns() throws {
        let path = try folder.write("photo,caption,caption_en\na.jpg,eins,one\n", to: "list.csv")
        let rows = Array(DatasetRows([path], columns: ColumnNames(image: "photo", caption: "caption_en")))
        #expect(rows.rows.map(\.caption) == ["one"])
        #expect(rows.rows.first?.attributes == [.init("caption", .string("eins"))])
        let failures = Array(DatasetRows([path])).failures
        #expect(failures.map(\.place) == ["line 1"])
        #expect(failures[0].description.contains("names no column of images"))
    }

    @Test("Lists hold paths as they are, and URLs; files follow one another")
    func lists() throws {
        let first = try folder.write("a.jpg\r\n\n/b c.png\nhttp://x/y.jpg", to: "list.txt")
        let second = try folder.write("{\"image\": \"/z.jpg\"}\n", to: "other.list")
        let rows = Array(DatasetRows([first, folder.path("missing.txt"), second]))
        #expect(
            rows.rows == [
                DatasetRow(locator: "a.jpg", image: .file("a.jpg")),
                DatasetRow(locator: "/b c.png", image: .file("/b c.png")),
                DatasetRow(locator: "http://x/y.jpg", image: .url("http://x/y.jpg")),
                // JSON is no path, whatever the file is called.
                DatasetRow(locator: "/z.jpg", image: .file("/z.jpg")),
            ])
        #expect(rows.failures.map(\.path) == [folder.path("missing.txt")])
        // Unless somebody says that it is one.
        #expect(Array(DatasetRows([second], kind: .list)).rows.map(\.locator) == ["{\"image\": \"/z.jpg\"}"])
    }

    @Test("Kinds are known by the ending")
    func kinds() {
        let known: [(String, DatasetKind)] = [
            ("a.jsonl", .jsonl), ("dir.tar/a", .list), ("a.JSONL.gz", .jsonl), ("x.csv", .csv), ("x.tsv.gz", .tsv),
            ("t.parquet", .parquet), ("s-0001.tar", .tar), ("s.tar.gz", .tar), ("s.tgz", .tar), ("-", .list),
            ("urls.txt", .list), ("parquet", .parquet), ("a.json", .jsonl), ("a.jsonl.zst", .jsonl),
            ("s.tar.zst", .tar),
        ]
        for (name, kind) in known where name != "parquet" { #expect(DatasetKind(path: name) == kind, "\(name)") }
    }

    @Test("Braces stand for ranges and lists")
    func braces() throws {
        #expect(try BracePattern.expand("s-{08..11}.tar") == ["s-08.tar", "s-09.tar", "s-10.tar", "s-11.tar"])
        #expect(try BracePattern.expand("{9..11}") == ["9", "10", "11"])
        #expect(try BracePattern.expand("{a,b}/{0..1}") == ["a/0", "a/1", "b/0", "b/1"])
        #expect(try BracePattern.expand("plain{x}{") == ["plain{x}{"])
        #expect(try BracePattern.expand("{5..3}") == ["{5..3}"])
        #expect(throws: DatasetError.self) { try BracePattern.expand("{0..999999999}") }
        #expect(throws: DatasetError.self) { try BracePattern.expand("{0..99999}{0..99999}{0..99999}") }
        #expect(throws: DatasetError.self) { try BracePattern.expand("{0..999999999999999}") }
    }

    @Test("Damaged manifests never stop the process, and good lines survive")
    func hostile() throws {
        var random = SeededGenerator(7)
        let good: [(String, String)] = [
            (
                "jsonl",
                (0..<20).map { "{\"image\": \"\($0).jpg\", \"caption\": \"c \\u4e00 \($0)\", \"n\": [1.5e3, {}]}\n" }
                    .joined()
            ),
            ("csv", "image,caption\n" + (0..<20).map { "\($0).jpg,\"c \"\"\($0)\"\"\"\n" }.joined()),
            ("tsv", "image\tcaption\n" + (0..<20).map { "\($0).jpg\tc \($0)\n" }.joined()),
            ("txt", (0..<20).map { "\($0).jpg\n" }.joined()),
        ]
        var rowCount = 0
        for round in 0..<1000 {
            let (ending, text) = good[round % good.count]
            var bytes = Array(text.utf8)
            for _ in 0...Int.random(in: 0..<6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let path = try folder.write(bytes, to: "damaged.\(ending)")
            rowCount += Array(DatasetRows([path])).rows.count
        }
        #expect(rowCount > 1000 * 8)
    }

    @Test(
        "JSON that is none is refused",
        arguments: [
            "{", "{\"a\":}", "[1,]", "01", "1.", "-", "1e", "\"\\x\"", "\"a", "tru", "nulll", "{\"a\" 1}", "\u{1}",
            "\"\t\"",
            String(repeating: "[", count: 100_000), "", "1 2",
        ])
    func badJSON(_ text: String) { #expect(throws: DatasetError.self) { try JSONValue.of(text) } }

    @Test("JSON values come back from their text")
    func json() throws {
        let text = #"{"a":[1,-2.5,true,null,"x\n\"é🦊"],"b":{},"c":9223372036854775807,"d":1e+300}"#
        #expect(try JSONValue.of(text).text == text)
        // No digit is lost of a number that neither form holds.
        #expect(try JSONValue.of("18446744073709551615") == .string("18446744073709551615"))
        #expect(JSONValue.double(.infinity).text == "null")
    }
}
