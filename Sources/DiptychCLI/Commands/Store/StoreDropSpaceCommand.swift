import ArgumentParser
import Diptych
import DiptychSearch
import Foundation

struct StoreDropSpaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop-space",
        abstract: "Drop the embeddings of a model that a store is no longer searched by.",
        discussion: """
            Items, parts and annotations stay. `diptych store compact` gives the space on disk back.

            Example: diptych store drop-space --store images.store ViT-B-32
            """)

    @OptionGroup var arguments: StoreArguments

    @Argument(help: "The space, by its name or number in `store info`.")
    var space: String

    func run() async throws {
        let store = try await arguments.open()
        let space = try await store.dropSpace(space)
        try StandardOutput.line(JSON.object([("dropped", .string(space.name))]).text)
    }
}
