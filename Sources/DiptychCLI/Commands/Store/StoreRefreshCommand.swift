import ArgumentParser
import DiptychSearch
import Foundation

struct StoreRefreshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Look through all folders of a store again, with its own model.",
        discussion: """
            Does what `diptych index` does with the folders that `diptych store info` lists as roots: embeds what is new or \
            changed, marks what has vanished. A root that is not there is left alone, and named.

            Example: diptych store refresh --store images.store
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var store: StoreOption
    @OptionGroup var fetching: FetchArguments
    @OptionGroup var folders: FolderArguments
    @OptionGroup var vanishing: VanishingArguments
    @OptionGroup var listing: IndexListArguments

    func run() async throws {
        let location = try store.location()
        let info = try await location.open().info()
        let (there, gone) = (info.roots.filter(\.isThere).map(\.path), info.roots.filter { !$0.isThere }.map(\.path))
        for path in gone { Console.say("\(path): is not there; its items stay as they are") }
        guard !there.isEmpty else {
            throw Failure(
                gone.isEmpty
                    ? "\(location): knows no folders; index them once with `diptych index PATH --store …`"
                    : "\(location): none of its folders is there; tell where they are with `diptych store move-root`")
        }
        var index = try IndexCommand.parse(["--store", "\(location)", "--"] + there)
        (index.model, index.store, index.fetching, index.folders) = (model, store, fetching, folders)
        (index.vanishing, index.listing) = (vanishing, listing)
        try await index.run()
        if !gone.isEmpty { throw ExitStatus.skippedInputs }
    }
}
