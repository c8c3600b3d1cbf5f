import DiptychTokenizers
import Foundation
import Testing

/// Tokeniser files with every number in turn at and beyond the limits of the integers that hold it are read or refused.
struct IntegerLimitTests {
    private static let limits = [
        "0", "1", "-1", "2147483646", "2147483647", "2147483648", "4294967295", "4294967296", "1073741823",
        "1073741824",
        "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e30", "-1e30",
        "1e400", "0.5", "1048576", "1048577",
    ]

    @Test(arguments: [
        "wordpiece-json/tokenizer.json", "wordpiece-json/tokenizer_config.json", "unigram/tokenizer.json",
        "unigram/tokenizer_config.json", "gemma/tokenizer.json", "gemma/tokenizer_config.json", "json/tokenizer.json",
        "json/tokenizer_config.json",
    ])
    func `each number of a file`(path: String) throws {
        let parts = path.split(separator: "/").map(String.init)
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("limit-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.copyItem(at: Fixture.folder.appendingPathComponent(parts[0]), to: directory)
        guard let bytes = try? Fixture.bytes(path) else { return }
        // Runs of digits outside of texts; a vocabulary has thousands, of which the first and the last count.
        let places = Self.numbers(in: bytes)
        let chosen = places.count > 120 ? Array(places.prefix(60) + places.suffix(60)) : places
        for (index, range) in chosen.enumerated() {
            for limit in Self.limits.indices where chosen.count < 20 || (index + limit) % 4 == 0 {
                let changed = bytes[..<range.lowerBound] + Array(Self.limits[limit].utf8) + bytes[range.upperBound...]
                try Data(changed).write(to: directory.appendingPathComponent(parts[1]))
                do throws(TokenizerError) {
                    let tokenizer: any Tokenizer =
                        switch parts[0] {
                        case "wordpiece-json": try BERTTokenizer.load(directory: directory)
                        case "json": try CLIPTokenizer.load(directory: directory)
                        default: try SentencePieceTokenizer.load(directory: directory)
                        }
                    _ = tokenizer.encode("a photo of a cat 一张照片")
                } catch { #expect(!error.description.contains("\n")) }
            }
        }
    }

    private static func numbers(in bytes: [UInt8]) -> [Range<Int>] {
        var (ranges, isText, index): ([Range<Int>], Bool, Int) = ([], false, 0)
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\") where isText: index += 1
            case UInt8(ascii: "\""): isText.toggle()
            case let byte where !isText && (byte &- 0x30 < 10 || byte == UInt8(ascii: "-")):
                let end = bytes[index...].firstIndex { !"0123456789.eE+-".utf8.contains($0) } ?? bytes.count
                ranges.append(index..<end)
                index = end
                continue
            default: break
            }
            index += 1
        }
        return ranges
    }
}
