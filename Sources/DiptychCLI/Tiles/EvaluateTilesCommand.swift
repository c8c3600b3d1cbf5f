import ArgumentParser
import Diptych
import DiptychEvaluation
import DiptychReading
import DiptychSamples
import DiptychTiles
import Foundation

struct EvaluateTilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiles",
        abstract: "Measure layouts, choices and certainty on sheets of tiles.",
        discussion: """
            Sheets are a folder with sheets.jsonl, as `diptych pictures --sheets` writes it. For each degree of difficulty: the share of \
            layouts that are right (rows, columns, and each tile sharing 80 % of its area with the true one), of tiles that are decided \
            right, and of sheets where everything is; intervals of 95 %. A sheet without its layout has no tile right.

            Example: diptych pictures --sheets 10 --seed 7 --output sheets && diptych evaluate tiles --sheets sheets
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var choice: TileChoiceArguments

    @Option(help: ArgumentHelp("The folder of sheets.", valueName: "folder"))
    var sheets: String

    @Flag(name: .customLong("read"), help: "Also read each sheet's instruction, and count whose words are read right.")
    var reads = false

    @Option(help: "The format of the report.")
    var format = EvaluationFormat.text

    /// What came of a sheet.
    private struct Outcome {
        let degree: SheetDegree
        let hasLayout: Bool
        let rightTiles: Double
        let isExact: Bool
        let isUnsure: Bool
        let confidence: Float
        let isRead: Bool?
        let layoutSeconds: Double
        let choiceSeconds: Double
    }

    func run() async throws {
        let sheets = try LabelledSheets(sheets)
        let reader: TesseractReader? = reads ? try TesseractReader() : nil
        let model = try await self.model.loadDualEncoder()
        let options = try await choice.options(for: model, isQuiet: self.model.quiet)
        var outcomes: [Outcome] = []
        let progress = Progress("sheets", total: sheets.truths.count, isQuiet: self.model.quiet)
        defer { progress.end() }
        for start in stride(from: 0, to: sheets.truths.count, by: 32) {
            try Task.checkCancellation()
            for sheet in try sheets.sheets(start..<min(start + 32, sheets.truths.count)) {
                outcomes.append(try await outcome(sheet, model, options, reader))
            }
            progress.update(outcomes.count)
        }
        progress.end()
        try report(outcomes, model)
    }

    private func outcome(
        _ sheet: LabelledSheets.Sheet, _ model: any DualEncoder, _ options: TileOptions, _ reader: TesseractReader?
    ) async throws -> Outcome {
        let truth = sheet.truth
        let begin = ContinuousClock.now
        let chooser = try await TileChooser(words: truth.words, by: model, options: options)
        var answer: TileAnswer?
        if let layout = sheet.layout { answer = try await chooser.answer(to: sheet.image, layout: layout, by: model) }
        let time = (ContinuousClock.now - begin) / .seconds(1)
        var right = 0.0
        if sheet.hasLayout, let decision = answer?.decision {
            var (count, all) = (0, 0)
            for (word, matches) in decision.matches.enumerated() {
                for tile in truth.boxes.indices {
                    all += 1
                    if matches.contains(tile) == truth.matches[word].contains(tile + 1) { count += 1 }
                }
            }
            right = Double(count) / Double(max(1, all))
        }
        var isRead: Bool?
        if let reader, truth.instruction != nil {
            isRead = false
            if let layout = sheet.layout {
                let words = try SheetInstruction(of: sheet.image, layout: layout, by: reader).words
                isRead = words == truth.words
            }
        }
        return Outcome(
            degree: truth.degree, hasLayout: sheet.hasLayout, rightTiles: right, isExact: right == 1,
            isUnsure: answer?.reason != nil || answer == nil, confidence: answer?.decision?.confidence ?? 0,
            isRead: isRead, layoutSeconds: sheet.layoutSeconds, choiceSeconds: time)
    }

    private func report(_ outcomes: [Outcome], _ model: any Embedder) throws {
        let groups: [(name: String, outcomes: [Outcome])] =
            SheetDegree.allCases.map { degree in (degree.rawValue, outcomes.filter { $0.degree == degree }) }
            .filter { !$0.outcomes.isEmpty } + [("all", outcomes)]
        // The most certain nine and eight tenths.
        let sorted = outcomes.sorted { $0.confidence > $1.confidence }
        let coverage = [1, 0.9, 0.8].map { share -> (Double, Double) in
            let count = max(1, Int((Double(sorted.count) * share).rounded()))
            return (share, Double(sorted.prefix(count).count { $0.isExact }) / Double(count))
        }
        let layoutTime = outcomes.reduce(0) { $0 + $1.layoutSeconds } / Double(outcomes.count) * 1000
        let choiceTime = outcomes.reduce(0) { $0 + $1.choiceSeconds } / Double(outcomes.count) * 1000
        let read = outcomes.compactMap(\.isRead)
        if format == .json {
            var members: [(String, JSON)] = [("model", .string(model.name)), ("sheets", .int(outcomes.count))]
            for (name, group) in groups { members.append((name, .object(Self.members(group)))) }
            members.append(
                (
                    "coverage", .array(coverage.map { ["coverage": .double($0), "exact_sheets": .double($1)] })
                ))
            members.append(("unsure", .double(Self.share(outcomes) { $0.isUnsure })))
            if !read.isEmpty {
                members.append(("read", .double(Double(read.count { $0 }) / Double(read.count))))
            }
            members.append(("layout_milliseconds", .double(layoutTime)))
            members.append(("choice_milliseconds", .double(choiceTime)))
            return try StandardOutput.line(JSON.object(members).text)
        }
        try StandardOutput.line("                 sheets   layout   tiles    exact    95 % interval of exact")
        for (name, group) in groups {
            let interval = Self.interval(group.map { $0.isExact ? 1 : 0 })
            try StandardOutput.line(
                Columns.left(name, 16)
                    + String(
                        format: " %6ld   %.4f   %.4f   %.4f   %.4f to %.4f", group.count,
                        Self.share(group) { $0.hasLayout },
                        group.reduce(0) { $0 + $1.rightTiles } / Double(group.count), Self.share(group) { $0.isExact },
                        interval?.low ?? 0, interval?.high ?? 1))
        }
        for (share, accuracy) in coverage {
            try StandardOutput.line(String(format: "exact sheets at coverage %3.0f %%: %.4f", share * 100, accuracy))
        }
        try StandardOutput.line(String(format: "unsure: %.4f of sheets", Self.share(outcomes) { $0.isUnsure }))
        if !read.isEmpty {
            let share = Double(read.count { $0 }) / Double(read.count)
            try StandardOutput.line(
                String(format: "words read as they are written: %.4f of %ld sheets", share, read.count))
        }
        try StandardOutput.line(String(format: "layout %.1f ms, choice %.1f ms a sheet", layoutTime, choiceTime))
    }

    private static func share(_ outcomes: [Outcome], _ holds: (Outcome) -> Bool) -> Double {
        Double(outcomes.count(where: holds)) / Double(max(1, outcomes.count))
    }

    private static func interval(_ values: [Double]) -> Interval? {
        ClusterBootstrap.intervals(of: [values], bounds: 0...1, clusters: Array(values.indices), seed: 1)?.first
    }

    private static func members(_ group: [Outcome]) -> [(String, JSON)] {
        [
            ("sheets", .int(group.count)), ("layout", .double(share(group) { $0.hasLayout })),
            ("tiles", .double(group.reduce(0) { $0 + $1.rightTiles } / Double(group.count))),
            ("exact", .double(share(group) { $0.isExact })),
            ("interval_exact", .interval(interval(group.map { $0.isExact ? 1 : 0 }))),
        ]
    }
}
