import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

struct EvaluateRetrievalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retrieval",
        abstract: "Measure how well captions find their pictures.",
        discussion: """
            Reads captions.jsonl beside the pictures, as `diptych pictures` writes it. For each group of pictures and each \
            language, recall@k is the share of captions whose own picture is among the k nearest of the group; a picture \
            that is just as near counts as nearer.

            Example: diptych pictures --count 200 --seed 7 --output held-out && diptych evaluate retrieval \
            --pictures held-out
            """)

    @OptionGroup var model: ModelArguments

    @Option(help: "The directory of the pictures and their captions.jsonl.")
    var pictures: String

    @Option(help: "The pictures that compete for a caption; a smaller rest is left out.")
    var group = 200

    @Option(help: "text or json.")
    var format = EvaluationFormat.text

    func validate() throws {
        guard group >= 2 else { throw ValidationError("--group must be at least 2, not \(group).") }
    }

    func run() async throws {
        let captions = try CaptionedImage.read(in: pictures)
        let whole = captions.count / group * group
        guard whole > 0 else {
            throw Failure(
                "\(pictures): has captions of \(captions.count) pictures, fewer than a group of \(group); "
                    + "draw more or give a smaller --group")
        }
        let model = try await model.loadDualEncoder()
        let directory = URL(fileURLWithPath: pictures, isDirectory: true)
        let images = try await model.embed(
            images: captions[..<whole].map { .file(directory.appendingPathComponent($0.file).path) },
            options: self.model.pictures)
        let (english, chinese) = try await (
            model.embed(texts: captions[..<whole].map(\.english)),
            model.embed(texts: captions[..<whole].map(\.chinese))
        )
        let report = [("en", english), ("zh", chinese)].map { language, texts in
            let accuracy = Self.accuracy(of: images, for: texts, group: group)
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
                    "\(language): caption to picture among \(group): \(figures) (\(whole) pictures)")
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
