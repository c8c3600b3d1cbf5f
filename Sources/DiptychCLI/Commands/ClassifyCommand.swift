import ArgumentParser
import Diptych
import DiptychDatasets
import Foundation

struct ClassifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Label images with labels of your own, without training.",
        discussion: """
            The probability of a label is the softmax of logit scale × cosine over all labels, so that they compete; of \
            SigLIP models it is the sigmoid of each label by itself. The embeddings of several templates are averaged. \
            With --threshold or --min-similarity an image gets as many labels as reach it: where labels compete, the \
            similarity is the better measure.

            Example: diptych classify --label "red circle" --label "blue square" image.jpg
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var formatting: FormatArguments

    @Option(name: .customLong("label"), parsing: .unconditionalSingleValue, help: "A label.")
    var labels: [String] = []

    @Option(name: .customLong("labels"), help: ArgumentHelp("A file with one label a line.", valueName: "file"))
    var labelsFile: String?

    @OptionGroup var templates: TemplateArguments

    @Option(name: .customLong("classifier"), help: ArgumentHelp("A saved classifier.", valueName: "file"))
    var classifierFile: String?

    @Option(
        help: ArgumentHelp(
            "Save labels and their embeddings (.safetensors) for --classifier; images may be left out.",
            valueName: "file"))
    var saveClassifier: String?

    @Option(parsing: .unconditional, help: "The most labels to show for each image (default: all).")
    var top: Int?

    @Option(parsing: .unconditional, help: "Leave out labels that are less probable.")
    var threshold: Float?

    @Option(parsing: .unconditional, help: "Leave out labels that are less similar.")
    var minSimilarity: Float?

    @Option(
        name: .customLong("input"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A file that lists images, one a line; - for standard input.", valueName: "list"))
    var lists: [String] = []

    @OptionGroup var listing: ListArguments

    @Argument(
        help: ArgumentHelp(
            "Images, directories of them, URLs, data URIs, or - for bytes on standard input.", valueName: "images"))
    var inputs: [String] = []

    func validate() throws {
        if classifierFile != nil {
            guard labels.isEmpty, labelsFile == nil, !templates.areGiven, saveClassifier == nil else {
                throw ValidationError("--classifier brings its own labels and templates; give it without them.")
            }
        } else if labels.isEmpty, labelsFile == nil {
            throw ValidationError("there are no labels: give --label, --labels or --classifier.")
        }
        if labels.contains(where: { $0.allSatisfy(\.isWhitespace) }) { throw ValidationError("--label: empty text.") }
        guard saveClassifier != "", classifierFile != "" else { throw ValidationError("a classifier's path is empty.") }
        if let top, top < 1 { throw ValidationError("--top must be at least 1, not \(top).") }
        if let threshold, !(0...1).contains(threshold) {
            throw ValidationError("--threshold must be 0 to 1, not \(threshold).")
        }
        if let minSimilarity, !(-1...1).contains(minSimilarity) {
            throw ValidationError("--min-similarity must be -1 to 1, not \(minSimilarity).")
        }
        guard !images.isEmpty || saveClassifier != nil else { throw ValidationError("there are no images.") }
        try ImageArgument.validate(images)
        if [labelsFile, templates.file].contains("-") {
            throw ValidationError("labels and templates are read from files, not from standard input.")
        }
    }

    private var images: [ImageArgument] { inputs.map { .image($0) } + lists.map { .list($0) } }

    func run() async throws {
        // Opened before the model is, so that a name that is wrong is known at once.
        let images = try ImageInputs(images, separator: listing.separator)
        let classifier: Classifier
        let model: any DualEncoder
        if let classifierFile {
            model = try await self.model.loadDualEncoder()
            classifier = try await Classifier.load(from: classifierFile, for: model)
        } else {
            let labels = try allLabels()
            let templates = try self.templates.chosen(for: labels, isQuiet: self.model.quiet)
            model = try await self.model.loadDualEncoder()
            classifier = try await model.classifier(labels: labels, templates: templates, isQuiet: self.model.quiet)
        }
        if let saveClassifier {
            try await classifier.save(to: saveClassifier, for: model)
            if !self.model.quiet { Console.say("\(classifier.labels.count) labels saved in \(saveClassifier)") }
        }
        if !self.images.isEmpty { try await classify(images, with: classifier, model) }
    }

    private func classify(
        _ images: ImageInputs, with classifier: Classifier, _ model: any Embedder
    ) async throws {
        let progress = Progress("classifying", total: nil, isQuiet: self.model.quiet)
        defer { progress.end() }
        var (done, skips) = (0, Skips())
        var list = ResultList(formatting.chosen)
        try await ImageRun(model, self.model.images, fetching.options).each(
            images,
            afterBatch: {
                if formatting.chosen != .json { try StandardOutput.flush() }
                progress.update(done)
            },
            { name, result in
                done += 1
                switch result {
                case .failure(let error): skips.add(name, error)
                case .success(let embedding):
                    let predictions = classifier.predictions(
                        for: embedding, top: top, minimumProbability: threshold ?? 0,
                        minimumSimilarity: minSimilarity ?? -1)
                    try list.add(Self.json(name, predictions), text: Self.text(name, predictions))
                }
            })
        progress.end()
        try list.end()
        try skips.end(of: done)
    }

    private static func json(_ name: String, _ predictions: [Classifier.Prediction]) -> JSON {
        [
            "input": .string(name),
            "predictions": .array(predictions.map(\.json)),
        ]
    }

    private static func text(_ name: String, _ predictions: [Classifier.Prediction]) -> String {
        let lines = predictions.map {
            "\(Columns.score($0.probability))  \($0.label.shown)  (similarity \(Columns.score($0.similarity)))"
        }
        return ([name.shown] + (lines.isEmpty ? ["      –  no label reaches the threshold"] : lines)).joined(
            separator: "\n")
    }

    /// The labels of the options, then those of the file.
    private func allLabels() throws -> [String] {
        let all = try labels + (labelsFile.map(TextFile.labels) ?? [])
        var known: Set<String> = []
        if let twice = all.first(where: { !known.insert($0).inserted }) {
            throw Failure("the label '\(twice)' is given twice; each label competes once")
        }
        return all
    }
}

extension TextEmbedder {
    /// Makes a classifier and shows how far it is.
    func classifier(labels: [String], templates: PromptTemplates, isQuiet: Bool) async throws -> Classifier {
        let progress = Progress("embedding labels", total: labels.count, isQuiet: isQuiet)
        defer { progress.end() }
        return try await classifier(labels: labels, templates: templates, progress: progress.update)
    }
}
