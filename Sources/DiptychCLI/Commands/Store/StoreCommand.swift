import ArgumentParser
import DiptychSearch
import Foundation

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract:
            "Look after a store: what it holds, models, roots, removal, compaction, export, merging, verification.",
        discussion: "Example: diptych store info --store images.store",
        subcommands: [
            StoreInfoCommand.self, StoreListCommand.self, StoreRemoveCommand.self, StoreCompactCommand.self,
            StoreExportCommand.self, StoreMergeCommand.self, StoreCopyCommand.self, StoreVerifyCommand.self,
            StoreDuplicatesCommand.self, StoreMoveRootCommand.self, StoreEmbedCommand.self, StoreSwitchCommand.self,
            StoreDropSpaceCommand.self, StoreRefreshCommand.self, StoreMapCommand.self,
        ])
}

/// The option of every command that works on a store without a model.
struct StoreArguments: ParsableArguments {
    @OptionGroup var store: StoreOption

    /// Opens the store, which must exist.
    func open() async throws -> any VectorStore { try await store.location().open() }

    /// Opens the store, which must exist and be a directory.
    func embedded(for purpose: String) async throws -> EmbeddedStore {
        try await store.location().embedded(for: purpose)
    }
}
