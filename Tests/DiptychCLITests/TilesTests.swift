import DiptychMedia
import DiptychTestSupport
import Foundation
import Testing

/// `diptych tiles`, `read` and `evaluate tiles` as the contract has them.
struct TilesTests {
    private struct Answer: Decodable {
        struct Layout: Decodable, Equatable {
            let rows: Int
            let columns: Int
        }
        struct Tile: Decodable {
            let index: Int
            let box: [Int]
            let probabilities: [Float]
            let similarities: [Float]
        }
        let layout: Layout?
        let words: [String]
        let tiles: [Tile]
        let matches: [[Int]]
        let unsure: Bool
        let reason: String?
    }

    private struct Truth: Decodable {
        let file: String
        let degree: String
        let language: String
        let rows: Int
        let columns: Int
        let words_en: [String]
        let words_zh: [String]
        let instruction: String?
        let boxes: [[Int]]
        let matches: [[Int]]
    }

    private let demo = ["DIPTYCH_MODEL": "demo"]

    private func tiles(_ arguments: String..., in folder: String? = nil) throws -> Command.Result {
        try Command.run(["tiles", "--format", "json", "--quiet"] + arguments, in: folder, environment: demo)
    }

    /// Drawn sheets and their truth.
    private func drawn(_ count: Int, seed: Int, in folder: TemporaryFolder) throws -> [Truth] {
        let made = try Command.run(
            "pictures", "--sheets", "\(count)", "--seed", "\(seed)", "--split", "valid", "--output", folder / "sheets",
            "--quiet")
        #expect(made.status == 0, "\(made.error)")
        let text = try String(contentsOfFile: folder / "sheets/sheets.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Truth.self, from: Data($0.utf8)) }
    }

    @Test func `clean sheets are answered as they were drawn`() throws {
        let folder = try TemporaryFolder()
        var (right, all) = (0, 0)
        for truth in try drawn(30, seed: 50, in: folder) where truth.degree == "clean" {
            let words = truth.words_en.flatMap { ["--word", $0] }
            let result = try Command.run(
                ["tiles", folder / "sheets/\(truth.file)", "--format", "json", "--quiet"] + words, environment: demo)
            #expect(result.status == 0, "\(result.error)")
            let answer = try result.json(Answer.self)
            #expect(answer.words == truth.words_en && answer.matches.count == answer.words.count)
            #expect(answer.tiles.map(\.index) == Array(1..<answer.tiles.count + 1))
            for tile in answer.tiles {
                #expect(tile.probabilities.count == answer.words.count && tile.similarities.count == answer.words.count)
                #expect(tile.box.count == 4 && tile.probabilities.allSatisfy { (0...1).contains($0) })
            }
            for (word, list) in answer.matches.enumerated() {
                #expect(list == answer.tiles.filter { $0.probabilities[word] >= 0.5 }.map(\.index))
            }
            all += 1
            if answer.matches == truth.matches, answer.layout?.rows == truth.rows { right += 1 }
        }
        #expect(all == 6 && right >= 4, "\(right) of \(all)")
    }

    @Test func `rows and columns cut the sheet evenly`() throws {
        let result = try tiles(Fixture.images + "/wide.jpg", "--word", "a cat", "--rows", "1", "--columns", "2")
        let answer = try result.json(Answer.self)
        #expect(answer.layout == .init(rows: 1, columns: 2) && answer.tiles.count == 2)
        #expect(answer.tiles[0].box[0] == 0 && answer.tiles[1].box[0] == answer.tiles[0].box[2])
    }

    @Test func `tiles may come as files`() throws {
        let (wide, tall) = (Fixture.images + "/wide.jpg", Fixture.images + "/tall.png")
        let answer = try tiles("--tiles", wide, tall, "--word", "a cat", "--word", "雪地", "--count", "1").json(
            Answer.self)
        #expect(answer.layout == .init(rows: 1, columns: 2) && answer.matches.map(\.count) == [1, 1])
        // The cosine is that of `diptych similarity`.
        let same = try Command.run(
            ["similarity", "--query-text", "a cat", "--image", wide, "--format", "json", "--quiet"], environment: demo)
        let expected = try #require(same.output.firstMatch(of: /"similarity":([-0-9.e]+)/)).1
        #expect(abs(answer.tiles[0].similarities[0] - (Float(expected) ?? 9)) < 1e-5)
    }

    @Test func `the words are read from the sheet`() throws {
        let folder = try TemporaryFolder()
        let sheets = try drawn(40, seed: 52, in: folder)
        var (right, all) = (0, 0)
        for truth in sheets where truth.degree == "clean" && truth.instruction != nil {
            let answer = try tiles(folder / "sheets/\(truth.file)", "--read").json(Answer.self)
            all += 1
            if answer.words == (truth.language == "zh" ? truth.words_zh : truth.words_en) { right += 1 }
        }
        #expect(all > 3 && right * 2 > all, "\(right) of \(all)")
    }

    @Test func `what cannot be answered is said and never guessed`() throws {
        let wide = Fixture.images + "/wide.jpg"
        let folder = try TemporaryFolder()
        let plain = try Image(width: 64, height: 48, bytes: [UInt8](repeating: 120, count: 64 * 48 * 3))
        try plain.writePNG(to: folder / "plain.png")
        let none = try tiles(folder / "plain.png", "--word", "a cat").json(Answer.self)
        #expect(none.layout == nil && none.unsure && none.tiles.isEmpty && none.matches == [[]])
        #expect(none.reason?.contains("no grid") == true)
        // 1 × 400 on too few pixels, and tiles of three pixels.
        let many = try tiles(folder / "plain.png", "--word", "a", "--rows", "1", "--columns", "400").json(Answer.self)
        #expect(many.unsure && many.matches == [[]] && many.reason?.contains("too few") == true)
        let tiny = try tiles(folder / "plain.png", "--word", "a", "--rows", "16", "--columns", "20").json(Answer.self)
        #expect(tiny.unsure && tiny.matches == [[]] && tiny.reason?.contains("pixels wide or high") == true)
        let one = try tiles(wide, "--word", "a", "--rows", "1", "--columns", "1").json(Answer.self)
        #expect(one.unsure && one.reason != nil)
        let words = ["a", "b", "c"].flatMap { ["--word", $0] }
        let more = try Command.run(
            ["tiles", wide, "--rows", "1", "--columns", "2", "--assign", "--format", "json", "--quiet"] + words,
            environment: demo
        ).json(Answer.self)
        #expect(more.unsure && more.matches.flatMap { $0 }.sorted() == [1, 2])
        #expect(more.reason == "there are 3 words and 2 tiles; 1 words have none")
        let unread = try tiles(folder / "plain.png", "--read", "--rows", "2", "--columns", "2").json(Answer.self)
        #expect(unread.unsure && unread.words.isEmpty && unread.reason?.contains("no words") == true)
    }

    @Test func `arguments that make no sense are refused`() throws {
        let wide = Fixture.images + "/wide.jpg"
        expectFailure(try tiles(wide), status: 2, saying: "--word")
        expectFailure(try tiles(wide, "--word", " "), status: 2, saying: "--word")
        expectFailure(try tiles("--word", "a"), status: 2, saying: "sheet")
        expectFailure(try tiles(wide, "--word", "a", "--rows", "2"), status: 2, saying: "--columns")
        expectFailure(try tiles(wide, "--word", "a", "--threshold", "2"), status: 2, saying: "--threshold")
        expectFailure(try tiles(wide, "--word", "a", "--count", "1", "--assign"), status: 2, saying: "--assign")
        expectFailure(try tiles("missing.png", "--word", "a"), status: 1, saying: "missing.png")
        expectFailure(try tiles(wide, "--word", "a", "--calibration", "missing"), status: 1, saying: "tiles fit")
    }

    @Test func `neutral texts are weighed as they are`() throws {
        let arguments = [
            "tiles", Fixture.images + "/wide.jpg", "--rows", "1", "--columns", "2", "--word", "a cat", "--word",
            "a dog",
            "--neutral", "a dog", "--format", "json", "--quiet",
        ]
        let answer = try Command.run(arguments, environment: demo).json(Answer.self)
        for tile in answer.tiles {
            // A word against itself is a coin.
            #expect(abs(tile.probabilities[1] - 0.5) < 1e-4)
            let margin = Double(100 * (tile.similarities[0] - tile.similarities[1]))
            #expect(abs(Double(tile.probabilities[0]) - 1 / (1 + exp(-margin))) < 1e-3)
        }
    }

    @Test func `a calibration of other weights is refused`() throws {
        let folder = try TemporaryFolder()
        _ = try drawn(10, seed: 53, in: folder)
        let fit = try Command.run(
            ["tiles", "fit", "--sheets", folder / "sheets", "--output", folder / "tiles.json", "--quiet"],
            environment: demo)
        #expect(fit.status == 0 && fit.output.contains("exact sheets at coverage  90 %"), "\(fit.error)")
        let other = try Command.run(
            "tiles", Fixture.images + "/wide.jpg", "--rows", "1", "--columns", "2", "--word", "a", "--calibration",
            folder / "tiles.json")
        expectFailure(other, status: 1, saying: "other weights", "tiles fit")
    }

    @Test func `read prints lines`() throws {
        struct Read: Decodable {
            struct Result: Decodable {
                struct Line: Decodable {
                    let text: String
                    let box: [Int]
                    let confidence: Float
                }
                let input: String
                let lines: [Line]
            }
            let results: [Result]
        }
        let folder = try TemporaryFolder()
        let sheets = try drawn(10, seed: 54, in: folder)
        let truth = try #require(sheets.first { $0.degree == "clean" && $0.instruction != nil })
        let path = folder / "sheets/\(truth.file)"
        let result = try Command.run("read", path, "--format", "json")
        let read = try result.json(Read.self)
        #expect(read.results.map(\.input) == [path] && read.results[0].lines.allSatisfy { $0.box.count == 4 })
        expectFailure(try Command.run("read", path, "--languages", "tlh"), status: 1, saying: "tesseract-ocr-tlh")
        let missing = try Command.run("read", folder / "none.png")
        #expect(missing.status == 3 && missing.error.contains("skipped \(folder / "none.png")"))
    }

    /// The commands of Documentation/tiles.md, as they are written there.
    @Test func `every command of the page runs`() throws {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Documentation/tiles.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let blocks = text.components(separatedBy: "```sh\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.count >= 3)
        let folder = try TemporaryFolder()
        let binary = (Command.path as NSString).deletingLastPathComponent
        let environment = [
            "PATH": binary + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""), "DIPTYCH_MODEL": "demo",
        ]
        let result = try Command.run(
            [], in: folder.path, environment: environment,
            launcher: ["/bin/sh", "-e", "-c", blocks.joined(separator: "\n")])
        #expect(result.status == 0, "\(result.error)")
    }
}
