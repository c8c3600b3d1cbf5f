import ArgumentParser
import Diptych
import DiptychPictures
import DiptychSearch
import Foundation

struct ContactSheetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contact-sheet",
        abstract: "Search for several texts and draw what was found as one picture.",
        discussion: """
            Prints rank, similarity and file of every result, and writes a picture with a row of thumbnails for each text.

            Example: diptych contact-sheet --store pictures.store --output sheet.png "a red circle" "雪地里的狗"
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var formatting: FormatArguments

    @Option(help: "The store's directory.")
    var store: String

    @Option(name: .shortAndLong, help: "The picture to write: a .png or .jpg file.")
    var output: String

    @Option(name: [.customShort("k"), .customLong("limit")], help: "The results of each text.")
    var limit = 5

    @Argument(help: "Texts to search for.")
    var queries: [String]

    func validate() throws {
        guard (1...ContactSheet.rowLimit).contains(queries.count) else {
            throw ValidationError("give 1 to \(ContactSheet.rowLimit) texts.")
        }
        for query in queries {
            if let problem = TextArgument.problem(query, option: "a query") { throw ValidationError(problem) }
        }
        guard (1...ContactSheet.resultLimit).contains(limit) else {
            throw ValidationError("-k must be 1 to \(ContactSheet.resultLimit), not \(limit).")
        }
    }

    func run() async throws {
        let store = try await EmbeddedStore.open(at: URL(fileURLWithPath: self.store, isDirectory: true))
        let model = try await StoreModel.load(for: store, self.model)
        let embeddings = try await model.embed(texts: queries)
        var list = ResultList(formatting.chosen)
        var rows: [ContactSheet.Row] = []
        for (index, query) in queries.enumerated() {
            let hits = try await store.search(embeddings[index], limit: limit)
            for (rank, hit) in hits.enumerated() {
                let heading = rank == 0 ? "\(query)\n" : ""
                try list.add(
                    [
                        "query": .string(query), "rank": .int(rank + 1), "id": .string(hit.id),
                        "path": .string(hit.path), "similarity": .float(hit.similarity),
                    ], text: heading + String(format: "%3d  %.4f  ", rank + 1, Double(hit.similarity)) + hit.path)
            }
            rows.append(
                ContactSheet.Row(
                    query: query, results: hits.map { .init(path: $0.path, similarity: Double($0.similarity)) }))
        }
        try list.end()
        try ContactSheet.write(rows: rows, to: output)
        if !self.model.quiet { Console.say("contact sheet: \(output)") }
    }
}
