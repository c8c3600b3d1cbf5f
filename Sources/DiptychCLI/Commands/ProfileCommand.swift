import ArgumentParser
import Diptych
import DiptychEngine
import Foundation

struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Time a model by operation, beside what the processor could do.",
        discussion: """
            The limit is measured here: the best of several products of two 2048 × 2048 matrices by the same engine, \
            threads and precision. Times are those of the median pass; they do not include decoding pictures.

            Example: diptych profile --batch 4 --repeat 3
            """)

    @OptionGroup var model: ModelArguments

    @Option(help: "The number of pictures or texts in a pass.")
    var batch = 16

    @Option(help: "Profile texts of this many tokens instead of pictures.")
    var textLength: Int?

    @Option(help: "The side of the pictures; it must be the model's.")
    var imageSize: Int?

    @Option(name: .customLong("repeat"), help: "The number of passes, of which the median counts.")
    var passes = 5

    @Option(help: "text or json.")
    var format: ResultFormat?

    func validate() throws {
        guard (1...4096).contains(batch) else { throw ValidationError("--batch must be 1 to 4096, not \(batch).") }
        guard (1...10_000).contains(passes) else {
            throw ValidationError("--repeat must be 1 to 10000, not \(passes).")
        }
        if textLength != nil, imageSize != nil {
            throw ValidationError("give either --text-length or --image-size.")
        }
    }

    func run() async throws {
        let model = try await model.load()
        if let imageSize, imageSize != model.configuration.vision.imageSize {
            throw ValidationError(
                "--image-size \(imageSize): the model reads pictures of \(model.configuration.vision.imageSize).")
        }
        let longest = model.configuration.text.contextLength
        if let textLength, !(2...longest).contains(textLength) {
            throw ValidationError("--text-length must be 2 to \(longest) for this model, not \(textLength).")
        }
        let engine = try await model.engineDescription()
        let operations =
            if let textLength {
                try await model.profile(texts: batch, length: textLength, passes: passes)
            } else { try await model.profile(pictures: batch, passes: passes) }
        try Task.checkCancellation()
        let limit = try MatrixPeak.measure(engine)
        let report = ProfileReport(
            operations: operations, engine: engine, limit: limit, batch: batch, textLength: textLength)
        if (format ?? .preferred) == .text {
            for line in report.lines { try StandardOutput.line(line) }
        } else {
            try StandardOutput.line(report.json.text)
        }
    }
}
