import Diptych
import Foundation

/// A line of captions.jsonl, as `diptych pictures` writes it beside its pictures.
struct CaptionedPicture: Decodable {
    /// The picture's name in its directory.
    let file: String
    let english: String
    let chinese: String

    enum CodingKeys: String, CodingKey {
        case file
        case english = "caption_en"
        case chinese = "caption_zh"
    }

    /// All lines of the directory's captions.jsonl.
    ///
    /// - Throws: ``Failure`` with the line.
    static func read(in directory: String) throws -> [CaptionedPicture] {
        let path = URL(fileURLWithPath: directory, isDirectory: true).appendingPathComponent("captions.jsonl").path
        guard FileManager.default.fileExists(atPath: path) else {
            throw Failure("\(path): there is no such file; `diptych pictures` writes it beside its pictures")
        }
        let lines = try LineReader(
            path: path, mayBeJSON: true, advice: "an object with file, caption_en and caption_zh a line")
        let decoder = JSONDecoder()
        var captions: [CaptionedPicture] = []
        for (index, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            guard let caption = try? decoder.decode(CaptionedPicture.self, from: Data(line.utf8)) else {
                throw Failure("\(path):\(index + 1): is not an object with file, caption_en and caption_zh")
            }
            for text in [caption.english, caption.chinese] where text.allSatisfy(\.isWhitespace) {
                throw Failure("\(path):\(index + 1): has an empty caption; describe the picture or remove the line")
            }
            captions.append(caption)
        }
        if let failure = lines.failure { throw failure }
        return captions
    }
}
