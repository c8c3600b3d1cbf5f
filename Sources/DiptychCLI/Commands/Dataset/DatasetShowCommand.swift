import ArgumentParser
import Diptych
import DiptychDatasets
import Foundation

struct DatasetShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the rows of a dataset.",
        discussion: """
            The format is found by looking: folders of images, Chinese-CLIP's files and LMDB, WebDataset shards, CSV, TSV, \
            JSON, Parquet, clip-retrieval's folders, here or at s3://, gs:// and http(s)://. Images are shown by their path, or by format and size.

            Example: diptych dataset show images --limit 3
            """)

    /// How rows are written.
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, jsonl, csv }

    @Argument(
        help: ArgumentHelp("A file, a folder, a URL, or a pattern such as shards-{000..009}.tar.", valueName: "source"))
    var sources: [String]

    @Option(help: "The columns to show, with commas between them (default: all).")
    var columns: String?

    @Option(parsing: .unconditional, help: "The most rows that are shown.")
    var limit: Int?

    @Option(help: "The format of rows.")
    var format = Format.text

    @Flag(help: "Show bytes and images of bytes as base64 (json, jsonl, csv).")
    var base64 = false

    @Option(name: .customLong("where"), help: .hidden)
    var condition: String?

    @OptionGroup var source: SourceOptions
    @OptionGroup var remote: RemoteArguments

    @Flag(help: "Leave out notes on standard error.")
    var quiet = false

    func validate() throws {
        try SourceOptions.validate(sources)
        if condition != nil {
            throw ValidationError("--where is not available yet; filter the output of --format jsonl.")
        }
        if let limit, limit < 0 { throw ValidationError("--limit must be 0 or more, not \(limit).") }
    }

    func run() throws {
        let notes = DatasetNotes()
        remote.install()
        let rows = try DatasetFiles.open(sources, options: source.options(notes: notes))
        let shown = try chosen(rows.columns)
        var skips = Skips()
        var isEmpty = true
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
        if rows.count == 0 { Console.say("note: \(sources.joined(separator: " ")): no rows and no images were found") }
        notes.report(isQuiet: quiet)
        try skips.end(of: rows.count)
    }

    private func chosen(_ known: [DatasetColumn]) throws -> [DatasetColumn] {
        guard let columns else { return known }
        return try columns.split(separator: ",").map { part in
            let name = part.trimmingCharacters(in: .whitespaces)
            guard let column = known.first(where: { $0.name == name }) else {
                let names = known.prefix(20).map(\.name).joined(separator: ", ")
                throw Failure("\(sources.joined(separator: " ")): has no column '\(name)'; it has \(names)")
            }
            return column
        }
    }
}

/// Values of rows as they are shown.
struct RowCells {
    /// Whether bytes are written as base64 instead of by their number.
    let isBase64: Bool

    /// A value for people.
    func text(_ value: DatasetValue) -> String {
        switch value {
        case .bytes(let bytes): "<\(bytes.count) bytes>"
        case .image(.bytes(let bytes)): "<\(ImageFileKind.name(of: bytes)), \(bytes.count) bytes>"
        case .image(.part(let part)): "<\(part.count) bytes at \(part.offset) of \(part.path)>"
        case .image(.file(let path)), .image(.url(let path)), .text(let path): path
        case .floats(let values) where values.count > 8: "<\(values.count) floats>"
        default: value.json?.text ?? ""
        }
    }

    /// A value as JSON.
    func json(_ value: DatasetValue) -> DiptychDatasets.JSONValue {
        switch value {
        case .bytes(let bytes):
            isBase64
                ? .string(Data(bytes).base64EncodedString()) : .object([.init("bytes", .int(Int64(bytes.count)))])
        case .image(.bytes(let bytes)):
            isBase64
                ? .string(Data(bytes).base64EncodedString())
                : .object([
                    .init("format", .string(ImageFileKind.name(of: bytes))), .init("bytes", .int(Int64(bytes.count))),
                ])
        case .image(.part(let part)):
            isBase64
                ? .string((try? Data(part.read()).base64EncodedString()) ?? "")
                : .object([
                    .init("path", .string(part.path)), .init("offset", .int(Int64(part.offset))),
                    .init("bytes", .int(Int64(part.count))),
                ])
        case .list(let values): .array(values.map(json))
        case .structure(let members): .object(members.map { .init($0.name, json($0.value)) })
        default: value.json ?? .null
        }
    }

    /// A value as a field of CSV.
    func field(_ value: DatasetValue) -> String {
        switch json(value) {
        case .null: ""
        case .string(let text): text
        case let other: other.text
        }
    }

    /// A field with quotes where it needs them (RFC 4180).
    static func quoted(_ field: String) -> String {
        field.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
            ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }
}
