import Diptych
import DiptychSearch
import Foundation

/// The model that belongs to a store.
enum StoreModel {
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
