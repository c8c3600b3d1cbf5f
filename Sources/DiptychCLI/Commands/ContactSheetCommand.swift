import ArgumentParser
import Diptych
import DiptychSamples
import DiptychSearch
import Foundation

struct ContactSheetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contact-sheet",
        abstract: "Search for several texts and draw what was found as one image.",
        discussion: """
            Writes an image with a row of thumbnails for each text, and prints rank, similarity and file of every result. \
            An image that has vanished or is damaged has its name in its place.

            Example: diptych contact-sheet --store images.store --output sheet.png "a red circle" "雪地里的狗"
            """)

    @OptionGroup var model: ModelArguments
    @OptionGroup var store: StoreOption
    @OptionGroup var formatting: FormatArguments

    @Option(name: .shortAndLong, help: "The image to write: a .png or .jpg file.")
    var output: String

    @Option(
        name: [.customShort("k"), .customLong("limit")], parsing: .unconditional, help: "The results of each text.")
    var limit = 5

    @Argument(help: "Texts to search for.")
    var queries: [String]

    func validate() throws {
        guard ContactSheet.fileExtensions.contains((output as NSString).pathExtension.lowercased()) else {
            throw ValidationError("--output must end in .png, .jpg or .jpeg, unlike '\(output)'.")
        }
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
        let store = try await self.store.location().open()
        let model = try await StoreModel.load(for: store, self.model)
        let embeddings = try await model.requireTexts().embed(texts: queries)
        var found: [(query: String, hits: [SearchHit])] = []
        for (index, query) in queries.enumerated() {
            found.append((query, try await store.search(embeddings[index], limit: limit).hits))
        }
        // Before the results, so that they are not printed for a sheet that could not be written.
        let unshown = try ContactSheet.write(
            rows: found.map { query, hits in
                .init(
                    query: query,
                    results: hits.map {
                        .init(path: $0.path, similarity: Double($0.similarity), time: $0.moments.first?.best)
                    })
            }, to: output)
        try printResults(found)
        if !self.model.quiet { Console.say("contact sheet: \(output)") }
        var skips = Skips()
        for image in unshown { skips.add(image.path, reason: image.reason) }
        let images = Set(found.flatMap(\.hits).map(\.path)).count
        try skips.end(of: images, consequence: "; the contact sheet has their names instead")
    }

    private func printResults(_ found: [(query: String, hits: [SearchHit])]) throws {
        var list = ResultList(formatting.chosen)
        for (query, hits) in found {
            for (index, hit) in hits.enumerated() {
                let heading = index == 0 ? "\(query)\n" : ""
                try list.add(
                    [
                        "query": .string(query), "rank": .int(index + 1), "id": .string(hit.id),
                        "path": .string(hit.path), "similarity": .float(hit.similarity),
                    ], text: "\(heading)\(Columns.rank(index + 1))  \(Columns.score(hit.similarity))  \(hit.path.shown)"
                )
            }
        }
        try list.end()
    }
}
