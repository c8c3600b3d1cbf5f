import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// Tables without images, and texts without one.
struct TableConversionTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func convert(
        _ rows: any Dataset, to format: DatasetFormat, columns: ColumnNames = ColumnNames()
    ) throws -> DatasetConversion.Summary {
        var options = DatasetOptions()
        options.named["rows"] = rows
        options.columns = columns
        let part = try #require(try DatasetFiles.splits(["rows"], options: options).first)
        return try DatasetConversion(to: format, output: folder.path("out")).write(
            part, as: "train", skip: { Issue.record("\($0)") })
    }

    @Test("A table without images keeps its columns", arguments: [DatasetFormat.csv, .tsv, .jsonl, .parquet])
    func tables(format: DatasetFormat) throws {
        let rows = MemoryDataset(
            columns: [.init("id", .integer), .init("text", .text), .init("score", .double)],
            rows: [
                [.integer(1), .text("一, \"two\""), .double(0.5)], [.integer(2), .null, .double(1.25)],
            ])
        let summary = try convert(rows, to: format)
        #expect(summary.rows == 2 && summary.images == 0 && summary.pairs == 0 && summary.skipped == 0)
        let read = try DatasetFiles.open(summary.files)
        #expect(read.columns.map(\.name) == ["id", "text", "score"])
        #expect(try read.row(at: 0).values == rows.row(at: 0).values)
        #expect(try read.row(at: 1).values == rows.row(at: 1).values)
    }

    @Test("Forms of images refuse it, and so does a column of images that is not there")
    func refusals() throws {
        let rows = MemoryDataset(columns: [.init("id", .integer)], rows: [[.integer(1)]])
        #expect(throws: DatasetError.self) { try convert(rows, to: .webdataset) }
        #expect(throws: DatasetError.self) {
            try convert(rows, to: .jsonl, columns: ColumnNames(image: "nope", caption: nil))
        }
    }

    @Test("A row of a text alone stays in Chinese-CLIP's texts, and in tables")
    func texts() throws {
        let image = DatasetValue.image(.bytes(Array("RIFF....WEBPVP8 ".utf8)))
        let rows = MemoryDataset(
            columns: [.init("image", .image), .init("text", .text)],
            rows: [[image, .text("with")], [.null, .text("alone")]])
        let pairs = try convert(rows, to: .chineseClip)
        #expect(pairs.images == 1 && pairs.texts == 2 && pairs.pairs == 1)
        let lines = try String(decoding: folder.bytes("out/train_texts.jsonl"), as: UTF8.self).split(separator: "\n")
        #expect(lines.last == #"{"text_id":1,"text":"alone","image_ids":[]}"#)
        #expect(try convert(rows, to: .jsonl).rows == 2)
        #expect(
            try String(decoding: folder.bytes("out/train.jsonl"), as: UTF8.self).hasSuffix("{\"text\":\"alone\"}\n"))
        #expect(try convert(rows, to: .parquet).rows == 2)
    }

    @Test("Embeddings with images keep their paths in clip-retrieval's layout")
    func paths() throws {
        let rows = MemoryDataset(
            columns: [.init("image", .image), .init("text", .text), .init("embedding", .vector)],
            rows: [
                [.image(.file("/images/a.jpg")), .text("a"), .floats([1, 0])],
                [.image(.url("https://example.com/b.jpg")), .text("b"), .floats([0, 1])],
            ])
        _ = try convert(rows, to: .clipRetrieval)
        let read = try DatasetFiles.open([folder.path("out")])
        let paths = try (0..<2).map { try read.row(at: $0)["image_path"] }
        #expect(paths == [.text("/images/a.jpg"), .text("https://example.com/b.jpg")])
        #expect(try read.row(at: 1)["embedding"]?.readFloats() == [0, 1])
    }
}
