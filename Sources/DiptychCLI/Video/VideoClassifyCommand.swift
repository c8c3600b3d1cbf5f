import ArgumentParser
import Diptych
import DiptychDatasets

struct VideoClassifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Label videos with texts of your own, without training.",
        discussion: """
            Texts are used as they are given unless a template is named. The probability of a text is the softmax of logit \
            scale × cosine over all of them; ViCLIP's scale is 100.

            Example: diptych video classify holiday.mp4 --label "a dog jumps into a lake" --label "a dog sleeps"
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var choice: VideoEmbeddingArguments
    @OptionGroup var reading: VideoArguments
    @OptionGroup var formatting: FormatArguments

    @Option(name: .customLong("label"), parsing: .unconditionalSingleValue, help: "A text.")
    var labels: [String] = []

    @Option(name: .customLong("labels"), help: ArgumentHelp("A file with one text a line.", valueName: "file"))
    var labelsFile: String?

    @OptionGroup var templates: TemplateArguments

    @Option(parsing: .unconditional, help: "The most texts to show for each video (default: 5).")
    var top = 5

    @Argument(help: ArgumentHelp("Files, URLs, or - for bytes on standard input.", valueName: "videos"))
    var videos: [String]

    func validate() throws {
        try VideoInput.validate(videos)
        if labels.isEmpty, labelsFile == nil { throw ValidationError("there are no labels: give --label or --labels.") }
        if labels.contains(where: { $0.allSatisfy(\.isWhitespace) }) { throw ValidationError("--label: empty text.") }
        if top < 1 { throw ValidationError("--top must be at least 1, not \(top).") }
    }

    func run() async throws {
        let labels = try labels + (labelsFile.map(TextFile.labels) ?? [])
        if Set(labels).count < labels.count { throw Failure("a label is given twice; each competes once") }
        let templates = templates.areGiven ? try templates.chosen(for: labels, isQuiet: true) : .none
        let model = try await model.loadDualEncoder()
        let classifier = try await model.classifier(labels: labels, templates: templates, isQuiet: self.model.quiet)
        var (list, skips) = (ResultList(formatting.chosen), Skips())
        for video in videos {
            do {
                let (embedding, damage) = try await choice.embedding(
                    of: VideoInput(name: video), model, reading.options)
                if let damage { Console.say("\(video.shown): not all of it can be read: \(damage)") }
                let predictions = classifier.predictions(for: embedding, top: top)
                let lines = predictions.map {
                    "\(Columns.score($0.probability))  \($0.label.shown)  (similarity \(Columns.score($0.similarity)))"
                }
                try list.add(
                    ["input": .string(video), "predictions": .array(predictions.map(\.json))],
                    text: ([video.shown] + lines).joined(separator: "\n"))
            } catch let error as CancellationError { throw error } catch { skips.add(video, error) }
        }
        try list.end()
        try skips.end(of: videos.count)
    }
}
