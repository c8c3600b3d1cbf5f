public import ArgumentParser
import Diptych
import DiptychCuration
import DiptychDatasets
public import DiptychEvaluation
import Foundation

extension PublishedFigures.Benchmark: ExpressibleByArgument {}

/// The options of measurements that stand beside published figures.
struct BenchmarkArguments: ParsableArguments {
    @Option(
        help: """
            Show what Chinese-CLIP's authors published of this benchmark, and take its split where --split names none; the data are \
            your own files of it.
            """)
    var benchmark: PublishedFigures.Benchmark?

    @Flag(
        help: """
            First look in all splits for what makes figures worthless: tags glued to captions, images of one split in another, \
            captions without their image.
            """)
    var selfTest = false

    private static let kinds: [FindingKind] = [
        .gluedMarkup, .wrongEncoding, .duplicateAcrossSplits, .nearDuplicateAcrossSplits, .orphanImageID,
    ]

    /// The faults of a dataset that matter to its figures, which are said.
    func findings(_ data: EvaluationDataArguments, _ model: ModelArguments) async throws -> [Finding]? {
        guard selfTest else { return nil }
        data.remote.install()
        var options = CheckOptions()
        options.reading = try await DatasetSources(data.sources, data.options(DatasetNotes()), data.catalog)
            .readingStores()
            .named()
        options.images = model.images
        options.images.namesOptions = false
        options.threads = model.threads
        let report = try await DatasetCheck(data.sources, options: options).report()
        let found = report.findings.filter { Self.kinds.contains($0.kind) }
        for finding in found {
            Console.say("self-test: \(finding.kind.rawValue) × \(finding.count): \(finding.kind.cost)")
            finding.examples.prefix(3).forEach { Console.say("  \($0)") }
        }
        if found.isEmpty, !model.quiet { Console.say("self-test: nothing found") }
        return found
    }

    /// The members that a report has because of these options.
    func members(_ model: String?, _ findings: [Finding]?) -> [(String, JSON)] {
        var members: [(String, JSON)] = []
        if let findings {
            members.append(
                (
                    "self_test",
                    .array(
                        findings.map { finding in
                            [
                                "kind": .string(finding.kind.rawValue), "count": .int(finding.count),
                                "examples": .array(finding.examples.map { .string($0) }),
                            ]
                        })
                ))
        }
        guard let benchmark else { return members }
        func json(_ recalls: PublishedFigures.Recalls?) -> JSON {
            recalls.map { ["r1": .double($0.r1), "r5": .double($0.r5), "r10": .double($0.r10)] } ?? .null
        }
        let rows = PublishedFigures.of(benchmark).map { figures -> JSON in
            var row: [(String, JSON)] = [
                ("model", .string(figures.model)), ("is_this_model", .bool(model.map(figures.isOf) ?? false)),
            ]
            if let top1 = figures.top1 { row.append(("top1", .double(top1))) }
            if figures.textToImage != nil {
                row += [
                    ("text_to_image", json(figures.textToImage)),
                    ("text_to_image_tuned", json(figures.textToImageTuned)),
                    ("image_to_text", json(figures.imageToText)),
                    ("image_to_text_tuned", json(figures.imageToTextTuned)),
                ]
            }
            return .object(row)
        }
        members.append(("benchmark", .string(benchmark.rawValue)))
        members.append(("published", .array(rows)))
        return members
    }

    /// The published figures as lines, with a mark at the model's own.
    func text(_ model: String?) -> String? {
        guard let benchmark else { return nil }
        func list(_ recalls: PublishedFigures.Recalls?) -> String {
            Columns.left(recalls.map { String(format: "%.3f %.3f %.3f", $0.r1, $0.r5, $0.r10) } ?? "–", 19)
        }
        let isTop = benchmark == .imageNet
        var lines = [
            "", "published of \(benchmark.rawValue), \(benchmark.split)",
            isTop
                ? "  model         top-1"
                : "  model         text → image        after training      image → text        after training",
        ]
        for figures in PublishedFigures.of(benchmark) {
            let mark = model.map(figures.isOf) == true ? "* " : "  "
            let columns =
                isTop
                ? String(format: "%.3f", figures.top1 ?? .nan)
                : [figures.textToImage, figures.textToImageTuned, figures.imageToText, figures.imageToTextTuned].map(
                    list
                )
                .joined(separator: " ")
            lines.append(mark + Columns.left(figures.model, 13) + " " + columns)
        }
        return lines.joined(separator: "\n")
    }
}
