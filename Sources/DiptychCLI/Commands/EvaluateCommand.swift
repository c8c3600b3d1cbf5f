import ArgumentParser
import Diptych
import Foundation

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure how well captions find their pictures.",
        discussion: """
            Reads captions.jsonl beside the pictures, as `diptych pictures` writes it. For each group of pictures and each \
            language, recall@k is the share of captions whose own picture is among the k nearest of the group.

            Example: diptych pictures --count 200 --seed 7 --output held-out && diptych evaluate --pictures held-out
            """)

    @OptionGroup var model: ModelArguments

    @Option(help: "The directory of the pictures and their captions.jsonl.")
    var pictures: String

    @Option(help: "The pictures that compete for a caption; a smaller rest is left out.")
    var group = 200

    @Option(help: "text or json.")
    var format = EvaluationFormat.text

    enum EvaluationFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

    func validate() throws {
        guard group >= 2 else { throw ValidationError("--group must be at least 2, not \(group).") }
    }

    private struct Caption: Decodable {
        let file: String
        let english: String
        let chinese: String

        enum CodingKeys: String, CodingKey {
            case file
            case english = "caption_en"
            case chinese = "caption_zh"
        }
    }

    func run() async throws {
        let captions = try readCaptions()
        let whole = captions.count / group * group
        guard whole > 0 else {
            throw Failure("\(pictures): holds \(captions.count) captioned pictures, fewer than a group of \(group)")
        }
        let model = try await model.load()
        let directory = URL(fileURLWithPath: pictures, isDirectory: true)
        let images = try await model.embed(
            images: captions[..<whole].map { .file(directory.appendingPathComponent($0.file).path) },
            options: self.model.pictures)
        let (english, chinese) = try await (
            model.embed(texts: captions[..<whole].map(\.english)),
            model.embed(texts: captions[..<whole].map(\.chinese))
        )
        var report: [String: [String: Double]] = [:]
        for (language, texts) in [("en", english), ("zh", chinese)] {
            let ranks = Self.ranks(of: images, for: texts, group: group)
            for k in [1, 5, 10] {
                report[language, default: [:]]["recall@\(k)"] =
                    Double(ranks.filter { $0 < k }.count) / Double(ranks.count)
            }
        }
        switch format {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            try StandardOutput.write(String(decoding: try encoder.encode(report), as: UTF8.self) + "\n")
        case .text:
            for language in ["en", "zh"] {
                let recall = [1, 5, 10].map { k in
                    "recall@\(k) " + String(format: "%.3f", report[language]?["recall@\(k)"] ?? 0)
                }
                try StandardOutput.write(
                    "\(language): caption to picture among \(group): \(recall.joined(separator: ", "))"
                        + " (\(whole) pictures)\n")
            }
        }
    }

    /// For each caption, how many pictures of its group are nearer than its own.
    private static func ranks(of images: Embeddings, for texts: Embeddings, group: Int) -> [Int] {
        let dimension = images.dimension
        return stride(from: 0, to: images.count, by: group).flatMap { start -> [Int] in
            let range = start * dimension..<(start + group) * dimension
            let similarity = Embeddings(values: Array(texts.values[range]), dimension: dimension)
                .similarity(to: Embeddings(values: Array(images.values[range]), dimension: dimension))
            return (0..<group).map { row in
                (0..<group).filter { similarity[row, $0] > similarity[row, row] }.count
            }
        }
    }

    private func readCaptions() throws -> [Caption] {
        let file = URL(fileURLWithPath: pictures, isDirectory: true).appendingPathComponent("captions.jsonl")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            throw Failure("\(file.path): cannot be read; `diptych pictures` writes it")
        }
        let decoder = JSONDecoder()
        return try text.split(separator: "\n").enumerated().map { index, line in
            do { return try decoder.decode(Caption.self, from: Data(line.utf8)) } catch {
                throw Failure("\(file.path):\(index + 1): is not an object with file, caption_en and caption_zh")
            }
        }
    }
}
