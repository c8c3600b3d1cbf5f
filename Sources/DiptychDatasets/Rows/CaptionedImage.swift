internal import Foundation

/// A line of captions.jsonl, as `diptych pictures` writes it beside its images.
public struct CaptionedImage: Sendable, Equatable {
    /// The image's name in its directory.
    public let file: String
    /// The caption in English.
    public let english: String
    /// The caption in Chinese.
    public let chinese: String

    /// All lines of the directory's captions.jsonl.
    ///
    /// - Throws: ``DatasetError`` with the line.
    public static func read(in directory: String) throws -> [CaptionedImage] {
        let path = URL(fileURLWithPath: directory, isDirectory: true).appendingPathComponent("captions.jsonl").path
        guard FileManager.default.fileExists(atPath: path) else {
            throw DatasetError(
                .unreadable, path: path, "there is no such file; `diptych pictures` writes it beside its images")
        }
        var stream = try LineStream(
            path: path, longest: TextFile.longestLine, mayBeJSON: true,
            advice: "give a file with an object with file, caption_en and caption_zh a line")
        var captions: [CaptionedImage] = []
        while let line = try stream.next() {
            guard line.isTooLong || !line.bytes.allSatisfy(FileContent.isBlank) else { continue }
            func malformed(_ reason: String) -> DatasetError {
                DatasetError(.malformed, path: "\(path):\(line.number)", reason)
            }
            guard !line.isTooLong, let value = try? JSONParser.parse(line.bytes), let file = value["file"]?.string,
                let english = value["caption_en"]?.string, let chinese = value["caption_zh"]?.string
            else { throw malformed("is not an object with file, caption_en and caption_zh") }
            for text in [english, chinese] where text.allSatisfy(\.isWhitespace) {
                throw malformed("has an empty caption; describe the image or remove the line")
            }
            captions.append(CaptionedImage(file: file, english: english, chinese: chinese))
        }
        try Task.checkCancellation()
        return captions
    }
}
