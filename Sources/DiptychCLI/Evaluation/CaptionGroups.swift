import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

/// How well captions of `captions.jsonl` find their images, by groups.
struct CaptionGroups {
    let images: String
    let group: Int

    /// Reads, embeds and ranks.
    func measure(_ arguments: ModelArguments, _ format: EvaluationFormat) async throws {
        let captions = try CaptionedImage.read(in: images)
        let whole = captions.count / group * group
        guard whole > 0 else {
            throw Failure(
                "\(images): has captions of \(captions.count) images, fewer than a group of \(group); "
                    + "draw more or give a smaller --group")
        }
        let model = try await arguments.loadDualEncoder()
        let directory = URL(fileURLWithPath: images, isDirectory: true)
        let embeddings = try await model.embed(
            images: captions[..<whole].map { .file(directory.appendingPathComponent($0.file).path) },
            options: arguments.images)
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
