import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

struct EvaluateRetrievalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retrieval",
        abstract: "Measure how well captions find their images.",
        discussion: """
            Reads captions.jsonl beside the images, as `diptych pictures` writes it. For each group of images and each \
            language, recall@k is the share of captions whose own image is among the k nearest of the group; an image \
            that is just as near counts as nearer.

            Example: diptych pictures --count 200 --seed 7 --output held-out && diptych evaluate retrieval \
            --images held-out
            """)

    @OptionGroup var model: ModelArguments

    // The second is the older spelling.
    @Option(
        name: [.customLong("images"), .customLong("pictures")],
        help: "The directory of the images and their captions.jsonl.")
    var images: String

    @Option(parsing: .unconditional, help: "The images that compete for a caption; a smaller rest is left out.")
    var group = 200

    @Option(help: "The format of the report.")
    var format = EvaluationFormat.text

    func validate() throws {
        guard group >= 2 else { throw ValidationError("--group must be at least 2, not \(group).") }
    }

    func run() async throws {
        let captions = try CaptionedImage.read(in: images)
        let whole = captions.count / group * group
        guard whole > 0 else {
            throw Failure(
                "\(images): has captions of \(captions.count) images, fewer than a group of \(group); "
                    + "draw more or give a smaller --group")
        }
        let model = try await model.loadDualEncoder()
        let directory = URL(fileURLWithPath: images, isDirectory: true)
        let embeddings = try await model.embed(
            images: captions[..<whole].map { .file(directory.appendingPathComponent($0.file).path) },
            options: self.model.images)
        let (english, chinese) = try await (
            model.embed(texts: captions[..<whole].map(\.english)),
            model.embed(texts: captions[..<whole].map(\.chinese))
        )
        let report = [("en", english), ("zh", chinese)].map { language, texts in
            let accuracy = Self.accuracy(of: embeddings, for: texts, group: group)
            return (language, [1, 5, 10].map { k in (k, accuracy.recall(at: k) ?? 0) })
        }
        switch format {
        case .json:
            let languages = report.map { language, recall in
                (language, JSON.object(recall.map { ("recall@\($0)", .double($1)) }))
            }
            try StandardOutput.line(JSON.object(languages).text)
        case .text:
            for (language, recall) in report {
                let figures = recall.map { "recall@\($0) " + String(format: "%.3f", $1) }.joined(separator: ", ")
                try StandardOutput.line(
                    "\(language): caption to image among \(group): \(figures) (\(whole) images)")
            }
        }
    }

    /// The captions' ranks, each among the pictures of its own group.
    private static func accuracy(of images: Embeddings, for texts: Embeddings, group: Int) -> RetrievalAccuracy {
        RetrievalAccuracy(
            ranks: stride(from: 0, to: images.count, by: group).flatMap { start in
                let rows = start..<start + group
                return RetrievalAccuracy(
                    queries: texts.rows(rows), candidates: images.rows(rows), relevant: (0..<group).map { [$0] }
                ).ranks
            })
    }
}
