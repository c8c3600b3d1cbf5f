import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// Chinese-CLIP's files and LMDB, both ways. Fixtures are of its own script (Scripts/fixtures/chinese_clip_data.py); its own
/// reader opens ours in Scripts/parity/chinese_clip.
struct ChineseClipConversionTests {
    private let folder: TemporaryDirectory
    private static let splits = ["train", "valid", "test"]

    init() throws { folder = try TemporaryDirectory() }

    private static func data(_ name: String) throws -> String { try Fixture.path("chinese-clip/\(name)") }

    /// What py-lmdb reads of an environment that the script made.
    private static func entries(_ place: String) throws -> [String: [UInt8]] {
        let json = try JSONValue(parsing: Fixture.bytes("chinese-clip/entries.json"), name: "entries")
        guard case .object(let members)? = json[place] else { return [:] }
        return Dictionary(
            members.map { ($0.name, [UInt8](Data(base64Encoded: $0.value.string ?? "") ?? Data())) }
        ) { $1 }
    }

    private static func contents(_ environment: String) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        try LMDBReader(folder: environment).forEach { (key, value) throws(DatasetError) in
            found[String(decoding: key, as: UTF8.self)] = [UInt8](try value.get())
        }
        return found
    }

    private func convert(
        _ source: String, to format: DatasetFormat, _ change: (inout DatasetConversion) -> Void = { _ in }
    ) throws -> (summaries: [DatasetConversion.Summary], skipped: [DatasetError]) {
        var conversion = DatasetConversion(to: format, output: folder.path("out"))
        change(&conversion)
        var (summaries, skipped): ([DatasetConversion.Summary], [DatasetError]) = ([], [])
        for part in try DatasetFiles.splits([source]) {
            summaries.append(
                try conversion.write(part, as: part.split ?? "train", skip: { skipped.append($0) }))
        }
        return (summaries, skipped)
    }

    @Test("The script's LMDB is read: its keys, its values, and its rows")
    func reading() throws {
        for split in Self.splits {
            for part in ["imgs", "pairs"] {
                let place = "data/lmdb/\(split)/\(part)"
                #expect(try Self.contents(Self.data(place)) == Self.entries(place), "\(place)")
            }
        }
        let lmdb = try DatasetFiles.open([Self.data("data/lmdb")])
        let files = try DatasetFiles.open([Self.data("data")])
        #expect(lmdb.columns == files.columns)
        #expect(lmdb.count == 7)
        func sorted(_ rows: any Dataset) throws -> [DatasetRecord] {
            try rows.rows(0..<rows.count).sorted {
                "\($0["split"] ?? .null)\($0["image_id"] ?? .null)"
                    < "\($1["split"] ?? .null)\($1["image_id"] ?? .null)"
            }
        }
        #expect(try sorted(lmdb) == sorted(files))
        // Keys in the order of their bytes, as Chinese-CLIP's evaluation reads them.
        let train = try DatasetFiles.open([Self.data("data/lmdb/train")])
        #expect(try train.rows(0..<4).map { $0["image_id"] } == [1_000_002, 200, 30, 7].map(DatasetValue.integer))
        #expect(try DatasetFiles.open([Self.data("data/lmdb/valid/imgs")]).count == 2)
    }

    @Test("What is written is the script's, key by key and byte by byte")
    func writing() throws {
        let (summaries, skipped) = try convert(Self.data("data"), to: .lmdb)
        #expect(skipped.isEmpty)
        #expect(summaries.map(\.pairs).sorted() == [1, 4, 6])
        for split in Self.splits {
            for part in ["imgs", "pairs"] {
                let place = "lmdb/\(split)/\(part)"
                #expect(try Self.contents(folder.path("out/\(place)")) == Self.entries("data/\(place)"), "\(place)")
                // As long as its pages, and not a tebibyte.
                let size = try folder.bytes("out/\(place)/data.mdb").count
                #expect(size <= 1 << 16, "\(size)")
            }
            // Texts without images are in the file beside it.
            let texts = try folder.bytes("out/\(split)_texts.jsonl")
            #expect(
                try String(decoding: texts, as: UTF8.self).split(separator: "\n").map { try JSONValue.of(String($0)) }
                    == String(decoding: Fixture.bytes("chinese-clip/data/\(split)_texts.jsonl"), as: UTF8.self)
                    .split(separator: "\n").map { try JSONValue.of(String($0)) })
        }
    }

    @Test("Ids that are texts, negative or long, and long texts, are pickled as Python does it")
    func pickles() throws {
        let (summaries, skipped) = try convert(Self.data("odd"), to: .lmdb)
        #expect(skipped.isEmpty)
        #expect(summaries.first?.orphans == 2)
        for part in ["imgs", "pairs"] {
            #expect(
                try Self.contents(folder.path("out/lmdb/train/\(part)")) == Self.entries("odd/lmdb/train/\(part)"))
        }
    }

    @Test("Files come back the same, from files and from LMDB")
    func roundTrip() throws {
        _ = try convert(Self.data("data"), to: .chineseClip)
        for split in Self.splits {
            #expect(
                try folder.bytes("out/\(split)_imgs.tsv") == Fixture.bytes("chinese-clip/data/\(split)_imgs.tsv"))
        }
        // From LMDB, whose images are in the order of keys, and which has no texts without images.
        _ = try convert(Self.data("data/lmdb"), to: .chineseClip)
        let lines = try String(decoding: folder.bytes("out/train_imgs.tsv"), as: UTF8.self).split(separator: "\n")
        let original = String(decoding: try Fixture.bytes("chinese-clip/data/train_imgs.tsv"), as: UTF8.self)
        #expect(lines.sorted() == original.split(separator: "\n").sorted())
        let texts = try String(decoding: folder.bytes("out/train_texts.jsonl"), as: UTF8.self).split(separator: "\n")
        #expect(texts.count == 4)
        #expect(
            texts.contains("{\"text_id\":11,\"text\":\"红色连衣裙，夏季新款\",\"image_ids\":[30,200,1000002]}"), "\(texts)")
    }

    @Test("A map that is too small grows, and what was written stays")
    func growth() throws {
        var lines: [UInt8] = []
        // 80 MB: several times the first map.
        let image = Array(String(repeating: "QUJD", count: 10_000).utf8)
        for id in 0..<2000 { lines += Array("\(id)\t".utf8) + image + [0x0A] }
        try folder.write(lines, to: "train_imgs.tsv")
        try folder.write("{\"text_id\": 1, \"text\": \"a\", \"image_ids\": [0]}\n", to: "train_texts.jsonl")
        let (summaries, _) = try convert(folder.path, to: .lmdb)
        #expect(summaries.map(\.images) == [2000])
        let reader = try LMDBReader(folder: folder.path("out/lmdb/train/imgs"))
        for id in [0, 7, 1999] { #expect(try reader.value(Array("\(id)".utf8)) == image) }
        #expect(try reader.value(Array("num_images".utf8)) == Array("2000".utf8))
        // A second run replaces the first.
        try folder.write("5\tQUJD\n", to: "train_imgs.tsv")
        _ = try convert(folder.path, to: .lmdb)
        #expect(try Self.contents(folder.path("out/lmdb/train/imgs")).keys.sorted() == ["5", "num_images"])
    }

    @Test("Base64 of either alphabet, padded or not, is read; what Python would refuse is written as it wants it")
    func alphabets() throws {
        let bytes: [UInt8] = [0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFE, 0x01]
        // python3 -c "import base64; print(base64.b64encode(bytes([0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFE, 1])))"
        let lines = ["1\t++++///+AQ==", "2\t----___-AQ==", "3\t++++///+AQ", "4\t----___-AQ", "5\t++++///+AQ==  "]
        try folder.write(lines.joined(separator: "\n") + "\n6\t+++*///+AQ==\n7\t\n", to: "train_imgs.tsv")
        try folder.write("", to: "train_texts.jsonl")
        let (summaries, skipped) = try convert(folder.path, to: .chineseClip)
        #expect(summaries.map(\.images) == [5])
        #expect(skipped.map(\.place) == ["line 6", "line 7"])
        let written = String(decoding: try folder.bytes("out/train_imgs.tsv"), as: UTF8.self).split(separator: "\n")
        #expect(
            written == ["1\t++++///+AQ==", "2\t----___-AQ==", "3\t++++///+AQ==", "4\t++++///+AQ==", "5\t++++///+AQ=="])
        let rows = try DatasetFiles.open([folder.path("out")])
        for row in 0..<5 { #expect(try rows.row(at: row)["image"] == .image(.bytes(bytes))) }
    }

    @Test("Ids follow from the bytes and the seed; equal texts are one, and rows of one image too")
    func ids() throws {
        for (name, byte) in [("a", 1), ("b", 2), ("c", 1)] { try folder.write([UInt8(byte), 7], to: "\(name).png") }
        let rows = ["a.png,猫", "b.png,猫", "c.png,狗", "a.png,黑猫"]
        func write(_ rows: [String], seed: UInt32) throws -> (ids: [String], texts: [JSONValue]) {
            try folder.write("image,caption\n" + rows.joined(separator: "\n") + "\n", to: "pairs.csv")
            let (_, skipped) = try convert(folder.path("pairs.csv"), to: .chineseClip) { $0.seed = seed }
            #expect(skipped.isEmpty)
            func lines(_ name: String) throws -> [Substring] {
                String(decoding: try folder.bytes("out/\(name)"), as: UTF8.self).split(separator: "\n")
            }
            return (
                try lines("train_imgs.tsv").map { String($0.prefix { $0 != "\t" }) },
                try lines("train_texts.jsonl").map { try JSONValue.of(String($0)) }
            )
        }
        let first = try write(rows, seed: 0)
        // The low 53 bits of the second half of MurmurHash3 x64_128, by Python's mmh3 5.2.0.
        #expect(first.ids == ["\(Self.first)", "\(Self.second)"])
        let ids = first.ids.compactMap(Int64.init)
        #expect(first.texts.map { $0["text"] } == ["猫", "狗", "黑猫"].map(JSONValue.string))
        #expect(
            first.texts.map { $0["image_ids"] } == [
                .array([.int(ids[0]), .int(ids[1])]), .array([.int(ids[0])]), .array([.int(ids[0])]),
            ])
        #expect(try write(rows.reversed(), seed: 0).ids.sorted() == first.ids.sorted())
        #expect(try Set(write(rows, seed: 1).ids).isDisjoint(with: first.ids))
    }
    private static let (first, second) = (6259476223355925, 7443897113645690)

    @Test("A split of another name of validation is valid, and each file's own name is taken")
    func names() throws {
        for name in ["train", "val"] {
            try folder.write("1\tQUJD\n", to: "\(name)_imgs.tsv")
            try folder.write("", to: "\(name)_texts.jsonl")
        }
        #expect(try DatasetFiles.splits([folder.path]).map(\.split) == ["train", "valid"])
        #expect(try DatasetFiles.chineseClip(split: "valid", in: folder.path).split == "valid")
        #expect(throws: DatasetError.self) { try DatasetFiles.chineseClip(split: "test", in: folder.path) }
    }
}
