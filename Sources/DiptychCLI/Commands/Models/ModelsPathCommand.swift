import ArgumentParser
import Foundation

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
