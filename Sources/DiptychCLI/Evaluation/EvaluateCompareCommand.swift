import ArgumentParser
import Diptych
import DiptychDatasets
import Foundation

struct EvaluateCompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Say whether one model does better than another on the same data.",
        discussion: """
            Takes two files that measurements wrote with --output and says of the second: better, worse or undecided, by a paired \
            test at 5 %, with the smallest difference that could have been told. Questions and images that are right or wrong by \
            themselves are tested with McNemar's exact test; texts of one image hang together, and whole images are drawn again. \
            Results of different data are refused.

            Example: diptych pictures --count 40 --seed 7 --output held-out && diptych evaluate retrieval --data \
            held-out/captions.jsonl --text-column caption_en --output a.json && diptych evaluate retrieval --precision bf16 --data \
            held-out/captions.jsonl --text-column caption_en --output b.json && diptych evaluate compare a.json b.json
            """)

    @Argument(help: ArgumentHelp("The results of the first model.", valueName: "a.json")) var first: String
    @Argument(help: ArgumentHelp("The results of the second.", valueName: "b.json")) var second: String

    @Option(help: ArgumentHelp("Write an HTML page with the images of the largest changes.", valueName: "file"))
    var report: String?

    @Option(parsing: .unconditional, help: "What the draws follow from.")
    var seed: UInt64 = 0

    @Option(help: "The format of the result.")
    var format = EvaluationFormat.text

    @OptionGroup var source: SourceOptions
    @OptionGroup var catalog: CatalogArguments
    @OptionGroup var remote: RemoteArguments

    @Flag(help: "No notices on standard error.") var quiet = false

    private static let shown = 12

    func validate() throws {
        if report?.isEmpty == true { throw ValidationError("--report names the file to write.") }
    }

    func run() async throws {
        try RetrievalFiles.check(outputs: [report])
        remote.install()
        let comparison = try EvaluationComparison(EvaluationFile(first), EvaluationFile(second), seed: seed)
        if let report {
            let changes = comparison.changes(Self.shown)
            let images = SampleImages(comparison.first, source, catalog)
            var thumbnails: [String: String] = [:]
            do {
                thumbnails = try await images.thumbnails((changes.better + changes.worse).compactMap(\.sample.image))
            } catch let error as CancellationError { throw error } catch {
                Console.say("note: the report has no images: \(Failure.describe(error))")
            }
            let page = ComparisonPage(comparison, better: changes.better, worse: changes.worse, thumbnails: thumbnails)
            try AtomicFile.write(page.html.utf8, to: report, isDurable: false)
            if !quiet { Console.say("report: \(report)") }
        }
        try StandardOutput.line(format == .json ? comparison.json.text : comparison.text)
    }
}
