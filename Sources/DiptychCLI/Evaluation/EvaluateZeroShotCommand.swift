import ArgumentParser
import Diptych
import DiptychDatasets
import Foundation

struct EvaluateZeroShotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zero-shot",
        abstract: "Measure how often images get the label of their folder.",
        discussion: """
            The directory has a folder of images for each class, as in pictures/red_fox/1.jpg. A class's label is the \
            folder's name with spaces for underscores, unless --labels names it: with lines of folder, tab and label, or \
            with one label a line in the order of the folders' names. A label that is just as near as the right one \
            counts as nearer. Labels without images compete, and are left out of the mean per class.

            Example: diptych evaluate zero-shot --data images
            """)

    @OptionGroup var model: ModelArguments

    @Option(help: "The directory of the class folders.")
    var data: String

    @Option(name: .customLong("labels"), help: ArgumentHelp("A file that names the classes.", valueName: "file"))
    var labelsFile: String?

    @OptionGroup var templates: TemplateArguments

    @Option(
        name: .customLong("classifier"),
        help: ArgumentHelp("A saved classifier that has the classes among its labels.", valueName: "file"))
    var classifierFile: String?

    @Option(parsing: .unconditional, help: "The most frequent mistakes to show.")
    var confusions = 10

    @Option(help: "The format of the report.")
    var format = EvaluationFormat.text

    func validate() throws {
        if data.isEmpty { throw ValidationError("--data is empty.") }
        guard confusions >= 0 else { throw ValidationError("--confusions must not be negative, but is \(confusions).") }
        guard classifierFile == nil || !templates.areGiven else {
            throw ValidationError("--classifier brings its own templates; give it without them.")
        }
        if [labelsFile, templates.file].contains("-") {
            throw ValidationError("labels and templates are read from files, not from standard input.")
        }
    }

    func run() async throws {
        let folder = try LabelledFolder(path: data, labels: labelsFile)
        let labels = folder.classes.map(\.label) + folder.otherLabels
        let classifier: Classifier
        let model: any DualEncoder
        if let classifierFile {
            model = try await self.model.loadDualEncoder()
            classifier = try await Classifier.load(from: classifierFile, for: model)
        } else {
            let templates = try self.templates.chosen(for: labels, isQuiet: self.model.quiet)
            model = try await self.model.loadDualEncoder()
            classifier = try await model.classifier(labels: labels, templates: templates, isQuiet: self.model.quiet)
        }
        let indices = try Self.indices(of: folder, in: classifier, classifierFile ?? "")

        let progress = Progress("classifying", total: nil, isQuiet: self.model.quiet)
        defer { progress.end() }
        var (done, skips) = (0, Skips())
        var accuracy = ClassificationAccuracy(labels: classifier.labels)
        try await ImageRun(model, self.model.images, FetchOptions()).each(
            ImageInputs(folder.folders.map(ImageArgument.image)), afterBatch: { progress.update(done) },
            { name, result in
                done += 1
                guard let place = folder.index(ofImage: name) else {
                    return skips.add(name, reason: "belongs to none of the classes")
                }
                switch result {
                case .failure(let error): skips.add(name, error)
                case .success(let embedding):
                    accuracy.add(scores: classifier.similarities(to: embedding), label: indices[place])
                }
            })
        progress.end()
        guard accuracy.images > 0 else {
            throw Failure("\(data): no picture of its \(folder.classes.count) class folders can be read")
        }
        let report = ZeroShotReport(
            accuracy: accuracy, folders: Dictionary(zip(indices, folder.classes.map(\.folder))) { first, _ in first },
            templates: classifier.templates.count, skipped: skips.count, confusions: confusions)
        if !self.model.quiet { report.emptyFolders.forEach { Console.say("\(data)/\($0): has no images") } }
        try StandardOutput.line(format == .json ? report.json.text : report.text)
        try skips.end(of: done)
    }

    /// For each class folder, the place of its label among the classifier's.
    private static func indices(
        of folder: LabelledFolder, in classifier: Classifier, _ file: String
    ) throws -> [Int] {
        let places = Dictionary(
            classifier.labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return try folder.classes.map { entry in
            guard let place = places[entry.label] else {
                throw Failure(
                    "\(file): has no label '\(entry.label)' for the folder '\(entry.folder)'; name the classes with "
                        + "--labels as it does")
            }
            return place
        }
    }
}
