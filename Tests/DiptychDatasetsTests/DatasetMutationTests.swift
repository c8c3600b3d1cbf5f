import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// Thousands of files of every format that we write, cut and garbled: rows or errors, and never a crash.
struct DatasetMutationTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func files(_ format: DatasetFormat) throws -> [String] {
        var lines = ""
        for id in 0..<30 {
            lines += """
                {"image": "data:image/png;base64,iVBORw0KGgo\(String(repeating: "QUJD", count: id % 7))", "image_id": \(id), "texts": ["猫 \(id)", "b"], "score": \(id).5, "flag": true}

                """
        }
        let path = try folder.write(lines, to: "train.jsonl")
        let part = try #require(try DatasetFiles.splits([path]).first)
        return try DatasetConversion(to: format, output: folder.path("out")).write(part, as: "train").files
    }

    @Test(
        "Two thousand damaged files a format",
        arguments: [DatasetFormat.chineseClip, .webdataset, .csv, .tsv, .jsonl, .parquet])
    func mutations(_ format: DatasetFormat) throws {
        let files = try files(format).filter { !$0.hasSuffix("_texts.jsonl") || format == .chineseClip }
        let whole = try files.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
        var random = SeededGenerator(7)
        var (good, bad) = (0, 0)
        for round in 0..<2000 {
            for (path, bytes) in zip(files, whole) {
                var bytes = bytes
                switch round % 4 {
                case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
                case 1:
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &random)))
                case 2:
                    for _ in 0..<3 {
                        let place = Int.random(in: 0..<bytes.count, using: &random)
                        bytes[place] = Array("0129\"\t,{}[]\n\\=-".utf8).randomElement(using: &random) ?? 0
                    }
                default:
                    for _ in 0...Int.random(in: 0..<5, using: &random) {
                        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                    }
                }
                unlink(path)
                try Data(bytes).write(to: URL(fileURLWithPath: path))
            }
            do throws(DatasetError) {
                for part in try DatasetFiles.splits([files[0]]) {
                    for record in try part.rows().records {
                        if case .failure = record { bad += 1 } else { good += 1 }
                    }
                }
            } catch { bad += 1 }
        }
        // Good rows are kept beside damaged ones.
        #expect(good > (format == .parquet ? 1000 : 10_000))
        #expect(bad > 300)
    }
}
