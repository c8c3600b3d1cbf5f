import ArgumentParser

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a model in another format.",
        discussion: "Example: diptych export onnx --output exported",
        subcommands: [ExportONNXCommand.self])
}
