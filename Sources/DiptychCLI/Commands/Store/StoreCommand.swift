import ArgumentParser
import DiptychSearch
import Foundation

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Look after a store: what it holds, removal, compaction, export, merging, copies, verification.",
        discussion: "Example: diptych store info --store pictures.store",
        subcommands: [
            StoreInfoCommand.self, StoreListCommand.self, StoreRemoveCommand.self, StoreCompactCommand.self,
            StoreExportCommand.self, StoreMergeCommand.self, StoreCopyCommand.self, StoreVerifyCommand.self,
            StoreDuplicatesCommand.self,
        ])
}

/// The option of every command that works on a store without a model.
struct StoreArguments: ParsableArguments {
    @Option(help: "The store: a directory, or milvus://host/database/collection.")
    var store: String

    func validate() throws {
        if store.isEmpty { throw ValidationError("--store is empty.") }
    }

    /// Opens the store, which must exist.
    func open() async throws -> any VectorStore { try await StoreLocation(store).open() }

    /// Opens the store, which must exist and be a directory.
    func embedded(for purpose: String) async throws -> EmbeddedStore {
        try await StoreLocation(store).embedded(for: purpose)
    }
}
