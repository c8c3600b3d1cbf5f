import DiptychBasics
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
        return name.hasSuffix(".gz") ? try Inflater.inflate(bytes, .gzip, limit: 1 << 28) : bytes
    }

    /// Numbers and texts, one behind the other.
    private struct Bytes {
        let bytes: [UInt8]
        var offset = 0
        var isAtEnd: Bool { offset >= bytes.count }

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        mutating func integer(_ width: Int) -> Int {
            defer { offset += width }
            return (0..<width).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }

        mutating func text() -> String {
            let length = integer(4)
            defer { offset += length }
            return String(decoding: bytes[offset..<offset + length], as: UTF8.self)
        }

        mutating func ids(width: Int = 2) -> TokenizedText {
            let ids = (0..<integer(2)).map { _ in Int32(integer(width)) }
            return TokenizedText(ids: ids, truncated: integer(4))
        }
    }

    static func records(_ name: String, in folder: URL = folder) throws -> [Record] {
        var reader = Bytes(try bytes(name, in: folder))
        var records: [Record] = []
        while !reader.isAtEnd { records.append(Record(text: reader.text(), expected: reader.ids())) }
        return records
    }

    /// The texts that the families share, with the ids of one; a file of ids may have those of the first texts only.
    static func family(_ name: String, in folder: URL = folder, width: Int = 2) throws -> [Record] {
        var texts = Bytes(try bytes("families.texts.gz", in: folder))
        var ids = Bytes(try bytes("\(name).ids.gz", in: folder))
        var records: [Record] = []
        while !ids.isAtEnd { records.append(Record(text: texts.text(), expected: ids.ids(width: width))) }
        return records
    }

    /// The texts of a file of texts alone.
    static func texts(_ name: String, in folder: URL = folder) throws -> [String] {
        var reader = Bytes(try bytes(name, in: folder))
        var texts: [String] = []
        while !reader.isAtEnd { texts.append(reader.text()) }
        return texts
    }

    /// Compares all ids of a family with a tokeniser's.
    static func checkFamily(
        _ tokenizer: some Tokenizer, _ name: String, count: Int = 3000, location: SourceLocation = #_sourceLocation
    ) throws {
        let records = try family(name)
        #expect(records.count >= count, sourceLocation: location)
        let failures = check(tokenizer, records, location: location)
        #expect(failures == 0, "\(failures) of \(records.count)", sourceLocation: location)
    }

    /// Compares every record, and reports the first few that differ.
    static func check(
        _ tokenizer: some Tokenizer, _ records: [Record], location: SourceLocation = #_sourceLocation
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
