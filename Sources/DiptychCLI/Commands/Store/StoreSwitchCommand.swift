import ArgumentParser
import Diptych
import DiptychSearch
import Foundation

struct StoreSwitchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switch",
        abstract: "Make the embeddings of another model those that a store is searched by.",
        discussion: """
            A server that is running stays with the model that it was started with.

            Example: diptych store switch --store images.store ViT-L-14
            """)

    @OptionGroup var arguments: StoreArguments

    @Argument(help: "The space, by its name or number in `store info`.")
    var space: String

    @Flag(help: "Also where parts have no embedding in it yet; they will not be found.")
    var partial = false

    func run() async throws {
        let store = try await arguments.open()
        let space = try await store.switchSpace(to: space, acceptsGaps: partial)
        try StandardOutput.line(JSON.object([("current", .string(space.name))]).text)
    }
}
