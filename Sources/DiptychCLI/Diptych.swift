import ArgumentParser

/// The root of the command line: every capability is one subcommand, in a file of its own.
@main
struct DiptychCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diptych",
        abstract: "Image-text intelligence: embed, search, compare and label pictures with CLIP-family models.",
        subcommands: [PicturesCommand.self])
}
