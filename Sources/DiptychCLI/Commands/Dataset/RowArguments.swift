import ArgumentParser
import Diptych
import DiptychDatasets
import Foundation

/// The options of commands that print rows.
struct RowArguments: ParsableArguments {
    /// How rows are written.
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, jsonl, csv }

    @Option(help: "The columns to show, with commas between them (default: all).")
    var columns: String?

    @Option(parsing: .unconditional, help: "The most rows that are shown.")
    var limit: Int?

    @Option(help: "The format of rows.")
    var format = Format.text

    @Flag(help: "Show bytes and images of bytes as base64 (json, jsonl, csv).")
    var base64 = false

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit must be 0 or more, not \(limit).") }
    }

    /// Writes a dataset's rows.
    func print(_ rows: any Dataset, title: String, _ skips: inout Skips) throws {
        let shown = try chosen(rows.columns, title)
        var isEmpty = true
        var notFinite = 0
        let cells = RowCells(isBase64: base64)
        if format == .csv { try StandardOutput.line(shown.map(\.name).map(RowCells.quoted).joined(separator: ",")) }
        if format == .json {
            let types = shown.map {
                "{\"name\":\(JSON.string($0.name).text),\"type\":\(JSON.string("\($0.type)").text)}"
            }
            try StandardOutput.write(
                "{\"count\":\(rows.count),\"columns\":[\(types.joined(separator: ","))],\"rows\":[")
        }
        for index in 0..<min(rows.count, limit ?? .max) {
            let row: DatasetRecord
            do throws(DatasetError) { row = try rows.row(at: index) } catch {
                skips.add(error)
                continue
            }
            let values = shown.map { row[$0.name] ?? .null }
            if format != .text { notFinite += values.reduce(0) { $0 + $1.notFiniteCount } }
            switch format {
            case .text:
                let facts = zip(shown, values).filter { !$1.isNull }.map { "\($0.name)=\(cells.text($1).shown)" }
                try StandardOutput.line(facts.joined(separator: "  "))
            case .csv: try StandardOutput.line(values.map { RowCells.quoted(cells.field($0)) }.joined(separator: ","))
            case .json, .jsonl:
                let members = zip(shown, values).map { DiptychDatasets.JSONValue.Member($0.name, cells.json($1)) }
                let text = DiptychDatasets.JSONValue.object(members).text
                if format == .json {
                    try StandardOutput.write((isEmpty ? "" : ",") + text)
                } else {
                    try StandardOutput.line(text)
                }
            }
            isEmpty = false
        }
        if format == .json { try StandardOutput.write("]}\n") }
        if notFinite > 0 {
            let form = format == .csv ? "empty" : "null in JSON"
            Console.say(
                "note: \(title): \(notFinite) numbers that are not finite (inf, nan) are \(form); --format text shows them"
            )
        }
    }

    private func chosen(_ known: [DatasetColumn], _ title: String) throws -> [DatasetColumn] {
        guard let columns else { return known }
        return try columns.split(separator: ",").map { part in
            let name = part.trimmingCharacters(in: .whitespaces)
            guard let column = known.first(where: { $0.name == name }) else {
                let names = known.prefix(20).map(\.name).joined(separator: ", ")
                throw Failure("\(title): has no column '\(name)'; it has \(names)")
            }
            return column
        }
    }
}
