import ArgumentParser

struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Known models: download them, check them, and see what a checkpoint holds.",
        discussion: "Example: diptych models list",
        subcommands: [
            ModelsListCommand.self, ModelsPullCommand.self, ModelsVerifyCommand.self, ModelsInspectCommand.self,
            ModelsPathCommand.self, ModelsConvertCommand.self, ModelsInterpolateCommand.self,
        ])
}
