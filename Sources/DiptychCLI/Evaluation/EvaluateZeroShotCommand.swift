import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

struct EvaluateZeroShotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zero-shot",
        abstract: "Measure how often images get the label of their folder or row.",
        discussion: """
            The directory has a folder of images for each class, as in pictures/red_fox/1.jpg. A class's label is the \
            folder's name with spaces for underscores, unless --labels names it: with lines of folder, tab and label, or \
            with one label a line in the order of the folders' names. Chinese-CLIP's folders, test/000/1.jpg beside \
            label_cn.txt, are found as they are. Rows of any other dataset have their label in the column label or class, or in \
            --text-column. A label that is just as near as the right one counts as nearer. Labels without images compete, and are \
            left out of the mean per class. The options of Chinese-CLIP's zeroshot_evaluation are taken by their names; \
            --save-dir writes its file for ELEVATER.

            Example: diptych evaluate zero-shot --data images
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var data: EvaluationDataArguments
    @OptionGroup var benchmark: BenchmarkArguments

    // The second is Chinese-CLIP's.
    @Option(
        name: [.customLong("labels"), .customLong("label-file")],
        help: ArgumentHelp("A file that names the classes.", valueName: "file"))
    var labelsFile: String?

    @OptionGroup var templates: TemplateArguments

    @Option(
        name: .customLong("classifier"),
        help: ArgumentHelp("A saved classifier that has the classes among its labels.", valueName: "file"))
    var classifierFile: String?

    @Option(parsing: .unconditional, help: "The most frequent mistakes to show.")
    var confusions = 10

    @OptionGroup var original: ZeroShotOriginalArguments

    @Option(
        help: ArgumentHelp(
            "Write the figures and each image's rank, for `diptych evaluate compare`.", valueName: "file"))
    var output: String?

    @Option(help: "The format of the report.")
    var format = EvaluationFormat.text

    func validate() throws {
        guard data.sources.count == 1, data.sources[0] != "" else {
            throw ValidationError("give one --data" + (data.sources.isEmpty ? "." : ", not \(data.sources.count)."))
        }
        guard confusions >= 0 else { throw ValidationError("--confusions must not be negative, but is \(confusions).") }
        guard classifierFile == nil || !templates.areGiven else {
            throw ValidationError("--classifier brings its own templates; give it without them.")
        }
        if [labelsFile, templates.file].contains("-") {
            throw ValidationError("labels and templates are read from files, not from standard input.")
        }
        if let name = benchmark.benchmark, name != .imageNet {
            throw ValidationError("\(name.rawValue) is measured by `diptych evaluate retrieval`.")
        }
        guard model.model == nil || original.checkpoint == nil else {
            throw ValidationError("--resume names the model by Chinese-CLIP's option; give it without --model.")
        }
    }

    func run() async throws {
        try RetrievalFiles.check(outputs: [output])
        try original.saveDir.map(RetrievalFiles.makeFolder)
        let notes = DatasetNotes()
        let order = try original.order()
        let place = ZeroShotPlace(data, labels: labelsFile, isQuiet: model.quiet)
        let folder = try place.folder()
        let part = folder == nil ? try await rows(notes) : nil
        let findings = try await benchmark.findings(data, model)
        let model = try await loadModel()
        var skips = Skips()
        var samples: ZeroShotSamples
        if let folder {
            samples = try await ZeroShotSamples(
                folder, by: model, self.model.images, isQuiet: self.model.quiet, skips: &skips)
        } else {
            guard let part else { throw Failure("\(place.title): is not a dataset") }
            samples = try await ZeroShotSamples(
                part, labels: labelsFile, by: model, self.model.images, isQuiet: self.model.quiet, skips: &skips)
        }
        let classifier = try await classifier(samples.labels, model)
        try samples.arrange(by: classifier, from: classifierFile)
        guard !samples.images.isEmpty else {
            throw Failure("\(place.title): no picture of its \(samples.classes.count) class folders can be read")
        }
        let outcome = ZeroShotOutcome(samples, classifier)
        let report = ZeroShotReport(
            accuracy: outcome.accuracy, folders: samples.folders, templates: classifier.templates.count,
            skipped: skips.count, confusions: confusions, outcome: outcome,
            more: benchmark.members(model.name, findings))
        if !self.model.quiet { report.emptyFolders.forEach { Console.say("\(place.title)/\($0): has no images") } }
        try original.save(outcome, order: order, model, isQuiet: self.model.quiet)
        if let output {
            var origin = EvaluationOrigin()
            (origin.sources, origin.split) = (data.sources.map(EvaluationOrigin.absolute), data.split)
            (origin.imageColumn, origin.textColumn) = (data.imageColumn, data.textColumn)
            origin.model = (model.name, await model.fingerprint())
            try AtomicFile.write((outcome.file(origin, report.json).text + "\n").utf8, to: output, isDurable: false)
            if !self.model.quiet { Console.say("written: \(output)") }
        }
        try StandardOutput.line(
            format == .json ? report.json.text : report.text + (benchmark.text(model.name) ?? ""))
        notes.report(isQuiet: self.model.quiet)
        try skips.end(of: samples.images.count + skips.count)
    }

    /// The split of rows with labels.
    private func rows(_ notes: DatasetNotes) async throws -> DatasetPart {
        let part = try await data.chosen(notes, usual: benchmark.benchmark?.split).part
        guard try part.hasImages() else { throw Failure("\(part.path): the split has no images") }
        guard try part.hasTexts() else {
            throw Failure("\(part.path): has no labels; name their column with --text-column")
        }
        return part
    }

    private func loadModel() async throws -> any DualEncoder {
        guard original.checkpoint != nil || original.batchSize != nil else { return try await model.loadDualEncoder() }
        let path = try original.checkpoint ?? ModelLocation(model.model).announced(isQuiet: model.quiet).path
        return try await model.load(path: path, batchSize: original.batchSize).requireTexts()
    }

    private func classifier(_ labels: [String], _ model: any DualEncoder) async throws -> Classifier {
        if let classifierFile { return try await Classifier.load(from: classifierFile, for: model) }
        let templates = try self.templates.chosen(for: labels, isQuiet: self.model.quiet)
        let words = EvaluationTexts(model, contextLength: original.contextLength)
        return try await words.classifier(labels: labels, templates: templates, isQuiet: self.model.quiet)
    }
}

/// The texts of a model as evaluations give them: curly quotation marks are straight for Chinese-CLIP, and texts are cut where the
/// command says.
struct EvaluationTexts: TextEmbedder {
    let model: any DualEncoder
    let contextLength: Int?

    init(_ model: any DualEncoder, contextLength: Int?) { (self.model, self.contextLength) = (model, contextLength) }

    var dimension: Int { model.dimension }
    var logits: LogitParameters { model.logits }

    func embed(texts: [String], normalize: Bool) async throws -> Embeddings {
        let words = texts.map { RetrievalFeatures.words($0, for: model) }
        guard let contextLength, contextLength < model.tokenizer.contextLength else {
            return try await model.embed(texts: words, normalize: normalize)
        }
        return try await model.embed(
            tokenized: words.map { model.tokenizer.encode($0, contextLength: contextLength) }, normalize: normalize)
    }
}
