import Diptych
import ArgumentParser
import DiptychSearch
import Foundation

struct StoreRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove images from a store; the files stay.",
        discussion: """
            An item is an id of `store list`, or a path; a folder's path stands for everything below it. Indexing the same \
            folder again brings its images back.

            Example: diptych store remove --store images.store images/old
            """)

    @OptionGroup var arguments: StoreArguments

    @Argument(help: "Ids or paths.")
    var items: [String]

    func validate() throws {
        if items.contains("") { throw ValidationError("an item is empty.") }
    }

    func run() async throws {
        let store = try await arguments.open()
        var (removed, skips) = (0, Skips())
        for item in items {
            // Stores hold paths without symbolic links; those of vanished files cannot be resolved any more.
            let resolved = (try? ImageFiles.resolve(item)) ?? item
            let count = try await store.remove(idsOrPaths: item == resolved ? [item] : [item, resolved])
            removed += count
            if count == 0 { skips.add(item, reason: "is neither an id nor a path in the store") }
        }
        try StandardOutput.line(JSON.object([("removed", .int(removed))]).text)
        try skips.end(of: items.count)
    }
}
