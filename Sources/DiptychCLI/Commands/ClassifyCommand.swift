import ArgumentParser
import Diptych
import Foundation

struct ClassifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Label pictures with labels of your own, without training.",
        discussion: """
            The probability of a label is the softmax of logit scale × cosine over all labels. Several templates are \
            ensembled. Without --template and --templates, it is chinese where a label has Chinese characters, otherwise \
            openai.

            Example: diptych classify --label "red circle" --label "blue square" picture.jpg
            """)

    /// The sets of templates.
    enum Templates: String, ExpressibleByArgument, CaseIterable {
        case openai, chinese, none
    }

    @OptionGroup var model: ModelArguments
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var formatting: FormatArguments

    @Option(name: .customLong("label"), parsing: .unconditionalSingleValue, help: "A label.")
    var labels: [String] = []

    @Option(name: .customLong("labels"), help: ArgumentHelp("A file with one label a line.", valueName: "file"))
    var labelsFile: String?

    @Option(
        name: .customLong("template"), parsing: .unconditionalSingleValue,
        help: #"A sentence with {} where the label goes, such as "a photo of a {}.""#)
    var sentences: [String] = []

    @Option(help: "openai, chinese, or none for labels as they are.")
    var templates: Templates?

    @Option(help: "The most labels to show for each picture.")
    var top: Int?

    @Argument(help: "Pictures, directories of them, URLs, data URIs, or - for bytes on standard input.")
    var images: [String]

    func validate() throws {
        guard !labels.isEmpty || labelsFile != nil else {
            throw ValidationError("there are no labels: give --label or --labels.")
        }
        if labels.contains(where: { $0.allSatisfy(\.isWhitespace) }) { throw ValidationError("--label: empty text.") }
        guard sentences.isEmpty || templates == nil else {
            throw ValidationError("give either --template or --templates.")
        }
        for sentence in sentences where !sentence.contains("{}") {
            throw ValidationError("--template \"\(sentence)\" has no {} where the label goes.")
        }
        if let top, top < 1 { throw ValidationError("--top must be at least 1, not \(top).") }
        try PictureArgument.validate(images.map { .picture($0) })
    }

    func run() async throws {
        let labels = try self.labels + fileLabels()
        guard !labels.isEmpty else { throw Failure("\(labelsFile ?? ""): holds no labels; give one a line") }
        let model = try await model.load()
        let classifier = try await model.classifier(labels: labels, templates: chosenTemplates(for: labels))
        let progress = Progress("classifying", total: nil, isQuiet: self.model.quiet)
        defer { progress.end() }
        var (done, skips) = (0, Skips())
        var list = ResultList(formatting.chosen)
        try await PictureRun(model, self.model.pictures, fetching.options).each(
            PictureInputs(images.map { .picture($0) }),
            afterBatch: {
                if formatting.chosen != .json { try StandardOutput.flush() }
                progress.update(done)
            },
            { name, result in
                done += 1
                switch result {
                case .failure(let error): skips.add(name, error)
                case .success(let embedding):
                    let predictions = classifier.predictions(for: embedding).prefix(top ?? labels.count)
                    try list.add(Self.json(name, predictions), text: Self.text(name, predictions))
                }
            })
        progress.end()
        try list.end()
        try skips.end(of: done)
    }

    private static func json(_ name: String, _ predictions: ArraySlice<Classifier.Prediction>) -> JSON {
        [
            "input": .string(name),
            "predictions": .array(
                predictions.map {
                    [
                        "label": .string($0.label), "probability": .float($0.probability),
                        "similarity": .float($0.similarity),
                    ]
                }),
        ]
    }

    private static func text(_ name: String, _ predictions: ArraySlice<Classifier.Prediction>) -> String {
        ([name]
            + predictions.map {
                "\(Columns.score($0.probability))  \($0.label)  (similarity \(Columns.score($0.similarity)))"
            }).joined(separator: "\n")
    }

    private func fileLabels() throws -> [String] {
        guard let labelsFile else { return [] }
        let reader = try LineReader(path: labelsFile)
        let labels = reader.filter { !$0.allSatisfy(\.isWhitespace) }
        if let failure = reader.failure { throw failure }
        return labels
    }

    private func chosenTemplates(for labels: [String]) -> PromptTemplates {
        if !sentences.isEmpty { return .custom(sentences) }
        let isChinese = labels.contains { $0.unicodeScalars.contains(where: \.properties.isIdeographic) }
        let chosen = templates ?? (isChinese ? .chinese : .openai)
        if templates == nil, !model.quiet {
            Console.say("templates: \(chosen.rawValue) (--templates or --template choose others)")
        }
        return switch chosen {
        case .openai: .openAI
        case .chinese: .chinese
        case .none: .none
        }
    }
}
