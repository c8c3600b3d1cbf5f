import DiptychMedia
import DiptychTestSupport
import Foundation

/// A dataset of Chinese-CLIP's files with images that are drawn for it, into which faults are put.
///
/// Nothing is inlined: Swift 6.3.1 stops when it optimises async tests into which this is.
struct SmallDataset {
    /// Lines of `…_imgs.tsv`, by split.
    var images: [String: [String]] = [:]
    /// Lines of `…_texts.jsonl`, by split.
    var texts: [String: [String]] = [:]

    static let captions = ["红色的方块", "一只蓝色的猫在草地上", "a green bicycle", "两个苹果", "海边的日落", "an old red bus"]

    /// Sound: six images with a text each.
    @inline(never) init() throws {
        for (number, caption) in Self.captions.enumerated() {
            images["train", default: []].append(Self.line(1000 + number, try Self.file(number)))
            texts["train", default: []].append(Self.text(number, caption, [1000 + number]))
        }
    }

    /// An image that differs much from those of other numbers.
    @inline(never) static func image(_ number: Int, width: Int = 48, height: Int = 40) throws -> Image {
        var random = SeededGenerator(UInt64(number) &+ 77)
        let colours = (0..<16).map { _ in (0..<3).map { _ in UInt8.random(in: 0...255, using: &random) } }
        var bytes: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width { bytes += colours[(y * 4 / height) * 4 + x * 4 / width] }
        }
        return try Image(width: width, height: height, bytes: bytes)
    }

    /// The same as a file.
    @inline(never) static func file(_ number: Int) throws -> [UInt8] { try image(number).jpeg(quality: 90) }

    @inline(never) static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    @inline(never) static func line(_ id: Int, _ bytes: [UInt8]) -> String { "\(id)\t\(base64(bytes))" }

    @inline(never) static func text(_ id: Int, _ text: String, _ images: [Int]) -> String {
        let quoted = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "{\"text_id\": \(id), \"text\": \"\(quoted)\", \"image_ids\": \(images)}"
    }

    @inline(never) mutating func add(_ split: String = "train", image line: String) {
        images[split, default: []].append(line)
    }
    @inline(never) mutating func add(_ split: String = "train", text line: String) {
        texts[split, default: []].append(line)
    }

    /// Adds an image with its text.
    @inline(never) mutating func add(_ split: String = "train", id: Int, _ bytes: [UInt8], _ caption: String) {
        add(split, image: Self.line(id, bytes))
        add(split, text: Self.text(id, caption, [id]))
    }

    /// Writes the files into a folder.
    @inline(never) @discardableResult func write(to folder: TemporaryDirectory, _ name: String = "data") throws
        -> String
    {
        try folder.makeFolder(name)
        for (split, lines) in images {
            try folder.write(lines.joined(separator: "\n") + "\n", to: "\(name)/\(split)_imgs.tsv")
        }
        for (split, lines) in texts {
            try folder.write(lines.joined(separator: "\n") + "\n", to: "\(name)/\(split)_texts.jsonl")
        }
        return folder.path(name)
    }
}
