import Diptych
import ArgumentParser

/// How results are written: as text for people, whether they read it on a terminal or from a file, unless a program asks for
/// JSON.
enum ResultFormat: String, ExpressibleByArgument, CaseIterable {
    /// For people.
    case text
    /// One document.
    case json
    /// One document a line.
    case jsonl
}

/// The option of commands whose results are lists.
struct FormatArguments: ParsableArguments {
    @Option(help: "The format of results.")
    var format = ResultFormat.text

    var chosen: ResultFormat { format }
}

/// The options of commands that list files: as others, or just their paths for other programs.
struct PathFormatArguments: ParsableArguments {
    /// How files are listed.
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, jsonl, paths }

    @Option(help: "The format of results; paths: a path a line and nothing else.")
    var format = Format.text

    @Flag(
        name: [.customShort("0"), .customLong("null")],
        help: "End each path with a zero byte instead of a line end, as `xargs -0` reads them; with --format paths.")
    var null = false

    func validate() throws {
        guard !null || format == .paths else { throw ValidationError("--null goes with --format paths.") }
    }

    /// The format of a list that is more than paths; nil for paths.
    var chosen: ResultFormat? { ResultFormat(rawValue: format.rawValue) }

    /// Writes a path: as it is for programs, with what a terminal would obey escaped on one.
    func write(path: String) throws {
        try StandardOutput.write((StandardOutput.isTerminal ? path.shown : path) + (null ? "\0" : "\n"))
    }
}

/// Writes a list of results as they come, in any format and in constant memory.
struct ResultList {
    private let format: ResultFormat
    private let name: String
    private let header: String?
    private var isEmpty = true

    /// A list that is called `name` in JSON.
    ///
    /// - Parameter header: the names of the columns of text, shown on a terminal.
    init(_ format: ResultFormat, name: String = "results", header: String? = nil) {
        self.format = format
        self.name = name
        self.header = header
    }

    /// Writes one result.
    mutating func add(_ json: @autoclosure () -> JSON, text: @autoclosure () -> String) throws {
        switch format {
        case .text:
            if isEmpty, let header, StandardOutput.isTerminal { try StandardOutput.line(header) }
            try StandardOutput.line(text())
        case .jsonl: try StandardOutput.line(json().text)
        case .json: try StandardOutput.write((isEmpty ? opening : ",") + json().text)
        }
        isEmpty = false
    }

    /// Completes the list.
    ///
    /// - Parameter members: what a JSON document says besides the list.
    mutating func end(_ members: [(String, JSON)] = []) throws {
        guard format == .json else { return }
        let rest = members.map { ",\(JSON.string($0.0).text):\($0.1.text)" }.joined()
        try StandardOutput.write((isEmpty ? opening : "") + "]\(rest)}\n")
    }

    private var opening: String { "{" + JSON.string(name).text + ":[" }
}
