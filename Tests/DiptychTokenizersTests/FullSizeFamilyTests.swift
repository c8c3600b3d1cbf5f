import DiptychTokenizers
import Foundation
import Testing

/// Ids and speed with vocabularies of the published sizes, which are not kept here: Scripts/parity/tokenizer_families.py
/// makes the files and runs these.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["DIPTYCH_FAMILY_PARITY"] != nil))
struct FullSizeFamilyTests {
    private static let all = ["wordpiece.huggingface", "wordpiece.original", "unigram", "gemma"]
    private let folder = URL(fileURLWithPath: ProcessInfo.processInfo.environment["DIPTYCH_FAMILY_PARITY"] ?? "")

    private func load(_ name: String) throws -> any Tokenizer {
        switch name {
        case "wordpiece.huggingface": try BERTTokenizer.load(directory: folder.appendingPathComponent("wordpiece"))
        case "wordpiece.original":
            try BERTTokenizer.load(vocabulary: folder.appendingPathComponent("wordpiece/vocab.txt"))
        default: try SentencePieceTokenizer.load(directory: folder.appendingPathComponent(name))
        }
    }

    @Test(arguments: all)
    func `ids equal the reference's`(name: String) throws {
        let records = try Fixture.family(name, in: folder, width: 4)
        let failures = Fixture.check(try load(name), records)
        print("\(name): \(records.count - failures) of \(records.count) strings have the reference's ids")
        #expect(failures == 0)
    }

    @Test(arguments: all)
    func `loading time`(name: String) throws {
        let times = try (0..<5).map { _ in
            let start = ContinuousClock.now
            _ = try load(name)
            return ContinuousClock.now - start
        }
        print("load \(name): first \(times[0]), best \(times.min() ?? .zero)")
        #expect(times.min() ?? .zero < .milliseconds(500))
    }

    @Test(arguments: all)
    func `encoding speed`(name: String) throws {
        let tokenizer = try load(name)
        let texts = try Fixture.texts("captions.texts.gz", in: folder)
        let bytes = texts.reduce(0) { $0 + $1.utf8.count }
        let start = ContinuousClock.now
        let ids = texts.reduce(0) { $0 + tokenizer.encode($1).ids.count }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        print("encode \(name): \(Double(bytes) / seconds / 1e6) MB/s, \(bytes) bytes, \(ids) ids, one thread")
        #expect(Double(bytes) / seconds > 1e6)
    }
}
