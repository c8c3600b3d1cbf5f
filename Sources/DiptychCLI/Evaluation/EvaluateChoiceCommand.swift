import ArgumentParser
import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

struct EvaluateChoiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "choice",
        abstract: "Measure how often the right one of some texts is chosen for an image.",
        discussion: """
            Rows have an image, a list of texts in --choices, and in --label the place of the right one, from 0 or as a letter from A. \
            Several columns with commas between them are choices too. A text that is just as near as the right one counts as nearer. \
            --kind sugarcrepe: the columns caption and negative_caption, of which the first is right. --kind winoground: two images \
            and two captions, in the columns image_0, image_1, caption_0 and caption_1; counts how often both images are nearer to \
            their captions (text), both captions to their images (image), and both at once (group).

            Example: diptych pictures --count 20 --seed 7 --choices 4 --output held-out && diptych evaluate choice --data \
            held-out/choices.parquet --image filename --choices caption_choices --label label
            """)

    /// The forms of questions.
    enum Kind: String, ExpressibleByArgument, CaseIterable { case choice, winoground, sugarcrepe }

    @OptionGroup var model: ModelArguments

    @Option(help: ArgumentHelp("The dataset: a file, a folder, or a name of the catalog.", valueName: "source"))
    var data: String

    @Option(help: "The split that is measured (default: test, else valid, else the only one).")
    var split: String?

    @Option(help: "The form of the questions.")
    var kind = Kind.choice

    @Option(
        help: "The column of images (default: image, filename or another usual name; of winoground image_0,image_1).")
    var image: String?

    @Option(
        help:
            "The column with lists of texts, or columns of texts with commas between them (default: choices or caption_choices)."
    )
    var choices: String?

    @Option(help: "The column of the right text's place (default: label).")
    var label: String?

    @OptionGroup var source: SourceOptions
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var remote: RemoteArguments

    @Option(
        help: ArgumentHelp(
            "Write the figures and each question's outcome, for `diptych evaluate compare`.", valueName: "file"))
    var output: String?

    @Option(help: "The format of the report.")
    var format = EvaluationFormat.text

    func validate() throws {
        try SourceOptions.validate([data])
        if output?.isEmpty == true { throw ValidationError("--output is empty.") }
        guard kind == .choice || label == nil else {
            throw ValidationError("--label goes with --kind choice; the others have the right text at a fixed place.")
        }
        if kind == .winoground {
            guard image.map({ Self.names($0).count == 2 }) ?? true, choices.map({ Self.names($0).count == 2 }) ?? true
            else {
                throw ValidationError("winoground has two columns of images and two of captions.")
            }
        }
    }

    func run() async throws {
        let notes = DatasetNotes()
        try RetrievalFiles.check(outputs: [output])
        remote.install()
        var options = source.options(notes: notes)
        options.columns.caption = []
        let rows = try prepare(try await DatasetSources([data], options, catalog).readingStores())
        let model = try await self.model.loadDualEncoder()
        let fingerprint = await model.fingerprint()
        var skips = Skips()
        let run = ChoiceRun(rows: rows, model: model, images: self.model.images, isQuiet: self.model.quiet)
        let report = try await measure(run, origin((model.name, fingerprint)), &skips)
        try finish(report, notes, skips, of: rows.rows.count)
    }

    /// Reads what is there, before a model is loaded.
    // Inlined into an asynchronous function, it crashes the optimiser of Swift 6.3.
    @inline(never)
    private func prepare(_ sources: DatasetSources) throws -> NamedRows {
        if kind == .sugarcrepe, image == nil, choices == nil, let rows = NamedRows.nested(data) {
            return try NamedRows(rows, path: data, images: ["filename"])
        }
        let parts = try sources.splits()
        let part = try EvaluationDataArguments.chosen(parts, split, title: data).part
        let rows = try NamedRows(part, images: try imageColumns(of: part))
        try rows.check(textColumns(rows))
        if let labelColumn { try rows.check([labelColumn]) }
        guard rows.rows.count > 0 else { throw Failure("\(rows.path): has no rows") }
        return rows
    }

    /// The column of the right text's place; nil where it is always the first.
    private var labelColumn: String? { kind == .choice ? label ?? "label" : nil }

    private func origin(_ model: (String, String)) -> EvaluationOrigin {
        var origin = EvaluationOrigin()
        (origin.sources, origin.split) = ([EvaluationOrigin.absolute(data)], split)
        (origin.imageColumn, origin.textColumn) = (image, choices)
        origin.model = model
        return origin
    }

    @inline(never)
    private func finish(
        _ report: any EvaluationReport, _ notes: DatasetNotes, _ skips: Skips, of total: Int
    ) throws {
        if let output {
            try AtomicFile.write((report.file(skips.count).text + "\n").utf8, to: output, isDurable: false)
            if !model.quiet { Console.say("written: \(output)") }
        }
        try StandardOutput.line(format == .json ? report.json(skips.count).text : report.text)
        notes.report(isQuiet: model.quiet)
        try skips.end(of: total)
    }

    private func measure(
        _ run: ChoiceRun, _ origin: EvaluationOrigin, _ skips: inout Skips
    ) async throws -> any EvaluationReport {
        let texts = textColumns(run.rows)
        if kind == .winoground { return try await run.winoground(captions: texts, origin, &skips) }
        return try await run.choice(texts, label: labelColumn, origin, &skips)
    }

    /// Names with commas between them.
    static func names(_ list: String) -> [String] {
        list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private func imageColumns(of part: DatasetPart) throws -> [String] {
        if let image { return Self.names(image) }
        guard kind != .winoground else { return ["image_0", "image_1"] }
        return [Self.usualImage(try part.rows().columns)]
    }

    /// The column that holds images by its name.
    static func usualImage(_ columns: [DatasetColumn]) -> String {
        let names = columns.map(\.name)
        let usual = ColumnNames().image.map { $0.hasSuffix(".bytes") ? String($0.dropLast(6)) : $0 }
        return usual.first { name in names.contains { $0 == name || $0 == "\(name).bytes" } } ?? "image"
    }

    /// The columns of texts.
    private func textColumns(_ rows: NamedRows) -> [String] {
        if let choices { return Self.names(choices) }
        switch kind {
        case .winoground: return ["caption_0", "caption_1"]
        case .sugarcrepe: return ["caption", "negative_caption"]
        case .choice:
            let names = rows.rows.columns.map(\.name)
            return [["choices", "caption_choices"].first(where: names.contains) ?? "choices"]
        }
    }
}

/// What a measurement gives, for people and for programs.
protocol EvaluationReport {
    /// The figures.
    func json(_ skipped: Int) -> JSON
    /// The figures, what they were measured with, and each sample's outcome.
    func file(_ skipped: Int) -> JSON
    var text: String { get }
}
