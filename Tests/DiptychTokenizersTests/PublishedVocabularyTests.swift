import DiptychTokenizers
import Foundation
import Testing

/// Ids and speed with the published vocabulary, which is not kept here: Scripts/parity/tokenizer.py makes the files and
/// runs these.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["DIPTYCH_TOKENIZER_PARITY"] != nil))
struct PublishedVocabularyTests {
    private let folder = URL(fileURLWithPath: ProcessInfo.processInfo.environment["DIPTYCH_TOKENIZER_PARITY"] ?? "")

    private func load(_ layout: String) throws -> CLIPTokenizer {
        try CLIPTokenizer.load(directory: folder.appendingPathComponent(layout))
    }

    @Test(arguments: [
        ("dense", "huggingface"), ("json", "huggingface"), ("original", "original"), ("original", "mojibake"),
    ])
    func `ids equal the reference's`(layout: String, records: String) throws {
        let tokenizer = try load(layout)
        #expect(tokenizer.vocabularySize == 49408)
        let records = try Fixture.records("\(records).ids.gz", in: folder)
        let failures = Fixture.check(tokenizer, records)
        print("\(layout): \(records.count - failures) of \(records.count) strings have the reference's ids")
        #expect(failures == 0)
    }

    @Test(arguments: ["dense", "json", "original"])
    func `loading time`(layout: String) throws {
        let times = try (0..<7).map { _ in
            let start = ContinuousClock.now
            _ = try load(layout)
            return ContinuousClock.now - start
        }
        print("load \(layout): first \(times[0]), best \(times.min() ?? .zero)")
        #expect(times.min() ?? .zero < .milliseconds(80))
    }

    @Test(arguments: ["dense", "original"])
    func `encoding speed`(layout: String) throws {
        let tokenizer = try load(layout)
        var state: UInt64 = 1
        func random(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        func letters(_ first: UInt32, _ count: Int, _ length: Int) -> String {
            String(
                String.UnicodeScalarView(
                    (0..<length).compactMap { _ in Unicode.Scalar(first + UInt32(random(count))) }))
        }
        let captions = [
            "a photo of a red bus next to the old town hall", "two dogs running in the snow",
            "一张照片，雪地里有两只狗", "城市古老的建筑和美丽的风景",
        ]
        let repeated = (0..<40_000).map { _ in captions[random(captions.count)] }
        let fresh = (0..<40_000).map { index in
            index % 2 == 0
                ? (0..<7).map { _ in letters(0x61, 26, 2 + random(8)) }.joined(separator: " ")
                : letters(0x4E00, 8000, 6 + random(10))
        }
        for (name, texts) in [("common words", repeated), ("words that do not repeat", fresh)] {
            let bytes = texts.reduce(0) { $0 + $1.utf8.count }
            let start = ContinuousClock.now
            let ids = texts.reduce(0) { $0 + tokenizer.encode($1).ids.count }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let speed = Double(bytes) / seconds / 1e6
            print("encode \(layout), \(name): \(speed) MB/s, \(bytes) bytes, \(ids) ids, one thread")
            #expect(speed > 1)
        }
    }
}
