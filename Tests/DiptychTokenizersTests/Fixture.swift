import DiptychTokenizers
import Foundation
import Testing

/// Where the fixtures are, and how records of ids are read.
enum Fixture {
    static let folder =
        Bundle.module.resourceURL?.appendingPathComponent("Fixtures") ?? URL(fileURLWithPath: "Fixtures")

    /// A text with the ids that the reference gives.
    struct Record {
        var text: String
        var expected: TokenizedText
    }

    static func bytes(_ name: String, in folder: URL = folder) throws -> [UInt8] {
        let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
        return name.hasSuffix(".gz") ? try Gzip.inflate(bytes, limit: 1 << 28) : bytes
    }

    static func records(_ name: String, in folder: URL = folder) throws -> [Record] {
        let bytes = try bytes(name, in: folder)
        var offset = 0
        func integer(_ width: Int) -> Int {
            defer { offset += width }
            return (0..<width).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        var records: [Record] = []
        while offset < bytes.count {
            let length = integer(4)
            let text = String(decoding: bytes[offset..<offset + length], as: UTF8.self)
            offset += length
            let ids = (0..<integer(2)).map { _ in Int32(integer(2)) }
            records.append(Record(text: text, expected: TokenizedText(ids: ids, truncated: integer(4))))
        }
        return records
    }

    /// Compares every record, and reports the first few that differ.
    static func check(
        _ tokenizer: CLIPTokenizer, _ records: [Record], location: SourceLocation = #_sourceLocation
    ) -> Int {
        var failures = 0
        for record in records {
            let got = tokenizer.encode(record.text)
            if got == record.expected { continue }
            failures += 1
            if failures <= 12 {
                let scalars = record.text.unicodeScalars.prefix(60).map { String($0.value, radix: 16) }
                Issue.record(
                    """
                    \(record.text.prefix(80).debugDescription) [\(scalars.joined(separator: " "))]
                    got \(tokenizer.tokens(for: got.ids.prefix(30)).map { $0 ?? "?" }) truncated \(got.truncated)
                    for \(tokenizer.tokens(for: record.expected.ids.prefix(30)).map { $0 ?? "?" }) truncated \
                    \(record.expected.truncated)
                    """, sourceLocation: location)
            }
        }
        return failures
    }
}
