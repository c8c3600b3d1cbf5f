import ArgumentParser
import Foundation

struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Known models, and what a checkpoint holds.",
        discussion: "Example: diptych models list",
        subcommands: [ModelsListCommand.self, ModelsInspectCommand.self, ModelsPathCommand.self])
}

struct ModelsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the models that have a name.",
        discussion: """
            Any other Hugging Face CLIP directory is given by its path.

            Example: diptych models list
            """)

    @OptionGroup var formatting: FormatArguments

    func run() async throws {
        var list = ResultList(formatting.chosen, name: "models")
        let path = try? DemoModel.path()
        try list.add(
            [
                "name": .string(ModelLocation.demo), "path": path.map(JSON.string) ?? .null,
                "installed": .bool(path != nil),
            ], text: "\(Columns.left(ModelLocation.demo, 8)) \(path ?? "not installed")")
        try list.end()
        if formatting.chosen == .text {
            Console.say(
                "--model also takes the path of a directory with config.json, model.safetensors and a tokeniser")
        }
    }
}

struct ModelsPathCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path",
        abstract: "Print the directory of a model.",
        discussion: """
            Without a name, that of the model which other commands use by default.

            Example: diptych models path
            """)

    @Argument(help: "A name or a directory.")
    var name: String?

    func run() async throws {
        let location = try ModelLocation(name)
        guard FileManager.default.fileExists(atPath: location.path) else {
            throw Failure("\(location.path): no such model directory; `diptych models list` shows the known names")
        }
        try StandardOutput.line(URL(fileURLWithPath: location.path).standardizedFileURL.path)
    }
}
