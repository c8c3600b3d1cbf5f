import DiptychCuration
import DiptychDatasets
import DiptychTestSupport
import Foundation
import Testing

/// Thousands of datasets, cut and garbled: findings or none, and never a crash.
struct CheckMutationTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test(
        "Damaged datasets of every format are checked, and repaired copies are clean",
        arguments: [DatasetFormat.chineseClip, .lmdb, .webdataset, .csv, .jsonl, .parquet])
    func mutations(_ format: DatasetFormat) async throws {
        let data = try SmallDataset().write(to: folder)
        let part = try #require(try DatasetFiles.splits([data]).first)
        try folder.makeFolder("out")
        var conversion = DatasetConversion(to: format, output: folder.path("out"))
        conversion.copiesImages = true
        _ = try conversion.write(part, as: "train")
        let files = try #require(FileManager.default.enumerator(atPath: folder.path("out"))).compactMap {
            $0 as? String
        }
        .filter { !$0.hasSuffix("lock.mdb") && !$0.hasSuffix(".jpg") }
        .filter { (try? folder.bytes("out/" + $0)) != nil }.sorted()
        let whole = try files.map { try folder.bytes("out/" + $0) }
        var random = SeededGenerator(11)
        var found = 0
        for round in 0..<600 {
            let index = Int.random(in: 0..<files.count, using: &random)
            try folder.write(mutated(whole[index], round, &random), to: "out/" + files[index])
            let check = DatasetCheck([folder.path("out")])
            // A copy of some: what is found in it again would be a fault of the repair.
            if round.isMultiple(of: 20) {
                let copy = folder.path("clean\(round)")
                found += try await check.repair(to: copy).report.isClean ? 0 : 1
                let again = try await DatasetCheck([copy]).report()
                #expect(again.isClean, "round \(round): \(again.findings)")
                try FileManager.default.removeItem(atPath: copy)
            } else {
                found += try await check.report().isClean ? 0 : 1
            }
            try folder.write(whole[index], to: "out/" + files[index])
        }
        #expect(found > 100)
    }

    private func mutated(_ bytes: [UInt8], _ round: Int, _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        switch round % 5 {
        case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
        case 1:
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...200, using: &random)))
        case 2:
            for _ in 0..<3 {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = Array("0129\"\t,{}[]\n\\=-/<".utf8).randomElement(using: &random) ?? 0
            }
        case 3:
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 1...2000, using: &random))
            bytes.insert(contentsOf: bytes[place..<end], at: place)
        default:
            for _ in 0...Int.random(in: 0..<5, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
        }
        return bytes
    }
}
