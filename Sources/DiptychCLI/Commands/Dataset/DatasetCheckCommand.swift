import ArgumentParser
import Diptych
import DiptychCuration
import DiptychDatasets

struct DatasetCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find the faults of a dataset, and write a copy without them.",
        discussion: """
            Broken and truncated base64 and images, ids that stand twice or for nothing, empty, long and repeated texts, \
            markup, wrong encodings, labels out of range, copies within and across splits, counts of an LMDB that lie: how many, \
            where, and what each costs. With --model, near duplicates by embedding and lengths by its tokenizer. The status is 3 \
            where anything was found.

            Example: diptych dataset check images
            """)

    @OptionGroup var inspection: InspectionArguments

    @Option(
        help: ArgumentHelp("Write a copy without the faults, and changes.jsonl, to this folder.", valueName: "folder"))
    var repair: String?

    @Option(
        name: .customLong("near-duplicates"),
        help: ArgumentHelp(
            "The cosine of near duplicates, with --model; 0 looks for none.", valueName: "cosine"))
    var nearDuplicates: Float = 0.97

    @Option(help: ArgumentHelp("The number of classes of labels that are numbers.", valueName: "count"))
    var classes: Int?

    @Option(help: "The most examples of a fault.")
    var examples = 10

    func validate() throws {
        guard nearDuplicates >= 0, nearDuplicates <= 1 else {
            throw ValidationError("--near-duplicates must be 0 to 1, not \(nearDuplicates).")
        }
        if let classes, classes < 1 { throw ValidationError("--classes must be 1 or more, not \(classes).") }
        guard examples >= 0 else { throw ValidationError("--examples must be 0 or more, not \(examples).") }
        if repair == "" { throw ValidationError("--repair names the folder to write to.") }
    }

    func run() async throws {
        let notes = DatasetNotes()
        var options = try await inspection.options(notes: notes)
        let isQuiet = inspection.model.quiet
        (options.nearDuplicates, options.classCount, options.exampleLimit) = (nearDuplicates, classes, examples)
        let embedder = try await inspection.embedder()
        let progress = Progress("checking", total: nil, isQuiet: isQuiet)
        let check = DatasetCheck(inspection.sources, options: options)
        var summary: RepairSummary?
        let report: CheckReport
        if let repair {
            let (found, written) = try await check.repair(to: repair, model: embedder, progress: progress.update)
            (report, summary) = (found, written)
        } else {
            report = try await check.report(model: embedder, progress: progress.update)
        }
        progress.end()
        switch inspection.format {
        case .json: try StandardOutput.line(report.json.text)
        case .text: try write(report)
        }
        notes.report(isQuiet: isQuiet)
        if let summary, let repair, !isQuiet {
            Console.say(
                "\(repair): \(Columns.counted(summary.images, "image")) and \(Columns.counted(summary.texts, "text")); \(summary.leftOut) left out, \(summary.changed) changed "
                    + "(changes.jsonl)")
        }
        if !report.isClean { throw ExitStatus.skippedInputs }
    }

    private func write(_ report: CheckReport) throws {
        for finding in report.findings {
            try StandardOutput.line("\(finding.kind.severity.rawValue): \(finding.kind.rawValue): \(finding.count)")
            try StandardOutput.line("    \(finding.kind.cost)")
            for example in finding.examples { try StandardOutput.line("    - \(example.shown)") }
            let more = finding.count - finding.examples.count
            if more > 0, !finding.examples.isEmpty { try StandardOutput.line("    - and \(more) more") }
        }
        let counts = report.splits.map { split in
            "\(split.name.map { "\($0.shown): " } ?? "")\(Columns.counted(split.images, "image")), "
                + Columns.counted(split.texts, "text")
        }
        let kinds = report.findings.count == 1 ? "1 kind of fault" : "\(report.findings.count) kinds of faults"
        let verdict =
            report.isClean ? "no faults found" : "\(kinds), \(report.findings.reduce(0) { $0 + $1.count }) in all"
        try StandardOutput.line("\(counts.isEmpty ? "nothing to check" : counts.joined(separator: "; ")): \(verdict)")
    }
}
