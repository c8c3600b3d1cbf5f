import ArgumentParser
import Diptych
import DiptychTiles
import Foundation

struct TilesFitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit",
        abstract: "Fit a model's threshold and certainty to labelled sheets.",
        discussion: """
            Sheets are a folder with sheets.jsonl, as `diptych pictures --sheets` writes it. Prints the accuracy of whole sheets where \
            100, 90 and 80 % of them are answered, and saves tiles.json beside the model.

            Example: diptych pictures --sheets 20 --seed 3 --split train --output sheets && diptych tiles fit --sheets sheets --output tiles.json
            """)

    @OptionGroup var model: ModelArguments

    @Option(help: ArgumentHelp("The folder of labelled sheets.", valueName: "folder"))
    var sheets: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write (default: tiles.json beside the model).", valueName: "file"))
    var output: String?

    @Option(help: "The format of the report.")
    var format = EvaluationFormat.text

    func run() async throws {
        let sheets = try LabelledSheets(sheets)
        let model = try await self.model.loadDualEncoder()
        var labelled: [LabelledSheet] = []
        let progress = Progress("sheets", total: sheets.truths.count, isQuiet: self.model.quiet)
        defer { progress.end() }
        for start in stride(from: 0, to: sheets.truths.count, by: 32) {
            try Task.checkCancellation()
            for sheet in try sheets.sheets(start..<min(start + 32, sheets.truths.count)) {
                labelled.append(
                    try await LabelledSheets.labelled(
                        sheet, in: sheet.hasLayout ? sheet.layout ?? sheet.trueLayout : sheet.trueLayout, by: model))
            }
            progress.update(labelled.count)
        }
        progress.end()
        let calibration = try TileCalibration(fitting: labelled, fingerprint: await model.fingerprint())
        let path = output ?? TileCalibration.path(ofModelAt: model.path)
        try calibration.save(to: path)
        let coverage = [1, 0.9, 0.8].map { (share: $0, accuracy: calibration.accuracy(of: labelled, coverage: $0)) }
        if format == .json {
            let json: JSON = [
                "output": .string(path), "sheets": .int(labelled.count), "neutral": .float(calibration.neutral),
                "threshold": .float(calibration.threshold), "temperature": .float(calibration.temperature),
                "sure": .float(calibration.sure),
                "coverage": .array(
                    coverage.map { ["coverage": .double($0.share), "exact_sheets": .double($0.accuracy)] }),
            ]
            return try StandardOutput.line(json.text)
        }
        try StandardOutput.line(
            String(
                format: "neutral cosine %.4f, temperature %.2f, sure from %.4f, from %ld sheets; written: ",
                calibration.neutral, calibration.temperature, calibration.sure, labelled.count) + path)
        for (share, accuracy) in coverage {
            try StandardOutput.line(String(format: "exact sheets at coverage %3.0f %%: %.4f", share * 100, accuracy))
        }
    }
}
