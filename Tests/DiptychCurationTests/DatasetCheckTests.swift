import DiptychCuration
import DiptychDatasets
import DiptychMedia
import DiptychTestSupport
import Foundation
import Testing

/// Each fault is put into a sound dataset, and is all that is found there; a repaired copy has none.
struct DatasetCheckTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    /// A fault, and what is said of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let kind: FindingKind
        let name: String
        var count = 1
        let example: String
        let put: @Sendable (inout SmallDataset) throws -> Void

        var testDescription: String { name }

        init(
            _ kind: FindingKind, _ name: String, count: Int = 1, _ example: String,
            _ put: @escaping @Sendable (inout SmallDataset) throws -> Void
        ) { (self.kind, self.name, self.count, self.example, self.put) = (kind, name, count, example, put) }
    }

    static let imageFaults: [Case] = [
        Case(.orphanImageID, "a text names no image", "train_texts.jsonl:7: 9999") {
            $0.add(text: SmallDataset.text(7, "没有图的文字", [9999]))
        },
        Case(.orphanImage, "no text names an image", "train_imgs.tsv:7: 1007") {
            $0.add(image: SmallDataset.line(1007, try SmallDataset.file(7)))
        },
        Case(.brokenBase64, "a sign within base64", "train_imgs.tsv:7: 1007: character 41 of") {
            var text = Array(SmallDataset.base64(try SmallDataset.file(7)))
            text[40] = "!"
            $0.add(image: "1007\t" + String(text))
            $0.add(text: SmallDataset.text(7, "七", [1007]))
        },
        Case(.truncatedBase64, "base64 that ends within a byte", "train_imgs.tsv:7: 1007: 401 characters") {
            $0.add(image: "1007\t" + SmallDataset.base64(try SmallDataset.file(7)).prefix(401))
            $0.add(text: SmallDataset.text(7, "七", [1007]))
        },
        Case(.truncatedBase64, "base64 that ends within a group", "train_imgs.tsv:7: 1007") {
            $0.add(image: "1007\t" + SmallDataset.base64(try SmallDataset.file(7)).prefix(402))
            $0.add(text: SmallDataset.text(7, "七", [1007]))
        },
        Case(.truncatedImage, "half a JPEG file", "train_imgs.tsv:7: 1007") {
            let file = try SmallDataset.file(7)
            $0.add(id: 1007, Array(file.prefix(file.count / 2)), "七")
        },
        Case(.truncatedImage, "half a PNG file", "train_imgs.tsv:7: 1007") {
            let file = try SmallDataset.image(7).png()
            $0.add(id: 1007, Array(file.prefix(file.count / 2)), "七")
        },
        Case(.brokenImage, "no image", "train_imgs.tsv:7: 1007") {
            $0.add(id: 1007, Array("this is a page and no image".utf8), "七")
        },
        Case(.emptyImage, "nothing behind the tab", "train_imgs.tsv:7: 1007") {
            $0.add(image: "1007\t")
            $0.add(text: SmallDataset.text(7, "七", [1007]))
        },
        Case(.unpaddedBase64, "base64 without padding", "train_imgs.tsv:7: 1007") {
            var file = try SmallDataset.file(7)
            while file.count.isMultiple(of: 3) { file.append(0) }
            $0.add(image: "1007\t" + SmallDataset.base64(file).replacing("=", with: ""))
            $0.add(text: SmallDataset.text(7, "七", [1007]))
        },
        Case(.malformedRow, "a line without a tab", "train_imgs.tsv:7: should be") { $0.add(image: "nonsense") },
        Case(.duplicateImageID, "an id twice", "train_imgs.tsv:7: 1000 is the id of train_imgs.tsv:1") {
            $0.add(image: SmallDataset.line(1000, try SmallDataset.file(7)))
        },
        Case(.duplicateImage, "an image twice", "train_imgs.tsv:7: 1007 is train_imgs.tsv:2: 1001") {
            $0.add(id: 1007, try SmallDataset.file(1), "一只猫")
        },
        Case(
            .nearDuplicateImage, "an image at another size and quality",
            "train_imgs.tsv:7: 1007 shows the same pixels as train_imgs.tsv:2"
        ) {
            $0.add(id: 1007, try SmallDataset.image(1, width: 96, height: 80).jpeg(quality: 60), "一只猫")
        },
        Case(.duplicateAcrossSplits, "an image in two splits", "train_imgs.tsv:2: 1001") {
            $0.add("valid", id: 1, try SmallDataset.file(1), "一只猫")
            $0.add("valid", id: 2, try SmallDataset.file(12), "十二")
        },
        Case(.nearDuplicateAcrossSplits, "an image at another size in two splits", "train_imgs.tsv:2: 1001") {
            $0.add("test", id: 1, try SmallDataset.image(1, width: 96, height: 80).png(), "一只猫")
            $0.add("test", id: 2, try SmallDataset.file(12), "十二")
        },
    ]

    static let textFaults: [Case] = [
        Case(.duplicateTextID, "an id of a text twice", "train_texts.jsonl:7: 3 is the id of train_texts.jsonl:4") {
            $0.add(text: SmallDataset.text(3, "另一段文字", [1000]))
        },
        Case(.emptyText, "spaces only", "train_texts.jsonl:7") { $0.add(text: SmallDataset.text(7, "  ", [1000])) },
        Case(.emptyText, "a zero-width space only", "train_texts.jsonl:7") {
            $0.add(text: SmallDataset.text(7, "\u{200B}", [1000]))
        },
        Case(
            .longText, "51 Han characters, which Chinese-CLIP reads 50 of",
            "train_texts.jsonl:7: at least 53 tokens for 52"
        ) {
            $0.add(text: SmallDataset.text(7, String(repeating: "长", count: 51), [1000]))
        },
        Case(.longText, "76 words, of which CLIP reads 75", "train_texts.jsonl:7: at least 78 tokens for 77") {
            $0.add(text: SmallDataset.text(7, [String](repeating: "word", count: 76).joined(separator: " "), [1000]))
        },
        Case(.duplicateText, "the words of another image", "train_texts.jsonl:7: as train_texts.jsonl:3") {
            $0.add(text: SmallDataset.text(7, " A green  bicycle", [1000]))
        },
        Case(.gluedMarkup, "tags of HTML", "train_texts.jsonl:7: the tag <b>") {
            $0.add(text: SmallDataset.text(7, "<b>大</b>减价", [1000]))
        },
        Case(.gluedMarkup, "entities", "train_texts.jsonl:7: the entity &amp;") {
            $0.add(text: SmallDataset.text(7, "salt &amp; pepper", [1000]))
        },
        Case(.gluedMarkup, "parts of speech behind strokes", "train_texts.jsonl:7: part-of-speech tags") {
            $0.add(text: SmallDataset.text(7, "一个/m 男人/n 骑/v 马/n", [1000]))
        },
        Case(.gluedMarkup, "parts of speech behind words", "train_texts.jsonl:7: part-of-speech tags") {
            $0.add(text: SmallDataset.text(7, "两m个q男孩n在p踢v球n", [1000]))
        },
        Case(.gluedMarkup, "parts of speech of English", "train_texts.jsonl:7: part-of-speech tags") {
            $0.add(text: SmallDataset.text(7, "a_DT man_NN on_IN a_DT horse_NN", [1000]))
        },
        Case(.gluedMarkup, "a byte order mark", "train_texts.jsonl:7: the byte order mark U+FEFF") {
            $0.add(text: SmallDataset.text(7, "\u{FEFF}有标记", [1000]))
        },
        Case(.gluedMarkup, "a control character", "train_texts.jsonl:7: the control character U+0007") {
            $0.add(text: "{\"text_id\": 7, \"text\": \"bell\\u0007\", \"image_ids\": [1000]}")
        },
        Case(.wrongEncoding, "UTF-8 read as Latin-1", "train_texts.jsonl:7: UTF-8 read as Latin-1") {
            // 'un café'.encode().decode('latin-1')
            $0.add(text: SmallDataset.text(7, "un caf\u{C3}\u{A9}", [1000]))
        },
        Case(.wrongEncoding, "UTF-8 read as GBK", "train_texts.jsonl:7: UTF-8 read as GBK") {
            // '红色连衣'.encode().decode('gbk')
            $0.add(text: SmallDataset.text(7, "绾㈣壊杩炶。", [1000]))
        },
        Case(
            .wrongEncoding, "UTF-8 read as GBK with characters left out",
            "train_texts.jsonl:7: is UTF-8 read as GBK, of which"
        ) {
            // '一只可爱的猫'.encode().decode('gbk', errors='ignore')
            $0.add(text: SmallDataset.text(7, "涓鍙鍙鐖辩殑鐚", [1000]))
        },
        Case(.wrongEncoding, "a replacement character", "train_texts.jsonl:7: has U+FFFD") {
            $0.add(text: SmallDataset.text(7, "红\u{FFFD}的", [1000]))
        },
        Case(.malformedRow, "half a line of JSON", "train_texts.jsonl:7: is not JSON") {
            $0.add(text: "{\"text_id\": 7, \"text\": \"")
        },
    ]

    @Test(
        "A fault is found where it is, and nothing else; a repaired copy is clean", arguments: imageFaults + textFaults)
    func fault(_ fault: Case) async throws {
        var dataset = try SmallDataset()
        try fault.put(&dataset)
        let data = try dataset.write(to: folder)
        let before = try contents(data)
        let (report, repair) = try await DatasetCheck([data]).repair(to: folder.path("clean"))
        #expect(report.findings.map(\.kind) == [fault.kind], "\(report.findings)")
        #expect(report.findings.first?.count == fault.count)
        #expect(report.findings.first?.examples.first?.contains(fault.example) == true, "\(report.findings)")
        #expect(repair.leftOut + repair.changed > 0)
        #expect(try await DatasetCheck([folder.path("clean")]).report().findings == [])
        #expect(try contents(data) == before)
    }

    private func contents(_ folder: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))) })
    }

    @Test(
        "Texts that only look like faults are none",
        arguments: [
            "女装v领a字裙", "联通", "I <3 you", "a < b and b > c", "k歌之王", "naïve café, Zürich", "AC/DC T恤", "R&B 音乐",
            "1/2 杯 a/b 测试",
            "他说：“好的”", "日本語のテキスト", "한국어 문장", "Привет мир", "👨‍👩‍👧 family", "[图] 苹果", "50% off & free",
        ])
    func soundTexts(_ text: String) async throws {
        var dataset = try SmallDataset()
        dataset.add(text: SmallDataset.text(7, text, [1000]))
        let report = try await DatasetCheck([try dataset.write(to: folder)]).report()
        #expect(report.findings == [])
    }

    @Test("A line in GBK is read as that, and is UTF-8 in the copy")
    func gbk() async throws {
        var dataset = try SmallDataset()
        dataset.add(text: SmallDataset.text(7, "@", [1000]))
        let data = try dataset.write(to: folder)
        var bytes = try folder.bytes("data/train_texts.jsonl")
        let place = try #require(bytes.lastIndex(of: UInt8(ascii: "@")))
        // '红色连衣裙'.encode('gbk')
        bytes.replaceSubrange(place...place, with: [0xBA, 0xEC, 0xC9, 0xAB, 0xC1, 0xAC, 0xD2, 0xC2, 0xC8, 0xB9])
        try folder.write(bytes, to: "data/train_texts.jsonl")
        let (report, _) = try await DatasetCheck([data]).repair(to: folder.path("clean"))
        #expect(report.findings.map(\.kind) == [.wrongEncoding])
        #expect(
            report.findings.first?.examples == ["train_texts.jsonl:7: is not UTF-8; it reads as gb18030: 红色连衣裙"])
        let lines = String(decoding: try folder.bytes("clean/train_texts.jsonl"), as: UTF8.self).split(separator: "\n")
        #expect(lines.last == "{\"text_id\":7,\"text\":\"红色连衣裙\",\"image_ids\":[1000]}")
    }

    @Test(
        "What markup leaves of a text",
        arguments: [
            ("一个/m 男人/n 骑/v 马/n", "一个男人骑马"), ("a_DT man_NN on_IN a_DT horse_NN", "a man on a horse"),
            ("salt &amp;amp; pepper", "salt & pepper"), ("<p>line<br/>break</p>", "line break"),
            ("两m个q男孩n在p踢v球n", "两个男孩在踢球"),
        ])
    func cleaned(_ text: String, _ expected: String) async throws {
        var dataset = try SmallDataset()
        dataset.add(text: SmallDataset.text(7, text, [1000]))
        _ = try await DatasetCheck([try dataset.write(to: folder)]).repair(to: folder.path("clean"))
        let lines = String(decoding: try folder.bytes("clean/train_texts.jsonl"), as: UTF8.self).split(separator: "\n")
        #expect(lines.last?.contains("\"text\":\"\(expected)\"") == true, "\(lines)")
    }

    private func writeLMDB() throws {
        let data = try SmallDataset().write(to: folder)
        let part = try #require(try DatasetFiles.splits([data]).first)
        _ = try DatasetConversion(to: .lmdb, output: folder.path("db")).write(part, as: "train")
    }

    /// Makes nine of six in both counts.
    private func changeCounts() throws {
        for (name, key) in [("imgs", "num_images"), ("pairs", "num_samples")] {
            let path = "db/lmdb/train/\(name)/data.mdb"
            var bytes = try folder.bytes(path)
            // A value stands right behind its key.
            let text = String(decoding: bytes, as: Unicode.ASCII.self)
            let place = try #require(text.range(of: key + "6")).upperBound
            bytes[text.distance(from: text.startIndex, to: place) - 1] = UInt8(ascii: "9")
            try folder.write(bytes, to: path)
        }
    }

    @Test("Counts of an LMDB that lie, and pairs without their image")
    func lmdb() async throws {
        try writeLMDB()
        let check = DatasetCheck([folder.path("db")])
        #expect(try await check.report().isClean)
        try changeCounts()
        let (report, _) = try await check.repair(to: folder.path("clean"))
        #expect(report.findings.map(\.kind) == [.lmdbCount])
        #expect(
            report.findings.first?.examples == [
                "lmdb/train/imgs/data.mdb: key num_images: says 9, and there are 6 images",
                "lmdb/train/pairs/data.mdb: key num_samples: says 9, and there are 6 pairs",
            ])
        #expect(try await DatasetCheck([folder.path("clean")]).report().isClean)
        #expect(FileManager.default.fileExists(atPath: folder.path("clean/lmdb/train/pairs/data.mdb")))
    }

    /// A table of thirty images and two rows that cannot be read.
    private func writeTable() throws -> String {
        var lines = "filepath,title,label\n"
        let odd = [3: "99", 4: "-1", 5: "1"]
        for number in 0..<30 {
            try folder.write(try SmallDataset.file(100 + number), to: "\(number).jpg")
            lines += "\(number).jpg,text \(number),\(odd[number] ?? "0")\n"
        }
        lines += "gone.jpg,a text without its image,0\nshort.jpg,a short row\n"
        return try folder.write(lines, to: "train.csv")
    }

    @Test("Rows of a table: missing files, labels out of range, classes of very different sizes")
    func table() async throws {
        let table = try writeTable()
        let (report, _) = try await DatasetCheck([table]).repair(to: folder.path("clean"))
        #expect(
            report.findings.map(\.kind) == [.missingFile, .malformedRow, .labelOutOfRange, .classImbalance],
            "\(report.findings)")
        #expect(report.findings[0].examples[0].hasPrefix("train.csv:32: "))
        #expect(report.findings[1].examples == ["train.csv:33: has 2 fields for 3 columns"])
        #expect(
            report.findings[2].examples == [
                "train.csv:5: label 99 for classes 0 to 1", "train.csv:6: label -1 is negative",
            ])
        #expect(report.findings[3].examples == ["label: '0' has 28 rows, '1' 1; 2 classes"])
        #expect(try await DatasetCheck([folder.path("clean")]).report().isClean)
        // A file of names says how many classes there are.
        try folder.write("cat\n", to: "classes.txt")
        let known = try await DatasetCheck([table]).report()
        #expect(known.findings.first { $0.kind == .labelOutOfRange }?.count == 3)
    }

    @Test("A letter beyond a row's choices")
    func choices() async throws {
        var lines = ""
        for (number, letter) in ["A", "C", "D"].enumerated() {
            try folder.write(try SmallDataset.file(number), to: "\(number).jpg")
            lines +=
                "{\"image\": \"\(number).jpg\", \"caption_choices\": [\"a\", \"b\", \"c\"], \"label\": \"\(letter)\"}\n"
        }
        let report = try await DatasetCheck([try folder.write(lines, to: "choices.jsonl")]).report()
        #expect(report.findings.map(\.kind) == [.labelOutOfRange])
        #expect(report.findings.first?.examples == ["choices.jsonl:3: label D for 3 choices"])
    }

    @Test("Rows with an image each for several texts are one image")
    func pairs() async throws {
        try folder.write(try SmallDataset.file(1), to: "a.jpg")
        let table = try folder.write("filepath,title\na.jpg,one\na.jpg,two\na.jpg,three\n", to: "pairs.csv")
        let report = try await DatasetCheck([table]).report()
        #expect(report.isClean)
        #expect(report.splits.map { [$0.images, $0.texts] } == [[1, 3]])
    }

    @Test("Folders of classes stay folders")
    func classes() async throws {
        for (number, label) in ["cat", "cat", "dog", "dog"].enumerated() {
            try folder.makeFolder("images/\(label)")
            try folder.write(try SmallDataset.file(number), to: "images/\(label)/\(number).jpg")
        }
        try folder.write(Array("broken".utf8), to: "images/dog/broken.jpg")
        let (report, repair) = try await DatasetCheck([folder.path("images")]).repair(to: folder.path("clean"))
        #expect(report.findings.map(\.kind) == [.brokenImage])
        #expect(report.findings.first?.examples.first?.hasPrefix("dog/broken.jpg") == true)
        #expect(repair.images == 4)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path("clean/train")).sorted() == ["cat", "dog"])
        let again = try await DatasetCheck([folder.path("clean")]).report()
        #expect(again.isClean && again.splits.map(\.name) == ["train"] && again.splits.map(\.images) == [4])
    }

    @Test("A copy cannot lie in its source, nor in a folder that holds something")
    func outputs() async throws {
        let data = try SmallDataset().write(to: folder)
        try folder.makeFolder("full")
        try folder.write("x", to: "full/x")
        for output in [data, data + "/clean", data + "/../data/clean", folder.path, folder.path("full"), ""] {
            await #expect(throws: CurationError.self) { _ = try await DatasetCheck([data]).repair(to: output) }
        }
        await #expect(throws: DatasetError.self) { _ = try await DatasetCheck([folder.path("none")]).report() }
    }

    @Test("Near duplicates by a model, within and across splits")
    func model() async throws {
        var dataset = try SmallDataset()
        // The same pixels in another file.
        dataset.add(id: 1007, try SmallDataset.file(1) + [0], "猫")
        dataset.add("test", id: 1, try SmallDataset.file(2) + [0], "车")
        let data = try dataset.write(to: folder)
        var options = CheckOptions()
        options.nearDuplicates = 0.9999
        let check = DatasetCheck([data], options: options)
        let (report, _) = try await check.repair(to: folder.path("clean"), model: try await TinyModel.load())
        // The small model reads few tokens.
        #expect(
            report.findings.map(\.kind).filter { $0 != .longText } == [.nearDuplicateImage, .nearDuplicateAcrossSplits])
        let near = report.findings.first { $0.kind == .nearDuplicateImage }
        #expect(
            near?.examples.first?.hasPrefix("train_imgs.tsv:7: 1007 is nearly train_imgs.tsv:2: 1001, cosine") == true)
    }
}
