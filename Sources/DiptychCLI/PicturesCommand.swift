import ArgumentParser

struct PicturesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pictures", abstract: "Draw sample pictures with English and Chinese captions.")
}
