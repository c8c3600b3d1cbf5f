import Diptych
import DiptychMedia
import DiptychSearch
import Foundation

/// Where a store is: a directory.
struct StoreLocation {
    private let text: String

    /// Takes what was typed.
    init(_ text: String) { self.text = text }

    private var directory: URL { URL(fileURLWithPath: text, isDirectory: true) }

    /// Opens the store, which must exist.
    func open() async throws -> any VectorStore { try await EmbeddedStore.open(at: directory) }

    /// Opens the store for indexing with `model`, and makes it where there is none.
    func open(
        for model: CLIPModel, appliesOrientation: Bool?, decode: PictureOptions.Decode?
    ) async throws -> any VectorStore {
        try await EmbeddedStore.open(at: directory, for: model, appliesOrientation: appliesOrientation, decode: decode)
    }

    /// Opens the store, which must be a directory.
    ///
    /// - Parameter purpose: what cannot be done with any other.
    func embedded(for purpose: String) async throws -> EmbeddedStore {
        guard let store = try await open() as? EmbeddedStore else {
            throw Failure("\(text): only a store in a directory can be \(purpose)")
        }
        return store
    }
}
