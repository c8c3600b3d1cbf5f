import ArgumentParser
import Diptych
import DiptychSearch
import Foundation

struct StoreMoveRootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move-root",
        abstract: "Tell a store that a folder of images lies elsewhere now.",
        discussion: """
            Items keep their ids, captions and attributes, and nothing is embedded again. A store that was moved together with \
            its images needs no telling.

            Example: diptych store move-root --store images.store /media/old/pictures /media/new/pictures
            """)

    @OptionGroup var arguments: StoreArguments

    @Argument(help: "The folder as the store knows it: its path, or its name in `store info`.")
    var old: String

    @Argument(help: "Where it lies now.")
    var new: String

    func validate() throws {
        if old.isEmpty || new.isEmpty { throw ValidationError("a folder is empty.") }
    }

    func run() async throws {
        let store = try await arguments.embedded(for: "told where its folders lie")
        let count = try await store.moveRoot(old, to: new)
        try StandardOutput.line(JSON.object([("moved", .int(count))]).text)
    }
}
