public import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEvaluation
public import DiptychTraining
import Foundation

extension ChoiceTrainer.Optimizer: ExpressibleByArgument {}

struct TrainChoiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "choice",
        abstract: "Train a model to choose the right text for each image.",
        discussion: """
            Each row has an image, a list of texts, and which is right: its place from 0, or a letter from A. The loss of an epoch \
            is the sum over its questions.

            Example: diptych train choice --model demo --train-data choices.parquet --image filename --choices caption_choices \
            --label label --output trained
            """)

    @OptionGroup var start: StartArguments

    @Option(
        help: ArgumentHelp(
            "The questions: a file, a folder, or a name of the catalog. Of a dataset with splits, train.",
            valueName: "source"))
    var trainData: String

    @Option(
        help: ArgumentHelp(
            "Questions that are answered before and after, and not trained on. Of a dataset with splits, valid.",
            valueName: "source"))
    var valData: String?

    @Option(help: "The column of images.") var image: String
    @Option(help: "The column with lists of texts.") var choices: String
    @Option(help: "The column of the right one: its place from 0, or a letter from A.") var label: String

    @Option(help: "adam or adamw.") var optimizer = ChoiceTrainer.Optimizer.adam
    @Option(parsing: .unconditional, help: "The learning rate.") var lr = 1e-5
    @Option(parsing: .unconditional, help: "Adam's first beta.") var beta1 = 0.9
    @Option(parsing: .unconditional, help: "Adam's second beta.") var beta2 = 0.999
    @Option(parsing: .unconditional, help: "Adam's epsilon.") var eps = 1e-8
    @Option(parsing: .unconditional, help: "Weight decay, of adamw.") var wd = 0.01
    @Option(parsing: .unconditional, help: "Questions of a step.") var batchSize = 8
    @Option(
        name: [.customLong("epochs"), .customLong("max-epochs")], parsing: .unconditional,
        help: "Passes over the questions.")
    var epochs = 5
    @Option(parsing: .unconditional, help: "The greatest norm of all gradients (default: none).") var gradClipNorm:
        Double?
    @Option(help: "amp, fp16, fp32 or fp64.") var precision = TrainingOptions.Precision.fp32
    @Flag(help: "Leave the image tower as it is.") var freezeVision = false
    @Flag(help: "Leave the text tower as it is.") var lockText = false
    @Flag(help: "Go through the questions in an order from --seed.") var shuffle = false
    @Option(parsing: .unconditional, help: "The seed of the order.") var seed: UInt64 = 123
    @Option(name: .shortAndLong, help: "A new directory for the trained model.") var output: String?
    @Option(help: "The format of results.") var format = EvaluationFormat.text

    @OptionGroup var source: SourceOptions
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var remote: RemoteArguments

    @Flag(help: "Leave out notes on standard error.") var quiet = false

    func run() async throws {
        remote.install()
        let model = try await start.load(seed)
        var options = TrainingOptions()
        (options.learningRate, options.beta1, options.beta2, options.epsilon) = (lr, beta1, beta2, eps)
        options.weightDecay = optimizer == .adam ? 0 : wd
        (options.batchSize, options.maximumEpochs, options.seed) = (batchSize, epochs, seed)
        (options.precision, options.gradientNormLimit) = (precision, gradClipNorm)
        (options.freezesVision, options.freezesText) = (freezeVision, lockText)
        options.contextLength = model.tokenizer.contextLength
        if let output, FileManager.default.fileExists(atPath: output) {
            guard try FileManager.default.contentsOfDirectory(atPath: output).isEmpty else {
                throw Failure("\(output): exists and is not an empty directory; give another name")
            }
        }
        let notes = DatasetNotes()
        let samples = try await questions(trainData, split: "train", notes)
        let held: ChoiceTable? = if let valData { try await questions(valData, split: "valid", notes) } else { nil }
        notes.report(isQuiet: quiet)
        var trainer = ChoiceTrainer(model: model, engine: try start.computing(), options: options)
        (trainer.optimizer, trainer.shuffles) = (optimizer, shuffle)
        let isJSON = format == .json
        let summary = try await trainer.train(on: samples, held: held) { epoch, loss in
            if !isJSON { try? StandardOutput.line("loss for epoch \(epoch): \(loss)") }
        }
        if let output {
            let isResNet = if case .resNet = model.configuration.vision.architecture { true } else { false }
            try await summary.model.save(to: output, layout: isResNet ? .openCLIP : .huggingFace)
        }
        try print(summary)
    }

    private func questions(_ path: String, split: String, _ notes: DatasetNotes) async throws -> ChoiceTable {
        let options = source.options(notes: notes)
        let parts = try await DatasetSources([path], options, catalog).readingStores().splits()
        guard let part = parts.count == 1 ? parts.first : parts.first(where: { $0.split == split }) else {
            throw Failure("\(path): has several splits, and no \(split); name the one that is meant")
        }
        let rows = try NamedRows(part, images: [image])
        try rows.check([choices, label])
        guard rows.rows.count > 0 else { throw Failure("\(path): holds no questions") }
        return ChoiceTable(rows: rows, choices: choices, label: label)
    }

    private func print(_ summary: ChoiceTrainer.Summary) throws {
        let parts = [("training", summary.training)] + (summary.held.map { [("held-out", $0)] } ?? [])
        if format == .json {
            func json(_ accuracy: ChoiceAccuracy) -> JSON {
                [
                    "questions": .int(accuracy.all.questions), "accuracy": Self.number(accuracy.all.accuracy),
                    "mean_probability": Self.number(accuracy.all.meanProbability),
                    "positions": .array(
                        accuracy.positions.map {
                            [
                                "questions": .int($0.questions), "accuracy": Self.number($0.accuracy),
                                "mean_probability": Self.number($0.meanProbability),
                            ]
                        }),
                ]
            }
            let results = parts.map { name, part in
                (
                    name == "training" ? "training" : "held_out",
                    ["before": json(part.before), "after": json(part.after)] as JSON
                )
            }
            let object: [(String, JSON)] = [("losses", .array(summary.losses.map { .double($0) }))] + results
            return try StandardOutput.line(JSON.object(object).text)
        }
        for (name, part) in parts {
            for (when, accuracy) in [("before", part.before), ("after", part.after)] {
                try StandardOutput.line(
                    "\(name) \(when): \(accuracy.all.right) of \(accuracy.all.questions) right, mean probability of the right choice "
                        + String(format: "%.4f", accuracy.all.meanProbability ?? .nan))
            }
            for (place, position) in part.after.positions.enumerated() where position.questions > 0 {
                try StandardOutput.line(
                    "  right choice at \(place): \(position.right) of \(position.questions), mean probability "
                        + String(format: "%.4f", position.meanProbability ?? .nan))
            }
        }
    }

    private static func number(_ value: Double?) -> JSON { value.map { .double($0) } ?? .null }
}

/// Questions in the rows of a dataset.
struct ChoiceTable: ChoiceSamples {
    let rows: NamedRows
    let choices: String
    let label: String

    var count: Int { rows.rows.count }

    func sample(at index: Int) throws -> ChoiceSample {
        do {
            let question = try ChoiceQuestion(rows.row(index), choices: [choices], label: label)
            return ChoiceSample(
                image: try rows.bytes(index), choices: question.choices, label: question.label,
                place: rows.place(index).place)
        } catch { throw rows.failure(error, index) }
    }
}
