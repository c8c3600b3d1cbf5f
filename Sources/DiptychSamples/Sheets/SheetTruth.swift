internal import DiptychBasics

/// How hard a drawn sheet is to read.
public enum SheetDegree: String, CaseIterable, Codable, Sendable {
    /// As it was drawn.
    case clean
    /// Photographed askew on a table, in uneven light.
    case askew
    /// Shrunk, enlarged and compressed by JPEG until it shows.
    case worn
    /// With little contrast.
    case lowContrast = "low_contrast"
    /// With lines of text across its tiles.
    case overlaid
}

/// Which of three sets that share nothing a sheet belongs to.
public enum SheetSplit: String, CaseIterable, Codable, Sendable {
    case train, valid, test
}

/// A rectangle in whole pixels of a sheet.
public struct SheetBox: Hashable, Sendable {
    /// Columns left of it.
    public var x: Int
    /// Rows above it.
    public var y: Int
    /// Its columns.
    public var width: Int
    /// Its rows.
    public var height: Int

    /// Joins a place and a size.
    public init(x: Int, y: Int, width: Int, height: Int) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }
}

extension SheetBox: Codable {
    /// Reads `[x, y, width, height]`.
    public init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        (x, y) = (try list.decode(Int.self), try list.decode(Int.self))
        (width, height) = (try list.decode(Int.self), try list.decode(Int.self))
    }

    /// Writes `[x, y, width, height]`.
    public func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        for number in [x, y, width, height] { try list.encode(number) }
    }
}

/// What a drawn sheet shows, as `sheets.jsonl` has it: a line a sheet.
public struct SheetTruth: Codable, Hashable, Sendable {
    /// The file's name.
    public var file: String
    /// How hard it is.
    public var degree: SheetDegree
    /// The language of the instruction: `en` or `zh`.
    public var language: String
    /// The rows of tiles.
    public var rows: Int
    /// The columns of tiles.
    public var columns: Int
    /// The line above the tiles; nil where there is none.
    public var instruction: String?
    /// The words in English.
    public var wordsEnglish: [String]
    /// The same words in Chinese.
    public var wordsChinese: [String]
    /// Where tiles are, in reading order. Of a sheet that is askew, the upright boxes around them.
    public var boxes: [SheetBox]
    /// For each word the tiles that show it, from 1.
    public var matches: [[Int]]

    enum CodingKeys: String, CodingKey {
        case file, degree, language, rows, columns, instruction, boxes, matches
        case wordsEnglish = "words_en"
        case wordsChinese = "words_zh"
    }

    /// The words in the language of the instruction.
    public var words: [String] { language == "zh" ? wordsChinese : wordsEnglish }

    /// The truth as JSON on one line.
    var line: String {
        func list(_ texts: [String]) -> String { "[" + texts.map(Self.quoted).joined(separator: ", ") + "]" }
        let boxes = boxes.map { "[\($0.x), \($0.y), \($0.width), \($0.height)]" }.joined(separator: ", ")
        let matches = matches.map { "[" + $0.map(String.init).joined(separator: ", ") + "]" }.joined(separator: ", ")
        return "{\"file\": \"\(file)\", \"degree\": \"\(degree.rawValue)\", \"language\": \"\(language)\", "
            + "\"rows\": \(rows), \"columns\": \(columns), \"instruction\": \(instruction.map(Self.quoted) ?? "null"), "
            + "\"words_en\": \(list(wordsEnglish)), \"words_zh\": \(list(wordsChinese)), \"boxes\": [\(boxes)], "
            + "\"matches\": [\(matches)]}"
    }

    private static func quoted(_ text: String) -> String {
        var json = ""
        JSONText.append(text, to: &json)
        return json
    }
}
