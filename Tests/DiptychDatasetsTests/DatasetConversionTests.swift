import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// Every format out and in again. Other projects' own readers open these files in Scripts/parity/chinese_clip.py.
struct DatasetConversionTests {
    private let folder: TemporaryDirectory

    /// Files that begin as images do, and differ.
    private static let images: [[UInt8]] = [
        [0xFF, 0xD8, 0xFF, 1, 2], [0x89, 0x50, 0x4E, 0x47, 3], Array("RIFF....WEBPVP8 ".utf8) + [0, 1],
    ]

    init() throws {
        folder = try TemporaryDirectory()
        for (index, bytes) in Self.images.enumerated() { try folder.write(bytes, to: "source-\(index)") }
    }

    /// Three images with two, one and no texts, in two splits, with numbers, lists and structures beside them.
    private func source() throws -> String {
        let rows = [
            """
            {"image": "source-0", "image_id": 5, "texts": ["一只猫", "a \\"cat\\", with\\ttabs\\nand lines"], "split": "train", "score": 0.5, "box": {"x": 1}, "tags": ["a", "b"]}
            """,
            "{\"image\": \"source-1\", \"image_id\": 70, \"texts\": [\"狗\"], \"split\": \"val\", \"score\": 1}",
            "{\"image\": \"source-2\", \"image_id\": 6, \"texts\": [], \"split\": \"train\", \"score\": null}",
        ]
        return try folder.write(rows.joined(separator: "\n") + "\n", to: "source.jsonl")
    }

    private func convert(
        to format: DatasetFormat, _ change: (inout DatasetConversion) -> Void = { _ in }
    ) throws -> [DatasetConversion.Summary] {
        var conversion = DatasetConversion(to: format, output: folder.path("out"))
        change(&conversion)
        return try DatasetFiles.splits([source()]).map { part in
            try conversion.write(part, as: part.split ?? "none", skip: { Issue.record("\($0)") })
        }
    }

    private static func bytes(_ value: DatasetValue?) throws -> [UInt8] {
        guard case .image(let image)? = value else { return [] }
        switch image {
        case .bytes(let bytes): return bytes
        case .part(let part): return try part.read()
        case .file(let path): return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        case .url: return []
        }
    }

    @Test(
        "A dataset comes back with its bytes, texts, ids and splits",
        arguments: [DatasetFormat.chineseClip, .lmdb, .webdataset, .jsonl, .parquet, .folder])
    func roundTrip(_ format: DatasetFormat) throws {
        let summaries = try convert(to: format)
        #expect(Set(summaries.map(\.split)) == ["train", "valid"])
        #expect(summaries.reduce(0) { $0 + $1.images } == 3)
        let rows = try DatasetFiles.openImages([folder.path("out")])
        #expect(rows.count == 3)
        var found: [Int64: DatasetRecord] = [:]
        for record in rows.records {
            let row = try record.get()
            found[row["image_id"]?.integer ?? -1] = row
        }
        #expect(found.keys.sorted() == [5, 6, 70])
        for (id, index, split, texts) in [
            (Int64(5), 0, "train", ["一只猫", "a \"cat\", with\ttabs\nand lines"]), (70, 1, "valid", ["狗"]),
            (6, 2, "train", []),
        ] {
            let row = try #require(found[id])
            #expect(try Self.bytes(row["image"]) == Self.images[index], "\(id)")
            #expect(row["split"] == .text(split))
            #expect(row["texts"] == .list(texts.map(DatasetValue.text)), "\(id): \(row)")
        }
        guard [.webdataset, .jsonl, .parquet].contains(format) else { return }
        #expect(found[5]?["tags"] == .list([.text("a"), .text("b")]))
        #expect(found[5]?["score"]?.json == .double(0.5))
    }

    @Test("Shards of an earlier run do not count as rows of a later one")
    func staleShards() throws {
        #expect(try convert(to: .webdataset) { $0.samplesPerShard = 1 }.map(\.files.count) == [2, 1])
        try folder.write([0], to: "out/train-notes.tar")
        #expect(try convert(to: .webdataset).map(\.files.count) == [1, 1])
        try FileManager.default.removeItem(atPath: folder.path("out/train-notes.tar"))
        #expect(try DatasetFiles.openImages([folder.path("out")]).count == 3)
    }

    @Test("Files that a folder held before are counted")
    func strays() throws {
        #expect(try convert(to: .folder).map(\.strays) == [0, 0])
        #expect(try convert(to: .folder).map(\.strays) == [0, 0])
        try folder.write(Self.images[0], to: "out/train/old.jpg")
        #expect(try convert(to: .folder).map(\.strays) == [1, 0])
    }

    @Test("Texts that cannot be read are noted, whatever the images are read for")
    func damagedTexts() throws {
        let image = Data(Self.images[0]).base64EncodedString()
        try FileManager.default.createDirectory(atPath: folder.path("cc"), withIntermediateDirectories: true)
        try folder.write("1\t\(image)\n", to: "cc/train_imgs.tsv")
        let good = "{\"text_id\": 1, \"text\": \"a\", \"image_ids\": [1]}\n"
        let bytes = Array((good + "garbage\n{\"text\": 3}\n").utf8) + [0x7B, 0xB0, 0xA1, 0x0A]
        try folder.write(bytes, to: "cc/train_texts.jsonl")
        var options = DatasetOptions()
        options.notes = DatasetNotes()
        let rows = try DatasetFiles.open([folder.path("cc")], options: options)
        #expect(try rows.row(at: 0)["texts"] == .list([.text("a")]))
        #expect(options.notes?.all.reduce(0) { $0 + $1.count } == 3, "\(options.notes?.all ?? [])")
        #expect(options.notes?.all.allSatisfy { $0.path.hasSuffix("train_texts.jsonl") } == true)
    }

    @Test(
        "A folder of Hugging Face is read back from every table",
        arguments: [DatasetFormat.csv, .tsv, .jsonl, .parquet, .folder])
    func huggingFace(_ format: DatasetFormat) throws {
        try FileManager.default.createDirectory(atPath: folder.path("hf"), withIntermediateDirectories: true)
        try folder.write(Self.images[1], to: "hf/a.png")
        try folder.write("{\"file_name\": \"a.png\", \"text\": \"一只猫\", \"label\": \"cat\"}\n", to: "hf/metadata.jsonl")
        let part = try #require(try DatasetFiles.splits([folder.path("hf")]).first)
        var conversion = DatasetConversion(to: format, output: folder.path("out"))
        conversion.copiesImages = true
        _ = try conversion.write(part, as: "train", skip: { Issue.record("\($0)") })
        let rows = try DatasetFiles.openImages([folder.path("out")])
        #expect(rows.count == 1)
        let row = try rows.row(at: 0)
        #expect(try Self.bytes(row["image"]) == Self.images[1])
        #expect(row["text"] == .text("一只猫") || row["texts"] == .list([.text("一只猫")]), "\(row)")
    }

    @Test("Tables of values have open_clip's columns, and a row for each text", arguments: [DatasetFormat.csv, .tsv])
    func delimited(_ format: DatasetFormat) throws {
        _ = try convert(to: format)
        let name = format == .csv ? "train.csv" : "train.tsv"
        let rows = try DatasetFiles.openImages([folder.path("out/\(name)")])
        #expect(rows.columns.map(\.name) == ["image", "text", "filepath", "image_id", "split", "score", "box", "tags"])
        #expect(
            try rows.rows(0..<3).map { $0["text"] } == [
                .text("一只猫"), .text("a \"cat\", with\ttabs\nand lines"), .null,
            ])
        #expect(try rows.rows(0..<3).map { $0["image_id"] } == [5, 5, 6].map(DatasetValue.integer))
        #expect(try Self.bytes(rows.row(at: 0)["image"]) == Self.images[0])
        #expect(try rows.row(at: 0)["tags"] == .text("[\"a\",\"b\"]"))
        // Back to Chinese-CLIP's: the two rows of one image are one.
        let part = try #require(try DatasetFiles.splits([folder.path("out/\(name)")]).first)
        let again = try DatasetConversion(to: .chineseClip, output: folder.path("again")).write(part, as: "train")
        #expect(again.images == 2 && again.texts == 2 && again.pairs == 2)
    }

    @Test("Shards end at their number of samples and of bytes, with names and keys in order")
    func shards() throws {
        var lines = ""
        for id in 0..<10 { lines += "\(id)\t" + String(repeating: "QUJD", count: 500) + "\n" }
        try folder.write(lines, to: "train_imgs.tsv")
        let part = try #require(try DatasetFiles.splits([folder.path("train_imgs.tsv")]).first)
        var conversion = DatasetConversion(to: .webdataset, output: folder.path("out"))
        conversion.samplesPerShard = 4
        var summary = try conversion.write(part, as: "train")
        #expect(summary.files == (0..<3).map { folder.path("out/train-00000\($0).tar") })
        let keys = try DatasetFiles.open(["\(folder.path("out"))/train-{000000..000002}.tar"]).records.map {
            try $0.get()["key"]
        }
        #expect(keys.first == .text("000000000") && keys.last == .text("000020001"))
        conversion.samplesPerShard = 10_000
        conversion.bytesPerShard = 8000
        summary = try conversion.write(part, as: "small")
        #expect(summary.files.count > 3)
        for file in summary.files {
            let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
            // And the blocks of zeros at the end.
            #expect(size <= 8000 + 10_240)
        }
        // GNU tar takes them.
        let list = Process()
        list.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        list.arguments = ["tar", "-tf", summary.files[0]]
        list.standardOutput = FileHandle.nullDevice
        try list.run()
        list.waitUntilExit()
        #expect(list.terminationStatus == 0)
    }

    @Test("A folder by class gives labels as texts, one for all its images, and comes back as it was")
    func classes() throws {
        for (label, count) in [("red_fox", 2), ("猫", 1)] {
            try folder.makeFolder("photos/\(label)")
            for index in 0..<count {
                try folder.write(Self.images[0] + Array("\(label)\(index)".utf8), to: "photos/\(label)/\(index).jpg")
            }
        }
        let part = try #require(try DatasetFiles.splits([folder.path("photos")]).first)
        let summary = try DatasetConversion(to: .chineseClip, output: folder.path("out")).write(part, as: "train")
        #expect(summary.images == 3 && summary.texts == 2 && summary.pairs == 3)
        let rows = try DatasetFiles.open([folder.path("out")])
        #expect(try rows.rows(0..<3).map { $0["texts"] } == ["red fox", "red fox", "猫"].map { .list([.text($0)]) })
        _ = try DatasetConversion(to: .folder, output: folder.path("classes")).write(part, as: "test")
        #expect(try folder.bytes("classes/test/red_fox/1.jpg") == folder.bytes("photos/red_fox/1.jpg"))
        let again = try DatasetFiles.openImages([folder.path("classes")])
        #expect(try again.rows(0..<3).map { $0["label"] } == ["red_fox", "red_fox", "猫"].map { .text($0) })
        #expect(try again.row(at: 0)["split"] == .text("test"))
    }

    @Test("Rows that cannot be written are left out with their place, and the others are written")
    func skipped() throws {
        try folder.write(Self.images[0], to: "good.jpg")
        try folder.write([], to: "empty.jpg")
        let path = try folder.write(
            "{\"image\": \"good.jpg\"}\n{\"image\": \"missing.jpg\"}\n{not json\n{\"image\": \"empty.jpg\"}\n"
                + "{\"image\": \"http://example.org/a.jpg\"}\n", to: "rows.jsonl")
        let part = try #require(try DatasetFiles.splits([path]).first)
        for format in [DatasetFormat.chineseClip, .lmdb, .webdataset, .parquet, .folder] {
            var skipped: [DatasetError] = []
            let summary = try DatasetConversion(to: format, output: folder.path("out")).write(
                part, as: "train", skip: { skipped.append($0) })
            #expect(summary.images == 1 && summary.skipped == 4, "\(format)")
            #expect(skipped.count == 4)
            for error in skipped {
                #expect(error.description.contains("row") || error.description.contains("line"), "\(error)")
            }
        }
    }

    @Test("Text in GB 18030 and UTF-16 without a mark is read where it is named, and never guessed")
    func encodings() throws {
        // python3 -c "print('image,caption\\na.jpg,红色连衣裙€\\n'.encode('gb18030'))", and utf-16-be.
        let head = Array("image,caption\na.jpg,".utf8)
        let text: [UInt8] = [
            0xBA, 0xEC, 0xC9, 0xAB, 0xC1, 0xAC, 0xD2, 0xC2, 0xC8, 0xB9, 0xA2, 0xE3,
        ]
        let gb = try folder.write(head + text + [0x0A], to: "gb.csv")
        var options = DatasetOptions()
        #expect(throws: DatasetError.self) { try DatasetFiles.open([gb], options: options).row(at: 0) }
        options.encoding = .gb18030
        let rows = try DatasetFiles.open([gb], options: options)
        #expect(try rows.row(at: 0)["caption"] == .text("红色连衣裙€"))
        let wide = "image,caption\na.jpg,红色🦊\n".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        options.encoding = .utf16BigEndian
        let path = try folder.write(wide, to: "wide.csv")
        #expect(try DatasetFiles.open([path], options: options).row(at: 0)["caption"] == .text("红色🦊"))
        // A byte that is no text in it spoils its line and no other.
        options.encoding = .gb18030
        let broken = try folder.write(
            head + text + [0x0A] + Array("b.jpg,".utf8) + [0xFF, 0x0A] + Array("c.jpg,c\n".utf8), to: "broken.csv")
        let damaged = try DatasetFiles.open([broken], options: options)
        #expect(damaged.records.map { (try? $0.get())?["caption"]?.text } == ["红色连衣裙€", nil, "c"])
    }
}
