import ArgumentParser

struct EngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "The engines that models run on.",
        discussion: "Example: diptych engine list",
        subcommands: [EngineListCommand.self, EngineBuildCommand.self])
}
