import ArgumentParser
import DiptychSearch
import Foundation

/// Reads `--filter`.
enum FilterArgument {
    /// Checks the language, before anything is loaded.
    static func validate(_ filter: String?) throws {
        guard let filter else { return }
        do { _ = try Filter(filter) } catch { throw ValidationError("--filter: \(error.description)") }
    }

    /// The filter for a store. Relative paths may lie in the current directory, and `~/` is the user's home.
    static func read(_ filter: String?, for store: any VectorStore) async throws -> Filter? {
        guard let filter else { return nil }
        do {
            return try await Filter(filter, for: store) { path in
                let expanded = (path as NSString).expandingTildeInPath
                return [URL(fileURLWithPath: expanded).standardizedFileURL.path]
            }
        } catch let error as FilterError { throw Failure("--filter: \(error.description)") }
    }
}
