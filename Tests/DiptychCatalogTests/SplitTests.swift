import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

import DiptychCatalog

@Suite struct SplitTests {
    private let folder: TemporaryDirectory
    private let catalog: Catalog

    init() throws {
        folder = try TemporaryDirectory()
        catalog = try Catalog.open(at: folder.url.appendingPathComponent("catalog"))
    }

    private func rows(_ count: Int64) throws -> CatalogTable {
        try catalog.table(
            of: MemoryDataset(
                columns: [.init("n", .integer), .init("group", .integer), .init("label", .text)],
                rows: (0..<count).map { [.integer($0), .integer($0 / 4), .text($0 % 10 == 0 ? "rare" : "usual")] }))
    }

    private func assignment(_ table: CatalogTable) throws -> [Int64: String] {
        var result: [Int64: String] = [:]
        for index in 0..<table.count {
            let row = try table.row(at: index)
            result[row["n"]?.integer ?? -1] = row["split"]?.text
        }
        return result
    }

    @Test func sharesAreExactAndFollowFromTheSeed() throws {
        let rows = try rows(1000)
        let parts = try SplitParts("train:0.8,valid:0.1,test:0.1")
        var options = SplitOptions()
        options.seed = 7
        var summary = SplitSummary()
        let split = try rows.split(parts, options: options) { summary = $0 }
        #expect(summary.counts.map(\.count) == [800, 100, 100])
        let first = try assignment(split)
        #expect(try assignment(rows.split(parts, options: options)) == first)
        // Whatever the order of the rows.
        #expect(try assignment(rows.shuffled(seed: 5).split(parts, options: options)) == first)
        options.seed = 8
        #expect(try assignment(rows.split(parts, options: options)) != first)
    }

    @Test func rowsOfAGroupStayTogether() throws {
        var options = SplitOptions()
        options.group = "group"
        let split = try assignment(rows(1000).split(SplitParts("train:0.7,test:0.3"), options: options))
        for group in 0..<Int64(250) { #expect(Set((0..<4).map { split[group * 4 + $0] }).count == 1) }
        let train = split.values.count { $0 == "train" }
        #expect(abs(train - 700) <= 4)
    }

    @Test func eachPartHasItsShareOfEachLabel() throws {
        var options = SplitOptions()
        options.stratify = "label"
        let table = try rows(1000)
        let split = try assignment(table.split(SplitParts("train:0.8,valid:0.1,test:0.1"), options: options))
        let rare = (0..<Int64(100)).map { split[$0 * 10] ?? "" }
        #expect(
            rare.count { $0 == "train" } == 80 && rare.count { $0 == "valid" } == 10
                && rare.count { $0 == "test" } == 10)
    }

    @Test func copiesOfAFileStayTogether() throws {
        try folder.makeFolder("images")
        for number in 0..<40 { try folder.write("image \(number / 2)", to: "images/\(number).jpg") }
        let table = try catalog.create("images", from: [folder.path("images")])
        for seed in 0..<5 as Range<UInt64> {
            var options = SplitOptions()
            options.seed = seed
            let split = try table.split(SplitParts("a:0.5,b:0.5"), options: options)
            var parts: [Int: String] = [:]
            for index in 0..<split.count {
                let row = try split.row(at: index)
                let number = try #require(row["file.path"]?.text.flatMap { Int($0.prefix { $0 != "." }) })
                parts[number] = row["split"]?.text
            }
            for pair in 0..<20 { #expect(parts[pair * 2] == parts[pair * 2 + 1]) }
            #expect(parts.values.count { $0 == "a" } == 20)
        }
    }

    @Test func groupsThatAreGivenStayTogether() throws {
        var options = SplitOptions()
        options.together = (0..<100).map { $0 % 10 }
        let split = try assignment(rows(100).split(SplitParts("a:0.5,b:0.5"), options: options))
        for number in 0..<Int64(100) { #expect(split[number] == split[number % 10]) }
    }

    @Test func numbersOfRowsAndTheRest() throws {
        let table = try rows(100)
        var summary = SplitSummary()
        _ = try table.split(SplitParts("test:10,train:rest")) { summary = $0 }
        #expect(summary.counts.map(\.count) == [10, 90] && summary.left == 0)
        let some = try table.split(SplitParts("train:30,test:10")) { summary = $0 }
        #expect(summary.counts.map(\.count) == [30, 10] && summary.left == 60)
        #expect(try some.filter("split IS NULL").count == 60)
        #expect(throws: CatalogError.self) { try table.split(SplitParts("train:90,test:11")) }
    }

    @Test func aPartsTextIsRead() throws {
        let parts = try SplitParts("0.9:0.1:0.1")
        #expect(parts.parts.map(\.name) == ["train", "valid", "test"])
        #expect(parts.note == "the parts sum to 1.1, and are scaled: train 0.8182, valid 0.0909, test 0.0909")
        #expect(try SplitParts("train:0.8,valid:0.2").note == nil)
        for text in [
            "", "train", "train:0.5", "a:0.5,a:0.5", "a:x,b:1", "a:-1,b:2", "a:nan,b:1", "a:rest,b:rest", "a:0.5,b:30",
            "a:0,b:0.0", "1:2:3:4",
        ] {
            #expect(throws: CatalogError.self, "\(text)") { try SplitParts(text) }
        }
    }
}
