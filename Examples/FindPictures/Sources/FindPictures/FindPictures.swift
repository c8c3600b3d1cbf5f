import Diptych
import DiptychSearch
import Foundation

/// Finds the pictures of a folder that fit a sentence: the ten lines of the README as a program.
@main
struct FindPictures {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 3 else {
            print("usage: find-images MODEL-DIRECTORY PICTURE-FOLDER \"what to look for\"")
            exit(2)
        }
        let model = try await CLIPModel.load(arguments[0])
        let folder = URL(fileURLWithPath: arguments[1])
        let store = try await EmbeddedStore.open(at: folder.appendingPathComponent(".diptych"), for: model)
        let summary = try await Indexer(store: store, model: model).index([folder.path])
        print("\(summary.added) added, \(summary.unchanged) unchanged, \(summary.skippedCount) skipped")
        let query = try await model.embed(texts: [arguments[2]])
        for hit in try await store.search(query[0], limit: 5) {
            print(hit.similarity, hit.path)
        }
    }
}
