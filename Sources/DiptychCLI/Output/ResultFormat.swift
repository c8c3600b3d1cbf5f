import Diptych
import ArgumentParser

/// How results are written.
enum ResultFormat: String, ExpressibleByArgument, CaseIterable {
    /// For people.
    case text
    /// One document.
    case json
    /// One document a line.
    case jsonl

    /// Text for a person at a terminal, JSON for a program.
    static var preferred: ResultFormat { StandardOutput.isTerminal ? .text : .json }
}

/// The option of commands whose results are lists.
struct FormatArguments: ParsableArguments {
    @Option(help: "text, json or jsonl (default: text on a terminal, json otherwise).")
    var format: ResultFormat?

    var chosen: ResultFormat { format ?? .preferred }
}

/// Writes a list of results as they come, in any format and in constant memory.
struct ResultList {
    private let format: ResultFormat
    private let name: String
    private var isEmpty = true

    /// A list that is called `name` in JSON.
    init(_ format: ResultFormat, name: String = "results") {
        self.format = format
        self.name = name
    }

    /// Writes one result.
    mutating func add(_ json: @autoclosure () -> JSON, text: @autoclosure () -> String) throws {
        switch format {
        case .text: try StandardOutput.line(text())
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
