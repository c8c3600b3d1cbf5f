import DiptychCuration
import DiptychMedia
import DiptychTestSupport
import Foundation
import Testing

/// Numbers of a dataset that is made for it, and what the report makes of hostile texts.
struct DatasetSurveyTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func dataset() throws -> SmallDataset {
        var dataset = try SmallDataset()
        dataset.add("valid", id: 1, try SmallDataset.image(20, width: 30, height: 60).png(), "Привет мир")
        dataset.add("valid", image: SmallDataset.line(2, Array("no image".utf8)))
        dataset.add("valid", text: SmallDataset.text(2, "<script>alert(1)</script>\u{202E}", [1, 2]))
        return dataset
    }

    @Test("Images, texts, formats, sizes, scripts and pairs are counted")
    func counts() async throws {
        let data = try dataset().write(to: folder)
        try check(try await DatasetSurvey([data]).statistics())
    }

    private func check(_ statistics: DatasetStatistics) throws {
        #expect(statistics.splits.map(\.name) == ["train", "valid"])
        #expect(statistics.splits.map(\.images) == [6, 2])
        #expect(statistics.splits.map(\.brokenImages) == [0, 1])
        #expect(statistics.splits.map(\.texts) == [6, 2])
        #expect(statistics.formats.map { "\($0.name) \($0.count)" } == ["JPEG 6", "PNG 1"])
        #expect((statistics.widths.minimum, statistics.widths.median, statistics.widths.maximum) == (30, 48, 48))
        #expect((statistics.heights.minimum, statistics.heights.maximum) == (40, 60))
        let bytes = try (0..<6).map { try SmallDataset.file($0).count }.reduce(0, +)
        #expect(statistics.splits[0].bytes == bytes)
        #expect(statistics.scripts.map { "\($0.name) \($0.count)" } == ["Chinese 4", "Latin 3", "Cyrillic 1"])
        // 红色的方块 has five characters.
        #expect(statistics.characters.minimum == 4 && statistics.characters.maximum == 26)
        #expect(statistics.textsPerImage.maximum == 2 && statistics.textsPerImage.minimum == 1)
        #expect(statistics.imagesPerText.maximum == 2)
        #expect(statistics.similarities == nil)
        #expect(statistics.widths.bins.reduce(0) { $0 + $1.count } == 7)
    }

    @Test("With a model, every pair has a cosine, worst first and best first")
    func similarities() async throws {
        let statistics = try await DatasetSurvey([try dataset().write(to: folder)])
            .statistics(model: try await TinyModel.load())
        // Six pairs, and two of the image that can be read.
        #expect(statistics.similarities?.count == 8)
        #expect(statistics.worst.map(\.similarity) == statistics.worst.map(\.similarity).sorted())
        #expect(statistics.best.first?.similarity == statistics.worst.last?.similarity)
        #expect(statistics.best.allSatisfy { $0.thumbnail.hasPrefix("data:image/jpeg;base64,") })
        #expect(statistics.areTokensExact)
    }

    @Test("The report has nothing from elsewhere, no script, and texts as texts")
    func html() async throws {
        var dataset = try dataset()
        dataset.add("<b>\"evil'", id: 9, try SmallDataset.file(30), "\"><img src=x onerror=alert(1)>")
        let html = try await DatasetSurvey([try dataset.write(to: folder, "a<i>b")]).statistics().html
        #expect(
            !html.contains("<script") && !html.contains("<i>") && !html.contains("<b>\"")
                && !html.contains("src=x onerror=alert(1)>"))
        #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(!html.contains("\u{202E}"))
        #expect(!html.contains("http://") && !html.contains("https://") && !html.contains("url("))
        #expect(html.contains("prefers-color-scheme: dark"))
        #expect(html.contains("default-src 'none'"))
    }

    @Test("Spreads of numbers")
    func distributions() async throws {
        let table = try writeTable()
        check(try await DatasetSurvey([table]).statistics(hasThumbnails: false).characters)
    }

    /// A table of twenty images, whose texts have one to twenty characters.
    private func writeTable() throws -> String {
        var lines = "filepath,title\n"
        for number in 0..<20 {
            try folder.write(try SmallDataset.file(number), to: "\(number).jpg")
            lines += "\(number).jpg,\(String(repeating: "字", count: number + 1))\n"
        }
        return try folder.write(lines, to: "a.csv")
    }

    private func check(_ characters: Distribution) {
        #expect(
            (characters.count, characters.minimum, characters.median, characters.mean, characters.maximum) == (
                20, 1, 10, 10.5, 20
            ))
        #expect(characters.percentile95 == 19)
        #expect(characters.bins.map(\.count) == [Int](repeating: 1, count: 20))
    }
}
