import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

struct EvaluateMUGEScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muge-score",
        abstract: "Count MUGE's score from files of predictions.",
        discussion: """
            Predictions are lines of {"text_id": 1, "image_ids": [1, 2]} with the ten best images of each text, or of \
            {"image_id": 1, "text_ids": [1, 2]}; the truth is the annotation of either direction. The score is the mean of the \
            shares of queries with an answer among the first 1, 5 and 10, in percent, in the form of Chinese-CLIP's evaluation. \
            Where predictions are not as they should be, the file says why and the status is 1.

            Example: diptych pictures --count 20 --seed 7 --output held-out && diptych evaluate retrieval --data \
            held-out/captions.jsonl --text-column caption_en --save-predictions out --quiet && diptych evaluate muge-score \
            --predictions out/test_predictions.jsonl --truth out/test_texts.tr.jsonl
            """)

    @Option(help: ArgumentHelp("The predictions.", valueName: "file")) var predictions: String
    @Option(help: ArgumentHelp("The annotation.", valueName: "file")) var truth: String
    @Option(help: ArgumentHelp("Also write the score to a file.", valueName: "file")) var output: String?

    func validate() throws {
        for (name, value) in [("--predictions", predictions), ("--truth", truth), ("--output", output ?? "x")]
        where value.isEmpty { throw ValidationError("\(name) is empty.") }
    }

    func run() async throws {
        let score: MUGEScore
        do {
            let direction = try RetrievalFiles.direction(of: predictions)
            let found = try RetrievalFiles.entries(predictions, direction).map(\.entry)
            let given = try RetrievalFiles.direction(of: truth)
            let truth = try RetrievalFiles.entries(self.truth, given).map(\.entry)
            score = MUGEScore(
                predictions: found, truth: given == direction ? truth : PredictionLines.inverted(truth), direction)
        } catch is CancellationError { throw CancellationError() } catch {
            score = .failure(Failure.describe(error))
        }
        if let output { _ = try RetrievalFiles.write([score.json.text], to: output) }
        try StandardOutput.line(score.json.text)
        if case .failure(let reason) = score {
            throw Failure(
                reason.hasPrefix(predictions) || reason.hasPrefix(truth) ? reason : "\(predictions): \(reason)")
        }
    }
}
