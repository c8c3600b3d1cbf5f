import ArgumentParser
import Diptych
import DiptychBasics
import DiptychCuration
import DiptychDatasets

struct DatasetStatisticsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics",
        abstract: "Count what a dataset holds, and write a report.",
        discussion: """
            Images and texts by split, file sizes, formats, dimensions, lengths of texts in characters and tokens, scripts, \
            labels; with --model the similarity of texts and their images, with the worst and best pairs. The report is one \
            HTML file that needs no network.

            Example: diptych dataset statistics images
            """)

    @OptionGroup var inspection: InspectionArguments

    @Option(help: ArgumentHelp("Write an HTML page with plots and thumbnails.", valueName: "file"))
    var report: String?

    func validate() throws {
        if report == "" { throw ValidationError("--report names the file to write.") }
    }

    func run() async throws {
        let notes = DatasetNotes()
        let options = try await inspection.options(notes: notes)
        let isQuiet = inspection.model.quiet
        let embedder = try await inspection.embedder()
        let progress = Progress("counting", total: nil, isQuiet: isQuiet)
        let statistics = try await DatasetSurvey(inspection.sources, options: options).statistics(
            model: embedder, hasThumbnails: report != nil, progress: progress.update)
        progress.end()
        if let report {
            try AtomicFile.write(statistics.html.utf8, to: report, isDurable: false)
            if !isQuiet { Console.say("report: \(report)") }
        }
        switch inspection.format {
        case .json: try StandardOutput.line(statistics.json.text)
        case .text: try write(statistics)
        }
        notes.report(isQuiet: isQuiet)
        let broken = statistics.splits.reduce(0) { $0 + $1.brokenImages }
        guard broken == 0 else {
            Console.say("images that cannot be read: \(broken); `diptych dataset check` says which")
            throw ExitStatus.skippedInputs
        }
    }

    private func write(_ statistics: DatasetStatistics) throws {
        for split in statistics.splits {
            let broken = split.brokenImages > 0 ? " (\(split.brokenImages) not readable)" : ""
            try StandardOutput.line(
                "\(split.name.map { "\($0.shown): " } ?? "")\(Columns.counted(split.images, "image"))\(broken), "
                    + "\(Columns.counted(split.texts, "text")), \(Columns.bytes(split.bytes))"
            )
        }
        let distributions = [
            ("width", statistics.widths), ("height", statistics.heights), ("file bytes", statistics.fileSizes),
            ("characters of a text", statistics.characters),
            (statistics.areTokensExact ? "tokens of a text" : "tokens of a text, at least", statistics.tokens),
            ("texts of an image", statistics.textsPerImage), ("images of a text", statistics.imagesPerText),
            ("cosine of text and image", statistics.similarities),
        ]
        for case (let name, let values?) in distributions where values.count > 0 {
            func text(_ value: Double) -> String {
                value == value.rounded() && abs(value) < 1e15
                    ? String(Int64(value)) : String((value * 1000).rounded() / 1000)
            }
            try StandardOutput.line(
                "\(name): \(text(values.minimum)) to \(text(values.maximum)), median \(text(values.median)), mean \(text(values.mean)), "
                    + "95 of 100 up to \(text(values.percentile95))")
        }
        let names =
            [("formats", statistics.formats), ("scripts", statistics.scripts)]
            + statistics.labels.map { ($0.column, $0.classes) }
        for (name, counts) in names where !counts.isEmpty {
            let list = counts.prefix(10).map { "\($0.name.shown) \($0.count)" }.joined(separator: ", ")
            try StandardOutput.line("\(name): \(list)\(counts.count > 10 ? " and \(counts.count - 10) more" : "")")
        }
        if statistics.longTexts > 0 {
            try StandardOutput.line("longer than the model reads: \(statistics.longTexts) texts")
        }
        for (name, pairs) in [("worst", statistics.worst), ("best", statistics.best)] {
            for pair in pairs {
                try StandardOutput.line(
                    "\(name): \(Columns.score(pair.similarity))  \(pair.image.shown)  \(pair.text.shown)")
            }
        }
    }
}
