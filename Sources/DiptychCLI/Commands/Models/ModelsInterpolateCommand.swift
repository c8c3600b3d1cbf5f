import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

struct ModelsInterpolateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "interpolate",
        abstract: "Mix the weights of a model and of what training made of it, or of several runs.",
        discussion: """
            With two models the weights are (1 − W) · A + W · B; with more, each has the same share. With --weights and --data, each \
            weight is measured by retrieval on the data, and the best is written. A model that was trained on little often gains on its \
            data and keeps what it knew at a weight below 1. Prints the directory.

            Example: diptych models interpolate ViT-B-16.pt logs/run/best --weight 0.5 --output mixed
            """)

    @Argument(help: "The models: directories, checkpoint files or names of `diptych models list`.")
    var models: [String]

    @Option(parsing: .unconditional, help: "The share of the second of two models, 0 to 1 (default: 0.5).")
    var weight: Double?

    @Option(help: ArgumentHelp("Shares to choose from by --data, as in 0,0.25,0.5,0.75,1.", valueName: "list"))
    var weights: String?

    @OptionGroup var data: EvaluationDataArguments

    @OptionGroup var model: ModelArguments

    @Option(name: .shortAndLong, help: ArgumentHelp("The directory to write, new or empty.", valueName: "directory"))
    var output: String

    @Option(help: "The layout to write.")
    var layout = ModelFileLayout.huggingFace

    @Option(help: "The number format of the weights.")
    var dtype = WeightPrecision.fp32

    func validate() throws {
        guard models.count > 1 else { throw ValidationError("give two models or more.") }
        guard model.model == nil else { throw ValidationError("the models are arguments; leave --model out.") }
        if output.isEmpty { throw ValidationError("--output is empty.") }
        guard models.count == 2 || weight == nil && weights == nil else {
            throw ValidationError("--weight and --weights go with two models; more have equal shares.")
        }
        if let weight, !(0...1).contains(weight) { throw ValidationError("--weight is 0 to 1, not \(weight).") }
        guard weights == nil || weight == nil else { throw ValidationError("give one of --weight and --weights.") }
        guard (weights == nil) == data.sources.isEmpty else {
            throw ValidationError("--weights are chosen from by --data: give both.")
        }
        _ = try choices()
    }

    private func choices() throws -> [Double] {
        guard let weights else { return [] }
        let numbers = weights.split(separator: ",", omittingEmptySubsequences: false).map {
            Double($0.trimmingCharacters(in: .whitespaces))
        }
        guard (1...1000).contains(numbers.count), numbers.allSatisfy({ $0.map((0...1).contains) ?? false }) else {
            throw ValidationError("--weights \(weights): are numbers of 0 to 1 with commas between them.")
        }
        return numbers.compactMap(\.self)
    }

    func run() async throws {
        var loaded: [CLIPModel] = []
        for name in models {
            var arguments = model
            arguments.model = name
            loaded.append(try await arguments.loadCLIP(for: "only those are mixed"))
        }
        let choices = try choices()
        let chosen: CLIPModel
        if !choices.isEmpty {
            chosen = try await best(loaded, choices)
        } else if loaded.count == 2 {
            chosen = try mix(loaded, weight ?? 0.5)
        } else {
            chosen = try CLIPModel.mixed(loaded.map { ($0, 1 / Double(loaded.count)) })
        }
        try await chosen.save(to: output, layout: layout, precision: dtype)
        try StandardOutput.line(output)
    }

    private func mix(_ pair: [CLIPModel], _ weight: Double) throws -> CLIPModel {
        try CLIPModel.mixed([(pair[0], 1 - weight), (pair[1], weight)])
    }

    /// The mixed model of the highest mean recall both ways; of equal ones the first.
    private func best(_ pair: [CLIPModel], _ choices: [Double]) async throws -> CLIPModel {
        let notes = DatasetNotes()
        defer { notes.report(isQuiet: model.quiet) }
        let (part, _) = try await data.chosen(notes, usual: "valid")
        var best: (recall: Double, model: CLIPModel)?
        for weight in choices {
            let mixed = try mix(pair, weight)
            var skips = Skips()
            let features = try await RetrievalFeatures(
                part, by: mixed, model.images, isQuiet: true, skip: { skips.add($0) })
            let metrics = try RetrievalMetrics(
                images: features.images, texts: features.texts, imagesOfTexts: features.set.imagesOfTexts,
                threads: model.threads)
            guard let texts = metrics.textToImage.meanRecall, let images = metrics.imageToText.meanRecall else {
                throw Failure("\(part.path): no text belongs to an image, so there is nothing to choose by")
            }
            let recall = (texts + images) / 2
            try StandardOutput.line(
                "weight \(weight): mean recall \(String(format: "%.4f", recall)) (text to image "
                    + "\(String(format: "%.4f", texts)), image to text \(String(format: "%.4f", images)))")
            if best.map({ recall > $0.recall }) ?? true { best = (recall, mixed) }
        }
        guard let best else { throw Failure("there are no weights to choose from") }
        return best.model
    }
}
