import Diptych
import DiptychSearch
import Foundation

/// The model that belongs to a store.
enum StoreModel {
    /// Opens the model that was asked for, else the one that the store was indexed with, where there is one already, else the default
    /// one.
    static func load(forIndexingInto store: StoreLocation, _ arguments: ModelArguments) async throws -> any Embedder {
        // What keeps it from being opened is said when it is opened to write.
        if arguments.model == nil, let path = try? await store.open().info().modelPath,
            FileManager.default.fileExists(atPath: path)
        {
            return try await arguments.load(path: path)
        }
        return try await arguments.load()
    }

    /// Opens the model that was asked for, else the one that the store was indexed with, else the default one.
    ///
    /// - Throws: `StoreError` with both names when it is not the store's.
    static func load(for store: any VectorStore, _ arguments: ModelArguments) async throws -> any Embedder {
        let model: any Embedder
        let remembered = try await store.info().modelPath
        if arguments.model == nil, let remembered,
            FileManager.default.fileExists(atPath: remembered)
        {
            model = try await arguments.load(path: remembered)
        } else {
            model = try await arguments.load()
        }
        try await store.require(model)
        return model
    }
}
