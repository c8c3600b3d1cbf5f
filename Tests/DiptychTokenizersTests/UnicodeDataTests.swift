import DiptychTokenizers
import Foundation
import Testing

/// The classes of every character against those of the reference implementations.
struct UnicodeDataTests {
    /// The first scalar of each run and its class: letter, number, space, other, or D for dropped.
    private func runs(
        _ name: String, file: String = "classes.json.gz"
    ) throws -> [(first: UInt32, kind: Character)] {
        let object = try JSONSerialization.jsonObject(with: Data(Fixture.bytes(file)))
        let text = (object as? [String: String])?[name] ?? ""
        return text.split(separator: " ").compactMap { word in
            guard let first = UInt32(word.dropLast(), radix: 16), let kind = word.last else { return nil }
            return (first, kind)
        }
    }

    /// The class by the standard library's data, which the tokeniser uses.
    private func kind(_ scalar: Unicode.Scalar) -> Character {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return "L"
        case .decimalNumber, .letterNumber, .otherNumber: return "N"
        default: return scalar.properties.isWhitespace ? "S" : "O"
        }
    }

    /// Characters newer than the reference's data differ; nothing else may.
    ///
    /// The `tokenizers` library 0.23 knows Unicode 16; `regex` 2026.11 knows a later version than Swift 6.3, and also
    /// finds no class for U+0345 when it ignores case.
    @Test(arguments: [("huggingface", 16), ("original", 99)])
    func `classes differ only on characters of newer Unicode versions`(name: String, version: Int) throws {
        let runs = try runs(name)
        #expect(runs.count > 1000)
        var run = 0
        var newer = 0
        for value in UInt32(0)..<0x110000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            while run + 1 < runs.count, runs[run + 1].first <= value { run += 1 }
            if kind(scalar) == runs[run].kind { continue }
            if name == "original", value == 0x345, runs[run].kind == "D" { continue }
            let age = scalar.properties.age?.major
            if age == nil || age.map({ $0 > version }) == true {
                newer += 1
            } else {
                Issue.record("U+\(String(value, radix: 16)) is \(runs[run].kind) in the reference")
            }
        }
        print("\(name): \(newer) characters are of another class in a newer version of Unicode")
    }

    /// What each character between two letters becomes: dropped, a space, a word of its own, or part of the word.
    ///
    /// The original has the data of the Python that runs it, here Unicode 14; U+1171E has since stopped to be an accent.
    @Test(arguments: [(BERTTokenizer.Cleaning.huggingFace, "huggingface"), (.original, "original")])
    func `every character is cleaned as in the references of WordPiece`(
        cleaning: BERTTokenizer.Cleaning, name: String
    ) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sweep-\(UUID().uuidString).txt")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n##b\n".utf8).write(to: file)
        let tokenizer = try BERTTokenizer.load(vocabulary: file, cleaning: cleaning)
        let kinds: [[Int32]: Character] = [[4, 6]: "D", [4, 5]: "S", [4, 1, 5]: "W", [1]: "K", [4, 6, 6]: "B"]
        let runs = try runs(name, file: "wordpiece.characters.json.gz")
        #expect(runs.count > 500)
        var run = 0
        var newer = 0
        for value in UInt32(0)..<0x110000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            while run + 1 < runs.count, runs[run + 1].first <= value { run += 1 }
            let ids = tokenizer.encode("a\(Character(scalar))b").ids
            if kinds[Array(ids.dropFirst().dropLast())] == runs[run].kind { continue }
            let isNewer = scalar.properties.age.map { $0.major > 14 } ?? false
            if name == "original", isNewer || value == 0x1171E {
                newer += 1
            } else {
                Issue.record("U+\(String(value, radix: 16)) is \(runs[run].kind) in the reference, not \(ids)")
            }
        }
        #expect(newer < 500)
    }
}
